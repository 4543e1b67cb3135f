import type { Response } from 'express';
import type { Gateway } from './gateway.ts';

/** Where the events of one stream come from. */
export interface StreamSource {
  /** Goes out before all else; what is read for it is read before the 200, so that a store that is away is a 503. */
  first: readonly string[];
  /** What has come since it was last asked, each a whole block; nothing: that was all. */
  next(): Promise<readonly string[]>;
  /** Only wakes: what is new is always read. Returns the way to stop. */
  watch(changed: () => void): () => void;
}

/**
 * Answers with server-sent events until the response is closed. What a slow reader has not taken is not read for it,
 * and one that takes nothing for too long is cut off: it comes back with the last id it has.
 */
export async function streamEvents(res: Response, source: StreamSource, gateway: Gateway): Promise<void> {
  // The reader may have left during the reads before: a `close` that has been ends nothing.
  if (!isOpen(res)) return;
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  if (res.req.method === 'HEAD') return void res.end();
  // Something may have been committed between the first read and the watch.
  let news = true;
  let wake = () => {};
  const stopWatching = source.watch(() => {
    news = true;
    wake();
  });
  const { heartbeatMs, slowReaderMs } = gateway.limits;
  const heartbeat = setInterval(() => {
    if (isOpen(res) && !res.writableNeedDrain) res.write(': still here\n\n');
  }, heartbeatMs);
  res.once('close', () => wake());
  let caughtUp = false;

  try {
    await write(res, ['retry: 2000\n\n', ...source.first], slowReaderMs);
    while (isOpen(res)) {
      if (!news) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      news = false;
      const blocks = await source.next();
      await write(res, blocks, slowReaderMs);
      // What is long comes in parts, so a read that brought something asks for another.
      if (blocks.length > 0) news = true;
      else if (!caughtUp) {
        caughtUp = true;
        await write(res, [': caught up\n\n'], slowReaderMs);
      }
    }
  } catch (error) {
    gateway.options.log.warn({ err: error }, 'a stream could not be read on');
    // The reader comes back by itself, with the position it has.
    res.end();
  } finally {
    clearInterval(heartbeat);
    stopWatching();
  }
}

async function write(res: Response, blocks: readonly string[], slowReaderMs: number): Promise<void> {
  for (const block of blocks) {
    if (!isOpen(res)) return;
    if (!res.write(block)) await drained(res, slowReaderMs);
  }
}

/** Waits for a slow reader instead of filling our memory for it, but not for ever. */
function drained(res: Response, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // An end would wait for the reader too.
    const cut = setTimeout(() => res.destroy(), patienceMs);
    const go = () => {
      clearTimeout(cut);
      res.off('drain', go);
      res.off('close', go);
      resolve();
    };
    res.on('drain', go);
    res.on('close', go);
  });
}

function isOpen(res: Response): boolean {
  return !res.writableEnded && !res.destroyed;
}

/** The position that a returning reader brings; undefined: it brings none, null: none of ours. */
export function lastEventId(header: string | string[] | undefined): number | null | undefined {
  if (header === undefined || header === '') return undefined;
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
