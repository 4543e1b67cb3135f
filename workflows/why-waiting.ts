import type { ConversationState } from '../contract/conversation.ts';
import { idleDue, isEscalated } from './silence.ts';
import { watchDue } from './watch.ts';

/** What an engineer reads who opens a conversation that does nothing: what it waits for, and until when. */
export function whyWaiting(state: ConversationState, until: number | null): string {
  if (state.queued) return `silent: it waits for an operator${ofPeople(state)}`;
  if (state.owner === 'operator') return `silent: an operator has it${ofPeople(state)}`;
  if (until !== null) return 'waiting for more messages';
  if (isEscalated(state)) return `waiting for a person who was called${ofPeople(state)}`;
  if (state.openCall !== null) {
    const what = state.openCall.kind === 'gathering' ? 'for what is missing' : 'to agree';
    return `waiting for the customer ${what}, until ${clock(state.openCall.due)}`;
  }
  if (state.callsUnderWay.length > 0) return 'waiting for a message; a call is under way';
  const lapse = firstLapse(state);
  return lapse === null
    ? `waiting for a message${idleAhead(state)}`
    : `waiting for a message, and for the decision of an operator until ${clock(lapse)}`;
}

/** What the timer of the nearest far deadline is for. */
export function nameOfFarDeadline(state: ConversationState, due: number): string {
  if (idleDue(state) === due) return `idle step ${idleStep(state)}`;
  if (watchDue(state) === due) return 'a customer waits for a person';
  if (state.openCall?.due === due) return 'the question to the customer lapses';
  return 'a delivery report is overdue';
}

/** What else is due while people have it, or are called. */
function ofPeople(state: ConversationState): string {
  const watched = watchDue(state);
  const lapse = firstLapse(state);
  return [
    watched === null ? '' : `, and is looked after at ${clock(watched)}`,
    lapse === null ? idleAhead(state) : `, and owes a decision until ${clock(lapse)}`,
  ].join('');
}

/** No step fires while operators owe a decision. */
function idleAhead(state: ConversationState): string {
  const due = idleDue(state);
  return due === null ? '' : `; idle step ${idleStep(state)} at ${clock(due)}`;
}

/** When the first of the requests expires that operators have not decided; null where there is none. */
function firstLapse({ openApprovals }: ConversationState): number | null {
  return openApprovals.length === 0 ? null : Math.min(...openApprovals.map(({ expiresAt }) => expiresAt));
}

function idleStep({ silence }: ConversationState): number {
  return (silence?.step ?? 0) + 1;
}

function clock(at: number): string {
  return new Date(at).toISOString();
}
