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
    const reader = { integration, room, position: positionOf(req.headers['last-event-id']) };
    // Read once before the 200, so that a store that is away is a 503.
    const first = await gateway.chat.after(integration, room, reader.position);
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    res.write('retry: 2000\n\n');
    follow(res, first, reader, gateway);
  },
});

interface Reading {
  integration: ReceivingIntegration;
  room: string;
  position: number;
}

/** Writes what is new until the response closes. One read at a time; a change during a read asks for another. */
function follow(res: Response, first: readonly ChatLine[], reading: Reading, gateway: Gateway): void {
  let busy = false;
  let again = false;

  async function catchUp(): Promise<void> {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again && !res.writableEnded && !res.destroyed) {
        again = false;
        await write(
          res,
          await gateway.chat.after(reading.integration, reading.room, reading.position),
          reading,
        );
      }
    } catch (error) {
      gateway.options.log.warn({ err: error }, 'a chat stream could not be read on');
      // The page comes back by itself, with the position it has.
      res.end();
    } finally {
      busy = false;
    }
  }

  const stopWatching = gateway.chat.watch(reading.integration, reading.room, () => void catchUp());
  const heartbeat = setInterval(() => res.write(': still here\n\n'), gateway.limits.heartbeatMs);
  res.once('close', () => {
    clearInterval(heartbeat);
    stopWatching();
  });
  void write(res, first, reading)
    // What was committed between the first read and the watch.
    .then(catchUp);
}

/** Waits for a slow reader instead of filling our memory for it. */
async function write(res: Response, lines: readonly ChatLine[], reading: Reading): Promise<void> {
  for (const line of lines) {
    reading.position = line.position;
    const { id, from, kind, text, at } = line;
    const data = JSON.stringify({ id, from, kind, text, at: at.toISOString() });
    if (res.write(`id: ${line.position}\ndata: ${data}\n\n`) || res.destroyed) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        res.off('drain', go);
        res.off('close', go);
        resolve();
      };
      res.on('drain', go);
      res.on('close', go);
    });
  }
}

function positionOf(lastEventId: string | string[] | undefined): number {
  return typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
