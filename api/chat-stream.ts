import { requireVisitor } from './chat-session.ts';
import { lastEventId, streamEvents } from './event-stream.ts';
import { toMedia } from './media.ts';
import type { ChatLine } from './ports.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';

/** The visitor's transcript as it grows. A reconnect says where it was (`Last-Event-ID`) and misses nothing. */
export const chatStream = openOperation({
  summary: "The visitor's transcript as server-sent events",
  params: byChannelIntegration,
  answers: {
    200: {
      type: 'text/event-stream',
      description: 'Events with the position as id and {id, from, kind, text, at, media?} as data',
    },
  },
  problems: [401, 404, 429],
  async serve({ req, res, params }, gateway) {
    const { integration, room } = await requireVisitor(req, params.channel_integration, gateway);
    const { streamsPerIntegration, streamsPerVisitor } = gateway.limits;
    gateway.streams.enter(res, [
      { of: `integration ${integration.id}`, most: streamsPerIntegration },
      { of: `visitor ${integration.id} ${room}`, most: streamsPerVisitor },
    ]);
    let position = lastEventId(req.headers['last-event-id']) ?? 0;
    const next = async () => {
      const lines = await gateway.chat.after(integration, room, position);
      position = lines.at(-1)?.position ?? position;
      return lines.map(block);
    };
    const watch = (changed: () => void) => gateway.chat.watch(integration, room, changed);
    await streamEvents(res, { first: await next(), next, watch }, gateway);
  },
});

function block({ position, id, from, kind, text, at, media }: ChatLine): string {
  const file = media && { media: toMedia(media) };
  const data = JSON.stringify({ id, from, kind, text, at: at.toISOString(), ...file });
  return `id: ${position}\ndata: ${data}\n\n`;
}
