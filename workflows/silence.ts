import type { ConversationState } from '../contract/conversation.ts';

/** What is decided about the customer's silence (IDLE-4, IDLE-5, IDLE-9): when it begins, breaks, and what is next. */

/** Step one counts from the customer's last activity, whatever the agent did since. */
export function silenceBegan(state: ConversationState): ConversationState {
  const [first] = state.settings.idleMs;
  const since = state.lastCustomerAt;
  if (first === undefined || since === null || isEscalated(state)) return { ...state, silence: null };
  const silence = { step: 0, seenSeq: state.answeredSeq, since, due: since + first, ownEpoch: null };
  return { ...state, silence };
}

/** The sequence starts anew behind the turn that answers; one that had led to something is worth an event. */
export function silenceBroken(state: ConversationState): ConversationState {
  const { silence } = state;
  if (silence === null) return state;
  const brokenAt = silence.step > 0 ? silence.step : state.brokenAt;
  return { ...state, silence: null, brokenAt };
}

/** Later steps count from the firing of the one before. After the last there is nothing more until the customer writes. */
export function stepDone(state: ConversationState, at: number, ownEpoch: number | null): ConversationState {
  const { silence, settings } = state;
  if (silence === null) return state;
  const step = silence.step + 1;
  const next = settings.idleMs[step];
  const due = next === undefined ? null : at + next;
  return { ...state, silence: { ...silence, step, since: at, due, ownEpoch: ownEpoch ?? silence.ownEpoch } };
}

/**
 * When the next step fires; null while something else is going on: a message that waits, a call under way, a person
 * who has the conversation, save where the sequence itself gave it to them (IDLE-9).
 */
export function idleDue(state: ConversationState): number | null {
  const { silence, epoch, owner, resolved, buffer, callsUnderWay } = state;
  if (silence === null || silence.due === null || resolved || isEscalated(state)) return null;
  if (buffer.length > 0 || callsUnderWay.length > 0) return null;
  return owner === 'agent' || silence.ownEpoch === epoch ? silence.due : null;
}

/** Whoever takes it over, hands it back or resolves it raises the epoch: the call is answered then. */
export function isEscalated({ escalatedEpoch, epoch }: ConversationState): boolean {
  return escalatedEpoch === epoch;
}
