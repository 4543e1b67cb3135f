import type { InboundMessage } from '../../../domain/message.ts';
import { isWaId } from './customer-ids.ts';
import { asId, asTime } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';
import { readContent } from './read-message.ts';

/** What somebody does to a message that they sent before, or to the customer's, says nothing new to the customer. */
const NOT_A_REPLY: ReadonlySet<string> = new Set(['edit', 'revoke', 'reaction', 'system']);

/**
 * One entry of `value.message_echoes[]`: what a person wrote in the WhatsApp Business app, or on a device linked to it.
 * What we send through the Cloud API comes back in statuses only. Null for what is no reply, goes to a group, or names
 * nobody.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes/
 */
export function readEcho(echo: JsonObject): InboundMessage | null {
  const type = asId(echo['type']) ?? 'unknown';
  const providerMessageId = asId(echo['id']);
  if (providerMessageId === null || NOT_A_REPLY.has(type) || asId(echo['group_id']) !== null) return null;
  const [userId, waId] = [asId(echo['to_user_id']), asId(echo['to'])];
  const ids = [...new Set([userId, waId])].filter((id) => id !== null);
  if (ids.length === 0) return null;
  return {
    providerMessageId,
    room: null,
    customer: { ids, ...(waId !== null && isWaId(waId) && { phone: `+${waId}` }) },
    sentAt: asTime(echo['timestamp']),
    content: readContent(type, echo),
  };
}
