import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** Any number, the same in every release. */
const LOCK = 7_275_541;
/** How often others ask for the lock, and how often the holder makes sure that its connection still lives. */
const ASK_MS = 1_000;
const ANSWER_MS = 2_000;
/** A leader that was cut off or stopped without a word loses its session, and the lock with it, after this. */
const SILENCE_MS = 5_000;

/**
 * Runs `work` while this process holds an advisory lock on a connection of its own, so that one process leads.
 * `leading` aborts when the connection is lost, for then another may hold the lock; this process then stands in line
 * again. What no two may do at once is asked on that connection, the `leader`. Resolves when `signal` aborts or `work`
 * has ended by itself, rejects as `work` does.
 */
export async function withLeadership(
  url: string,
  signal: AbortSignal,
  work: (leading: AbortSignal, leader: pg.Client) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const lost = new AbortController();
    const client = await acquire(url, lost);
    if (client === null) {
      await pause(ASK_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const watch = setInterval(() => void client.query('select 1').catch(() => lost.abort()), ASK_MS);
    try {
      await work(AbortSignal.any([signal, lost.signal]), client);
      if (!lost.signal.aborted) return;
    } finally {
      clearInterval(watch);
      await client.end().catch(() => undefined);
    }
  }
}

/** Null: somebody else leads, or Postgres is away; either way asking again later is right. */
async function acquire(url: string, lost: AbortController): Promise<pg.Client | null> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    statement_timeout: ANSWER_MS,
    keepAlive: true,
    application_name: 'parley-relay',
  });
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  try {
    await client.connect();
    await client.query(`set idle_session_timeout = ${SILENCE_MS}`);
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [LOCK]);
    if (rows[0]?.held === true) return client;
  } catch {
    // Said by the null.
  }
  await client.end().catch(() => undefined);
  return null;
}
