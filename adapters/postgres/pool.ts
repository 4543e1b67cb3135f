import pg from 'pg';

/** A statement runs no longer on the server; no statement of the product's needs a tenth of it. */
const STATEMENT_MS = 2_000;
/** Waiting for a connection, and for an answer on one: a Postgres that is gone without a word is noticed in this. */
const CONNECT_MS = 2_000;
const ANSWER_MS = 2_500;
/** A transaction whose process was stopped does not hold its locks for longer. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Every statement is named and looks up by key, so its plan is the same for all values: made once per connection,
 * not guessed anew at each of the first executions.
 */
const ONE_PLAN = '-c plan_cache_mode=force_generic_plan';

/**
 * Connections for short transactions. `pipeline` lets the first statement of a transaction travel with its begin.
 * A connection that breaks while nobody asks it anything says so by an event, which unheard would end the process:
 * the pool drops an idle one by itself, and a borrowed one fails its next statement.
 */
export function openPool(url: string, options: { max: number }): pg.Pool {
  const pool = new pg.Pool({
    connectionString: withOnePlan(url),
    max: options.max,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'parley',
    ...({ pipeline: true } satisfies { pipeline: boolean }),
  });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Options that the address brings stay and come last: theirs is the last word. (pg itself takes one or the other.) */
function withOnePlan(url: string): string {
  const address = new URL(url);
  const given = address.searchParams.get('options') ?? '';
  address.searchParams.set('options', `${ONE_PLAN} ${given}`.trimEnd());
  return address.href;
}
