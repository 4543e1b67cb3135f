import type { ConversationRef } from '../contract/conversation.ts';
import { approvalCause } from '../contract/ids.ts';
import type { ApprovalStatus } from '../domain/approval.ts';
import type { ActivityPorts } from './ports.ts';

const SENTENCES: Record<Exclude<ApprovalStatus, 'pending' | 'cancelled'>, string> = {
  approved: 'Your request was approved.',
  denied: 'Your request was not approved.',
  expired: 'Nobody of our team could decide on your request in time. Please ask again if it still matters.',
};

/**
 * Plans what the customer hears of a decision: the operator's own words, or a plain sentence (APR-3). Not planned: it
 * was cancelled, or a person has the conversation and tells it.
 */
export function makePlanDecision({
  approvals,
  transcript,
  clock,
}: Pick<ActivityPorts, 'approvals' | 'transcript' | 'clock'>) {
  return async ({
    actionId,
    ...ref
  }: ConversationRef & { actionId: string }): Promise<{ planned: boolean }> => {
    const decided = await approvals.decided({ organisationId: ref.organisationId, actionId });
    const opened = await transcript.open(ref);
    if (decided === null || decided.status === 'pending' || decided.status === 'cancelled' || opened === null)
      return { planned: false };
    if (opened.owner !== 'agent' || opened.resolved) return { planned: false };
    const reply = {
      turn: opened.lastTurn,
      cause: approvalCause(actionId),
      kind: 'outcome' as const,
      text: decided.response?.trim() || SENTENCES[decided.status],
      epoch: opened.epoch,
      answersSeq: opened.answeredSeq,
      inReplyTo: [],
    };
    await transcript.plan(ref, reply, null, clock.now());
    return { planned: true };
  };
}
