import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where the replies of the generic channel arrive, and who waits for them. */
export interface Receiver {
  url: string;
  /** `host:port`, for EGRESS_ALLOW. */
  host: string;
  /** Where external actions call. */
  hookUrl: string;
  /** When the call that this message led to arrived; its payload names the message as `item`. */
  called(messageId: string): Promise<number>;
  /** When the reply to the message with this id of ours arrived, on the clock of performance.now(). */
  reply(messageId: string): Promise<number>;
  /** Every nudge that arrived, as often as it did; `at` as Date.now() counts. The bench empties it. */
  nudges: { room: string; at: number }[];
  /** Rooms that were told what was decided. */
  outcomes: Set<string>;
  close(): Promise<void>;
}

interface Wire {
  kind?: string;
  room?: string;
  in_reply_to?: string[];
  item?: string;
}

/** Nothing arrived for so long while somebody waits: the run has failed. */
const STALLED_MS = 60_000;

/** Receives replies in this very process: what it costs is the load's and not the product's. */
export async function openReceiver(): Promise<Receiver> {
  const arrived = new Map<string, number>();
  const waiting = new Map<string, { resolve: (at: number) => void; reject: (error: Error) => void }>();
  const nudges: Receiver['nudges'] = [];
  const outcomes: Receiver['outcomes'] = new Set();
  let lastSign = performance.now();

  function note(body: string): void {
    const at = performance.now();
    lastSign = at;
    const { kind, room = '', in_reply_to: ids, item } = JSON.parse(body) as Wire;
    if (kind === 'nudge') nudges.push({ room, at: performance.timeOrigin + at });
    if (kind === 'outcome') outcomes.add(room);
    for (const id of ids ?? [`call of ${item ?? ''}`]) {
      const waiter = waiting.get(id);
      if (waiter === undefined) arrived.set(id, at);
      else {
        waiting.delete(id);
        waiter.resolve(at);
      }
    }
  }

  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(204).end();
      note(Buffer.concat(chunks).toString('utf8'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const watchdog = setInterval(() => {
    if (waiting.size === 0 || performance.now() - lastSign < STALLED_MS) return;
    const error = new Error(`${waiting.size} messages were not answered, and no reply came for a minute`);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }, 1000);

  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  function wait(messageId: string): Promise<number> {
    const at = arrived.get(messageId);
    if (at !== undefined) {
      arrived.delete(messageId);
      return Promise.resolve(at);
    }
    if (waiting.size === 0) lastSign = performance.now();
    return new Promise((resolve, reject) => waiting.set(messageId, { resolve, reject }));
  }

  return {
    url: `http://${host}/replies`,
    hookUrl: `http://${host}/hook`,
    nudges,
    outcomes,
    host,
    reply: wait,
    called: (messageId) => wait(`call of ${messageId}`),
    close() {
      clearInterval(watchdog);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
