import type { InboundMessage, MessageContent } from '../../../domain/message.ts';
import { isWaId } from './customer-ids.ts';
import { asId, asNumber, asObject, asText, asTime } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';

/** Kinds that tell us something but ask for no answer: a reaction to a message, a notice that a number changed. */
const NOT_A_MESSAGE: ReadonlySet<string> = new Set(['reaction', 'system']);
const MEDIA = ['image', 'audio', 'video', 'document', 'sticker'] as const;

/**
 * One entry of `value.messages[]`, of any type Meta documents or will. Null for what is no message to answer
 * (reactions, system notices, groups) and for one without id or sender, which nothing could be done with.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/
 */
export function readMessage(message: JsonObject, contacts: readonly JsonObject[]): InboundMessage | null {
  const type = asId(message['type']) ?? 'unknown';
  const providerMessageId = asId(message['id']);
  if (providerMessageId === null || NOT_A_MESSAGE.has(type) || asId(message['group_id']) !== null)
    return null;
  const customer = readCustomer(message, contacts);
  if (customer === null) return null;
  return {
    providerMessageId,
    room: null,
    customer,
    sentAt: asTime(message['timestamp']),
    content: readContent(type, message),
  };
}

function readCustomer(
  message: JsonObject,
  contacts: readonly JsonObject[],
): InboundMessage['customer'] | null {
  const from = asId(message['from']);
  const fromUser = asId(message['from_user_id']);
  // Two customers may share a post: a contact is this sender's only by an id, or where the message names nobody.
  const contact = contacts.find((candidate) =>
    from === null && fromUser === null
      ? contacts.length === 1
      : (from !== null && candidate['wa_id'] === from) ||
        (fromUser !== null && candidate['user_id'] === fromUser),
  );
  const userId = fromUser ?? asId(contact?.['user_id']);
  const waId = from ?? asId(contact?.['wa_id']);
  const ids = [...new Set([userId, waId])].filter((id) => id !== null);
  if (ids.length === 0) return null;
  const name = asText(asObject(contact?.['profile'])?.['name']);
  return {
    ids,
    ...(name !== null && { name }),
    ...(waId !== null && isWaId(waId) && { phone: `+${waId}` }),
  };
}

/** What a message of either side holds. */
export function readContent(type: string, message: JsonObject): MessageContent {
  const body = asObject(message[type]) ?? {};
  return readKnown(type, body) ?? { kind: 'unsupported', type: kindOfUnsupported(type, body) };
}

function readKnown(type: string, body: JsonObject): MessageContent | null {
  const media = MEDIA.find((kind) => kind === type);
  if (media !== undefined) return readMedia(media, body);
  switch (type) {
    case 'text': {
      const text = asText(body['body']);
      return text === null ? null : { kind: 'text', text };
    }
    case 'location':
      return readLocation(body);
    case 'button': {
      const title = asText(body['text']);
      return title === null ? null : { kind: 'button', id: asText(body['payload']) ?? title, title };
    }
    case 'interactive': {
      const reply = asObject(body['button_reply']) ?? asObject(body['list_reply']);
      const [id, title] = [asText(reply?.['id']), asText(reply?.['title'])];
      return id === null || title === null ? null : { kind: 'button', id, title };
    }
    default:
      return null;
  }
}

function readMedia(kind: (typeof MEDIA)[number], body: JsonObject): MessageContent | null {
  const mediaId = asId(body['id']);
  if (mediaId === null) return null;
  const mimeType = asText(body['mime_type']);
  const caption = asText(body['caption']);
  const fileName = asText(body['filename']);
  return {
    kind,
    mediaId,
    ...(mimeType !== null && { mimeType }),
    ...(caption !== null && { caption }),
    ...(fileName !== null && { fileName }),
  };
}

function readLocation(body: JsonObject): MessageContent | null {
  const latitude = asNumber(body['latitude']);
  const longitude = asNumber(body['longitude']);
  if (latitude === null || longitude === null) return null;
  const name = asText(body['name']);
  const address = asText(body['address']);
  return {
    kind: 'location',
    latitude,
    longitude,
    ...(name !== null && { name }),
    ...(address !== null && { address }),
  };
}

/** Says as exactly as the payload does what could not be read: `contacts`, `interactive.nfm_reply`, `poll`. */
function kindOfUnsupported(type: string, body: JsonObject): string {
  const inner = asId(body['type']);
  if (type === 'unsupported') return inner ?? type;
  return type === 'interactive' && inner !== null ? `${type}.${inner}` : type;
}
