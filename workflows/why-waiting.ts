import type { ConversationState } from '../contract/conversation.ts';
import { idleDue, isEscalated } from './silence.ts';
import { watchDue } from './watch.ts';

/** What an engineer reads who opens a conversation that does nothing: what it waits for, and until when. */
export function whyWaiting(state: ConversationState, until: number | null): string {
  if (state.queued) return `silent: it waits for an operator${lookedAfter(state)}`;
  if (state.owner === 'operator') return `silent: an operator has it${lookedAfter(state)}`;
  if (until !== null) return 'waiting for more messages';
  if (isEscalated(state)) return `waiting for a person who was called${lookedAfter(state)}`;
  if (state.openCall !== null) {
    const what = state.openCall.kind === 'gathering' ? 'for what is missing' : 'to agree';
    return `waiting for the customer ${what}, until ${clock(state.openCall.due)}`;
  }
  if (state.callsUnderWay.length > 0) return 'waiting for a message; a call is under way';
  const idle = idleDue(state);
  if (idle !== null && state.openApprovals.length === 0)
    return `waiting for a message; idle step ${idleStep(state)} at ${clock(idle)}`;
  return state.openApprovals.length > 0
    ? 'waiting for a message, and for the decision of an operator'
    : 'waiting for a message';
}

/** What the timer of the nearest far deadline is for. */
export function nameOfFarDeadline(state: ConversationState, due: number): string {
  if (idleDue(state) === due) return `idle step ${idleStep(state)}`;
  if (watchDue(state) === due) return 'a customer waits for a person';
  if (state.openCall?.due === due) return 'the question to the customer lapses';
  return 'a delivery report is overdue';
}

function lookedAfter(state: ConversationState): string {
  const due = watchDue(state);
  return due === null ? '' : `, and is looked after at ${clock(due)}`;
}

function idleStep({ silence }: ConversationState): number {
  return (silence?.step ?? 0) + 1;
}

function clock(at: number): string {
  return new Date(at).toISOString();
}
