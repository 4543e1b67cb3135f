/** The life of an outbound message (DESIGN section 5). */
export const DELIVERY_STATES = [
  'planned',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'refused',
  'uncertain',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why a message went out; the generic channel tells its receiver (DESIGN section 11). */
export type OutboundKind =
  'reply' | 'notice' | 'nudge' | 'confirmation' | 'outcome' | 'fallback' | 'closing' | 'operator';

/** What a provider reports about a message it was given. */
export interface DeliveryStatus {
  providerMessageId: string;
  /** Our outbound id where the provider echoes it (WhatsApp: biz_opaque_callback_data). */
  outboundId: string | null;
  state: 'sent' | 'delivered' | 'read' | 'failed';
  at: Date;
  /** The provider's code for a failure, never its free text. */
  code: string | null;
}

const RANK: Readonly<Record<DeliveryState, number>> = {
  planned: 0,
  sending: 1,
  uncertain: 2,
  sent: 3,
  delivered: 4,
  read: 5,
  failed: 6,
  refused: 6,
};

/**
 * Whether a provider's report moves a message on. Reports come in any order, so the state only moves forward,
 * and what ended as failed or refused stays so (CHAN-4). A message once read cannot fail.
 */
export function movesDelivery(from: DeliveryState, to: DeliveryStatus['state']): boolean {
  if (from === 'refused' || from === 'failed') return false;
  if (to === 'failed') return from !== 'delivered' && from !== 'read';
  return RANK[to] > RANK[from];
}
