import { z } from 'zod';
import { MEDIA_KINDS } from '../domain/media.ts';
import type { InboundMessage, MessageContent } from '../domain/message.ts';
import type { Gateway } from './gateway.ts';
import type { ReceivedFile, ReceivedMessage, ReceivingIntegration } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byChannelIntegration, id, longWords, readable, time, words } from './shapes.ts';

/** A customer's words in one message, in bytes. */
export const MESSAGE_LIMIT = 16 * 1024;

const medium = z.strictObject({
  type: words(64).meta({
    description: 'image, audio, video, document or sticker; others are recorded as such',
  }),
  url: z.url({ protocol: /^https?$/ }).max(2048),
  mime_type: words(255),
  caption: longWords(4096).optional(),
});

export const genericMessage = z
  .strictObject({
    id: words(255).meta({ description: 'Yours; the same id is one message, however often it is posted' }),
    room: words(255),
    customer: z.strictObject({ id: words(255), name: words(255).optional(), phone: words(64).optional() }),
    text: readable(longWords(MESSAGE_LIMIT)).optional(),
    media: z.array(medium).max(10).optional(),
    at: time.optional(),
  })
  .refine((message) => message.text !== undefined || (message.media?.length ?? 0) > 0, {
    path: ['text'],
    message: 'is missing, and so is media',
  });

/** The generic channel's way in: the row is on disk before the 202, the signal follows at once (CONV-2). */
export const receiveMessage = operation({
  summary: "A customer's message over the generic channel",
  params: byChannelIntegration,
  body: genericMessage,
  status: 202,
  answer: z.strictObject({ message_id: id, conversation_id: id, duplicate: z.boolean() }),
  also: [404, 409],
  idempotencyKey: false,
  async run({ caller, params, body }, gateway) {
    const integration = await gateway.lookup.channelIntegration(params.channel_integration);
    if (integration === null || integration.organisationId !== caller.organisationId)
      throw unknown('channel integration');
    requireOpenGeneric(integration);

    const received: ReceivedMessage[] = [];
    for (const message of toInboundMessages(body)) {
      received.push(await receive(gateway, integration, message));
    }
    const [first] = received as [ReceivedMessage, ...ReceivedMessage[]];
    return {
      message_id: first.messageId,
      conversation_id: first.conversationId,
      duplicate: received.every((message) => message.duplicate),
    };
  },
});

/** Whoever owns the integration may know why it takes nothing; nothing was stored. */
function requireOpenGeneric({ kind, active }: ReceivingIntegration): void {
  if (kind !== 'generic')
    throw new Problem(
      409,
      `This channel integration is of kind ${kind}; messages are posted to generic ones.`,
    );
  if (!active) throw new Problem(409, 'This channel integration is switched off; the message was not taken.');
}

/** Commits the message and signals its conversation, without waiting for the signal (CONV-2). */
export async function receive(
  gateway: Gateway,
  integration: ReceivingIntegration,
  message: InboundMessage,
  file?: ReceivedFile,
): Promise<ReceivedMessage> {
  const received = await gateway.inbox.receive(integration, message, gateway.clock.now(), file);
  if (received.signal !== null) gateway.conversations.signalSoon(received.signal);
  return received;
}

/**
 * One message, or one for each medium: an album's second picture is `<id>#2`. Posting again after a failure
 * half-way stores only what is missing, since each has an id of its own.
 */
export function toInboundMessages(message: z.output<typeof genericMessage>): InboundMessage[] {
  return toContents(message.text, message.media ?? []).map((content, index) => ({
    providerMessageId: index === 0 ? message.id : `${message.id}#${index + 1}`,
    room: message.room,
    customer: { ids: [message.customer.id], name: message.customer.name, phone: message.customer.phone },
    sentAt: message.at === undefined ? null : new Date(message.at),
    content,
  }));
}

/** Words sent along with a medium are its caption. A kind we do not know is recorded, never dropped (CHAN-7). */
function toContents(text: string | undefined, media: readonly z.output<typeof medium>[]): MessageContent[] {
  const contents: MessageContent[] = [];
  let spare = text;
  for (const item of media) {
    const kind = MEDIA_KINDS.find((known) => known === item.type);
    if (kind === undefined) {
      contents.push({ kind: 'unsupported', type: item.type });
      continue;
    }
    const caption = [spare, item.caption].filter((part) => part !== undefined).join('\n');
    spare = undefined;
    contents.push({ kind, url: item.url, mimeType: item.mime_type, ...(caption === '' ? {} : { caption }) });
  }
  if (spare !== undefined) contents.unshift({ kind: 'text', text: spare });
  return contents;
}
