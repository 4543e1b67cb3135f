import { lastEventId, streamEvents } from './event-stream.ts';
import type { Gateway } from './gateway.ts';
import type { Caller, LiveEvent } from './ports.ts';
import { streamOperation } from './route.ts';

/** Further behind a reader is told to load everything again instead, which is less work for both sides. */
const MOST_MISSED = 1_000;

/**
 * What happens in the caller's organisation, as it happens (APR-7). A reconnect says where it was (`Last-Event-ID`)
 * and misses nothing, or is told by `reset` that it has missed too much.
 */
export const live = streamOperation({
  summary: 'What happens, as server-sent events; Last-Event-ID catches up',
  answers: {
    200: {
      type: 'text/event-stream',
      description:
        'Events named approval, conversation or event, with the position as id and {id, name, conversation_id, properties, at} as data. The first block is a position without an event. An event named reset says that more was missed than is caught up: load what you show again.',
    },
  },
  problems: [429],
  async serve({ req, res, caller }, gateway) {
    const { streamsPerOrganisation, streamsPerKey } = gateway.limits;
    gateway.streams.enter(res, [
      { of: `organisation ${caller.organisationId}`, most: streamsPerOrganisation },
      { of: `key ${caller.keyId}`, most: streamsPerKey },
    ]);
    const start = await startOf(caller, lastEventId(req.headers['last-event-id']), gateway);
    let { position } = start;
    const next = async () => {
      const events = await gateway.live.after(caller, position);
      position = events.at(-1)?.position ?? position;
      return events.map(block);
    };
    const watch = (changed: () => void) => gateway.live.watch(caller, changed);
    await streamEvents(res, { first: [start.block], next, watch }, gateway);
  },
});

/** Where the stream begins, and the block that tells the reader, so that it can come back before the first event. */
async function startOf(
  caller: Caller,
  since: number | null | undefined,
  { live }: Gateway,
): Promise<{ position: number; block: string }> {
  const { position, missed } = await live.newest(caller, since ?? 0, MOST_MISSED);
  if (since === undefined) return { position, block: `id: ${position}\n\n` };
  // A position from the future is one of a database that is no more.
  const isLost = since === null || since > position || missed > MOST_MISSED;
  if (isLost) return { position, block: `event: reset\nid: ${position}\ndata: {}\n\n` };
  return { position: since, block: `id: ${since}\n\n` };
}

function block({ position, id, name, conversationId, properties, at }: LiveEvent): string {
  const data = { id, name, conversation_id: conversationId, properties, at: at.toISOString() };
  return `id: ${position}\nevent: ${kindOf(name)}\ndata: ${JSON.stringify(data)}\n\n`;
}

function kindOf(name: string): 'approval' | 'conversation' | 'event' {
  if (name.startsWith('approval_')) return 'approval';
  return name.startsWith('conversation_') ? 'conversation' : 'event';
}
