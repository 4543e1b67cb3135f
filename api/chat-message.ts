import { z } from 'zod';
import { sendJson } from './answer.ts';
import { requireSameOrigin, requireVisitor } from './chat-session.ts';
import { Problem } from './problem.ts';
import { readJson } from './read-body.ts';
import { receive } from './receive-message.ts';
import { openOperation } from './route.ts';
import { parse } from './serve.ts';
import { byChannelIntegration, id, readable, words } from './shapes.ts';

const chatMessage = z.strictObject({
  id: words(64).meta({ description: 'Made by the page; kept over retries' }),
  text: readable(words(4000)),
});

/** A visitor's message: on disk before the 202, like everybody's (CONV-2). */
export const postChatMessage = openOperation({
  summary: "A visitor's message over the web chat",
  params: byChannelIntegration,
  body: chatMessage,
  answers: {
    202: {
      type: 'application/json',
      schema: z.strictObject({ message_id: id, duplicate: z.boolean() }),
      description: 'On disk',
    },
  },
  problems: [400, 401, 403, 404, 413, 415, 422, 429],
  async serve({ req, res, params }, gateway) {
    const { integration, room } = await requireVisitor(req, params.channel_integration, gateway);
    requireSameOrigin(req, gateway);
    const wait = gateway.visitorMessages.take(room);
    if (wait > 0) throw new Problem(429, 'Too many messages at once.', { retryAfterSeconds: wait });
    const message = parse(chatMessage, (await readJson(req, res))?.value);
    const received = await receive(gateway, integration, {
      // Ids are unique per integration, so the room goes into it: one visitor cannot use up another's.
      providerMessageId: `${room}:${message.id}`,
      room,
      customer: { ids: [room] },
      sentAt: null,
      content: { kind: 'text', text: message.text },
    });
    sendJson(res, 202, { message_id: received.messageId, duplicate: received.duplicate });
  },
});
