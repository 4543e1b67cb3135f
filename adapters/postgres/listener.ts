import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const CONNECT_MS = 2_000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that died without a word is found out by asking. */
const ASK_MS = 15_000;

/** Calls back on notices; all watchers after each (re)connect, for what was said meanwhile is lost. */
export interface Listener {
  watch(notice: string, changed: () => void): () => void;
  close(): Promise<void>;
}

/** Listens to a channel on a connection of its own, from the first watcher on, and connects again whenever it breaks. */
export function openListener(url: string, channel: string): Listener {
  const watchers = new Map<string, Set<() => void>>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    let pauseMs = SHORTEST_PAUSE_MS;
    while (!closing.signal.aborted) {
      const connected = await listen({ url, channel }, closing.signal, callBack, callAll);
      pauseMs = connected ? SHORTEST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await pause(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  function callBack(notice: string): void {
    for (const changed of watchers.get(notice) ?? []) changed();
  }

  function callAll(): void {
    for (const notice of watchers.keys()) callBack(notice);
  }

  return {
    watch(notice, changed) {
      const watching = watchers.get(notice) ?? new Set();
      watchers.set(notice, watching.add(changed));
      running ??= run();
      return () => {
        watching.delete(changed);
        if (watching.size === 0 && watchers.get(notice) === watching) watchers.delete(notice);
      };
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** One connection's life. Resolves when it is over, with whether it had begun. */
async function listen(
  { url, channel }: { url: string; channel: string },
  signal: AbortSignal,
  noticed: (payload: string) => void,
  connected: () => void,
): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    keepAlive: true,
    application_name: 'parley-listen',
  });
  const ended = new AbortController();
  client.on('error', () => ended.abort());
  client.on('end', () => ended.abort());
  client.on('notification', ({ payload }) => noticed(payload ?? ''));
  try {
    await client.connect();
    await client.query(`listen ${channel}`);
  } catch {
    // Postgres is away; the next try is ours to make.
    await client.end().catch(() => undefined);
    return false;
  }
  connected();
  const over = AbortSignal.any([signal, ended.signal]);
  while (!over.aborted) {
    await pause(ASK_MS, undefined, { signal: over }).catch(() => undefined);
    if (!over.aborted) await client.query('select 1').catch(() => ended.abort());
  }
  await client.end().catch(() => undefined);
  return true;
}
