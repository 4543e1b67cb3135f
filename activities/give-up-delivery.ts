import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';

/** The channel never reported: the message is listed for the operator as uncertain (CHAN-5). */
export function makeGiveUpDelivery({ ledger, clock }: Pick<ActivityPorts, 'ledger' | 'clock'>) {
  return async ({ outboundId, ...ref }: ConversationRef & { outboundId: string }) =>
    ledger.giveUpWaiting(ref, outboundId, clock.now());
}
