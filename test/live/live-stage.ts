import type pg from 'pg';
import { openLiveFeed } from '../../adapters/postgres/live-reader.ts';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import { createApp } from '../../api/app.ts';
import type { Limits } from '../../api/gateway.ts';
import { listen } from '../../api/listen.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { publishEvents } from '../../workers/publish-events.ts';
import { openEvents } from '../api/event-stream.ts';
import type { EventReader } from '../api/event-stream.ts';
import { createFakes } from '../api/fakes.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The gateway with its live stream on a real Postgres; keys are in memory. */
export async function openLiveStage(database: TestDatabase, pool: pg.Pool, limits: Partial<Limits> = {}) {
  const fakes = createFakes();
  const begin = async (port: number) => {
    const feed = openLiveFeed(pool, database.appUrl);
    const closing = new AbortController();
    const options = { log: SILENT, publicUrl: 'http://x', closing: closing.signal, limits };
    const app = createApp({ ...fakes.ports, live: feed }, options);
    const listening = await listen(app, { host: '127.0.0.1', port, drainMs: 500 });
    return {
      port: listening.port,
      async close() {
        closing.abort();
        await Promise.all([listening.close(), feed.close()]);
      },
    };
  };
  let running = await begin(0);
  const url = `http://127.0.0.1:${running.port}/v1/live`;
  return {
    url,
    keyOf: (organisationId: string) => fakes.world.makeKey(organisationId, 'Console', 'viewer').key,
    stop: () => running.close(),
    async start() {
      running = await begin(running.port);
    },
    close: () => running.close(),
  };
}

/** Leads and publishes, as the worker does, until it is stopped. */
export function leadAndPublish({ jobsUrl }: TestDatabase) {
  const store = openRelayStore({ url: jobsUrl });
  const stop = new AbortController();
  const leading = store.withLeadership(stop.signal, (signal, publisher) =>
    publishEvents(publisher, SILENT, signal),
  );
  let stopped: Promise<void> | undefined;
  return {
    stop: () => {
      stop.abort();
      return (stopped ??= leading.then(() => store.close()));
    },
  };
}

/** A console: comes back with the last id it has whenever its stream ends, and keeps all it was told. */
export function openConsole(url: string, key: string) {
  const seen: { position: number; event: string; name: string }[] = [];
  let reader: EventReader | null = null;
  let lastId = '';
  let closed = false;
  let connections = 0;

  async function run(): Promise<void> {
    while (!closed) {
      const headers = { authorization: `Bearer ${key}`, ...(lastId && { 'last-event-id': lastId }) };
      const stream = await openEvents(url, headers).catch(() => null);
      reader = stream;
      if (stream?.response.ok === true) {
        connections++;
        if (closed) stream.close();
        await stream.ended;
        take(stream);
      }
      reader = null;
      if (!closed) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  function take({ events, lastId: id }: EventReader): void {
    for (const { id: position, event, data } of events.splice(0))
      seen.push({ position: Number(position), event, name: String(data['name']) });
    lastId = id || lastId;
  }

  const running = run();
  return {
    /** All so far, those of the open stream too. */
    seen() {
      if (reader !== null) take(reader);
      return seen;
    },
    connections: () => connections,
    isReady: () => reader?.comments.includes(': caught up') === true,
    /** Breaks the connection off, as a network does. */
    breakOff: () => reader?.close(),
    async close() {
      closed = true;
      reader?.close();
      await running;
    },
  };
}

export type Console = ReturnType<typeof openConsole>;
