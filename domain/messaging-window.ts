import type { ChannelKind } from './channel.ts';

const HOURS_24 = 24 * 60 * 60_000;

/**
 * Until when a channel takes what the customer did not ask for; null where it always does. WhatsApp refuses free text
 * 24 hours after the customer's last message (its "customer service window").
 */
export function windowEndsAt(channel: ChannelKind, lastCustomerAt: Date | null): Date | null {
  if (channel !== 'whatsapp' || lastCustomerAt === null) return null;
  return new Date(lastCustomerAt.getTime() + HOURS_24);
}
