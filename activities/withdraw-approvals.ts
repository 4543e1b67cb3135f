import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, Withdrawn } from './ports.ts';

/** Calls that are not to wait for an operator any longer, now that the customer has written (APR-5). */
export function makeWithdrawApprovals({ approvals, clock }: Pick<ActivityPorts, 'approvals' | 'clock'>) {
  return ({ actionIds, ...ref }: ConversationRef & { actionIds: readonly string[] }): Promise<Withdrawn[]> =>
    approvals.withdraw(ref, actionIds, clock.now());
}
