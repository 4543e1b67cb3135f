import type { Response } from 'express';
import { requireVisitor } from './chat-session.ts';
import type { Gateway } from './gateway.ts';
import type { ChatLine, ReceivingIntegration } from './ports.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';

/** The visitor's transcript as it grows. A reconnect says where it was (`Last-Event-ID`) and misses nothing. */
export const chatStream = openOperation({
  summary: "The visitor's transcript as server-sent events",
  params: byChannelIntegration,
  answers: {
    200: {
      type: 'text/event-stream',
      description: 'Events with the position as id and {id, from, kind, text, at} as data',
    },
  },
  problems: [401, 404, 429],
  async serve({ req, res, params }, gateway) {
    const { integration, room } = await requireVisitor(req, params.channel_integration, gateway);
    gateway.streams.enter(res, integration.id, room);
    const reading = { integration, room, position: positionOf(req.headers['last-event-id']) };
    // Read once before the 200, so that a store that is away is a 503.
    const first = await gateway.chat.after(integration, room, reading.position);
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    res.write('retry: 2000\n\n');
    await follow(res, first, reading, gateway);
  },
});

interface Reading {
  integration: ReceivingIntegration;
  room: string;
  position: number;
}

/** Writes what is new until the response closes. The watch only wakes; what is new is always read from the position. */
async function follow(
  res: Response,
  first: readonly ChatLine[],
  reading: Reading,
  gateway: Gateway,
): Promise<void> {
  // The visitor may have left during the reads before: a `close` that has been ends nothing.
  if (!isOpen(res)) return;
  // Something may have been committed between the first read and the watch.
  let news = true;
  let wake = () => {};
  const stopWatching = gateway.chat.watch(reading.integration, reading.room, () => {
    news = true;
    wake();
  });
  const heartbeat = setInterval(
    () => isOpen(res) && res.write(': still here\n\n'),
    gateway.limits.heartbeatMs,
  );
  res.once('close', () => wake());

  try {
    await write(res, first, reading);
    while (isOpen(res)) {
      if (!news) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      news = false;
      const lines = await gateway.chat.after(reading.integration, reading.room, reading.position);
      await write(res, lines, reading);
      // A long transcript comes in parts, so a read that brought something asks for another.
      if (lines.length > 0) news = true;
    }
  } catch (error) {
    gateway.options.log.warn({ err: error }, 'a chat stream could not be read on');
    // The page comes back by itself, with the position it has.
    res.end();
  } finally {
    clearInterval(heartbeat);
    stopWatching();
  }
}

async function write(res: Response, lines: readonly ChatLine[], reading: Reading): Promise<void> {
  for (const line of lines) {
    if (!isOpen(res)) return;
    reading.position = line.position;
    const { id, from, kind, text, at } = line;
    const data = JSON.stringify({ id, from, kind, text, at: at.toISOString() });
    if (!res.write(`id: ${line.position}\ndata: ${data}\n\n`)) await drained(res);
  }
}

/** Waits for a slow reader instead of filling our memory for it. */
function drained(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
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

function positionOf(lastEventId: string | string[] | undefined): number {
  return typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
