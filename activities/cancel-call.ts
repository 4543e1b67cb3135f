import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, CancelReason } from './ports.ts';

/** A call that waits for the customer is not going to be made (EXT-4). */
export function makeCancelCall({ calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>) {
  return ({
    callId,
    reason,
    ...ref
  }: ConversationRef & { callId: string; reason: CancelReason }): Promise<void> =>
    calls.cancel(ref, callId, reason, clock.now());
}
