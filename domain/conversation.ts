/** Who answers: the agent, or a person. */
export type Owner = 'agent' | 'operator';

/** What the search attribute and the API say of a conversation (CONV-8), the first that applies. */
export const CONVERSATION_STATUSES = [
  'resolved',
  'assigned',
  'escalated',
  'waiting_approval',
  'waiting_confirmation',
  'active',
] as const;
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

/** `queued`: a person was called, and nobody has it yet. */
export function statusOf(conversation: {
  resolved: boolean;
  owner: Owner;
  queued?: boolean;
  /** A person was called, and nobody has it yet. */
  escalated?: boolean;
  /** Requests that wait for an operator's decision. */
  openApprovals?: readonly unknown[];
  /** A call that waits for the customer. */
  openCall?: { kind: 'gathering' | 'awaiting_confirmation' } | null;
}): ConversationStatus {
  if (conversation.resolved) return 'resolved';
  if (conversation.owner === 'operator') return conversation.queued === true ? 'escalated' : 'assigned';
  if (conversation.escalated === true) return 'escalated';
  if ((conversation.openApprovals?.length ?? 0) > 0) return 'waiting_approval';
  if (conversation.openCall?.kind === 'awaiting_confirmation') return 'waiting_confirmation';
  return 'active';
}

/** Why an inbox row needs no turn any more. */
export type SettledReason =
  | 'answered'
  | 'answer_uncertain'
  | 'answer_failed'
  | 'noted'
  /** An escalated conversation's message: the people see it. */
  | 'passed_on'
  | 'operator_has_it'
  | 'resolved'
  | 'superseded'
  | 'conversation_not_running';
