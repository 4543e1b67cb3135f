import type pg from 'pg';
import { isOfConnection, storeFailure } from './store-failure.ts';

/** A statement that each connection prepares once, under its name. */
export interface Statement {
  name: string;
  text: string;
}

/** One transaction of one organisation; statements run in it and nowhere else. */
export interface Tenancy {
  readonly organisationId: string;
  rows<R extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
  /** The same for the last statement of a transaction: the commit travels right behind it. */
  lastRows<R extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
  /** Ends the transaction without a trace when the work is done. */
  undo(): void;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Canonical form only, which is what Postgres gives out: anything else would not be an id of ours. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

const count = { transactions: 0, statements: 0 };

/** What this process has asked Postgres so far, begins and commits included; for the benches. */
export function statementCount(): { transactions: number; statements: number } {
  return { ...count };
}

/**
 * Runs `work` in a transaction in which Postgres shows and takes only the organisation's rows. There is no other
 * way to a connection (DESIGN section 6). Commits when `work` resolves, rolls back when it throws.
 * @throws ParleyFailure STORE_UNAVAILABLE when Postgres is away: nothing happened, or, if it went away during the
 *   commit, it is unknown. Every store method may therefore be called again.
 */
export async function asOrganisation<T>(
  pool: pg.Pool,
  organisationId: string,
  work: (tenancy: Tenancy) => Promise<T>,
): Promise<T> {
  // It becomes part of a statement's text below.
  if (!isUuid(organisationId)) throw new Error('not an organisation id');
  let client: pg.PoolClient | undefined;
  let broken: Error | undefined;
  try {
    client = await pool.connect();
    count.transactions++;
    return await transaction(client, organisationId, work);
  } catch (error) {
    if (client !== undefined)
      broken = (await rollBack(client)) ?? (isOfConnection(error) ? error : undefined);
    throw storeFailure(error);
  } finally {
    client?.release(broken);
  }
}

async function transaction<T>(
  client: pg.PoolClient,
  organisationId: string,
  work: (tenancy: Tenancy) => Promise<T>,
): Promise<T> {
  let ending: 'commit' | 'rollback' = 'commit';
  let ended: Promise<pg.QueryResult> | undefined;
  const query = (config: string | pg.QueryConfig) => {
    count.statements++;
    const answered = client.query(config);
    // Several travel at once: whoever awaits the first to fail does not await the others.
    answered.catch(() => undefined);
    return answered;
  };
  // Not awaited yet: the first statement travels right behind it. Should it fail, that statement finds no
  // organisation set, sees nothing and writes nothing.
  const begun = query(`begin; set local parley.organisation = '${organisationId}'`);
  const ask = (statement: Statement, values: readonly unknown[]) =>
    query({ ...statement, values: values as unknown[] });
  const result = await work({
    organisationId,
    async rows<R extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]) {
      const [, { rows }] = await Promise.all([begun, ask(statement, values)]);
      return rows as R[];
    },
    async lastRows<R extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]) {
      const answered = ask(statement, values);
      ended = query('commit');
      const [, { rows }] = await Promise.all([begun, answered]);
      return rows as R[];
    },
    undo() {
      ending = 'rollback';
    },
  });
  await begun;
  const { command } = await (ended ?? query(ending));
  // Postgres answers a commit of a broken transaction with ROLLBACK, as if that were well.
  if (ending === 'commit' && command !== 'COMMIT') throw new Error('the transaction had failed before');
  return result;
}

/** An error here means the connection itself is gone: it is destroyed instead of going back to the pool. */
async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed');
  }
}
