import { strict as assert } from 'node:assert';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openTestDatabase } from '../../dev/test-database.ts';

describe('the pool', () => {
  const settings = async (url: string) => {
    const pool = openPool(url, { max: 1 });
    try {
      const { rows } = await pool.query<{ plan: string; memory: string; path: string }>(
        `select current_setting('plan_cache_mode') as plan, current_setting('work_mem') as memory,
           current_setting('search_path') as path`,
      );
      return rows[0];
    } finally {
      await pool.end();
    }
  };

  it('CONV-6 plans a named statement once, beside whatever options the address brings', async () => {
    const { appUrl } = await openTestDatabase();
    assert.equal((await settings(appUrl))?.plan, 'force_generic_plan');
    const url = new URL(appUrl);
    url.searchParams.set('options', '-c work_mem=5MB -c search_path=public,pg_catalog');
    assert.deepEqual(await settings(url.href), {
      plan: 'force_generic_plan',
      memory: '5MB',
      path: 'public,pg_catalog',
    });
    url.searchParams.set('options', '-c plan_cache_mode=auto');
    assert.equal((await settings(url.href))?.plan, 'auto');
  });
});
