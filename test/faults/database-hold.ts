import { strict as assert } from 'node:assert';
import { eventually } from './eventually.ts';
import type { Records } from './records.ts';

/**
 * Holds a conversation's row as a slow transaction would: a fence waits in front of it, whatever only refers to the
 * row passes.
 * @returns what lets go of it
 */
export async function holdConversation({ pool }: Records, room: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  const held = await client.query('select id from conversations where room = $1 for no key update', [room]);
  assert.equal(held.rowCount, 1);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

/** Resolves once some transaction waits for a lock. */
export async function somebodyWaits({ pool }: Records): Promise<void> {
  await eventually('a transaction waits for the held row', async () => {
    const { rows } = await pool.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return (rows[0]?.waiting ?? 0) > 0;
  });
}
