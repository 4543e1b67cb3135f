import type { ChannelKind } from './channel.ts';
import type { BuiltInVariable, Json } from './external-action.ts';

/**
 * The built-in variables of templates (EXT-3). The time is the call's planning, not the attempt's: what is sent
 * again under the same key has to be the same.
 */
export function builtInValues(about: {
  contact: { name: string | null; phone: string | null };
  channel: ChannelKind;
  conversationId: string | null;
  message: string;
  at: Date;
}): Record<BuiltInVariable, Json> {
  return {
    phone_number: about.contact.phone,
    message_text: about.message,
    timestamp: about.at.toISOString(),
    conversation_id: about.conversationId,
    customer_name: about.contact.name,
    channel: about.channel,
  };
}
