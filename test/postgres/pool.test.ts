import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
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

  it('CONV-2 takes another connection where its server has become read-only, and says that the store is away', async () => {
    const { appUrl } = await openTestDatabase();
    const pool = openPool(appUrl, { max: 1 });
    const organisation = randomUUID();
    const backend = () =>
      asOrganisation(pool, organisation, async (tenancy) => {
        const text = 'select pg_backend_pid() as pid';
        const [row] = await tenancy.rows<{ pid: number }>({ name: 'pid', text }, []);
        return row?.pid;
      });
    try {
      const before = await backend();
      assert.equal(await backend(), before);
      const writing = asOrganisation(pool, organisation, async (tenancy) => {
        await tenancy.rows({ name: 'demoted', text: 'set transaction read only' }, []);
        await tenancy.rows({ name: 'write', text: 'delete from events' }, []);
      });
      await assert.rejects(writing, { code: 'STORE_UNAVAILABLE' });
      assert.notEqual(await backend(), before);
    } finally {
      await pool.end();
    }
  });

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
