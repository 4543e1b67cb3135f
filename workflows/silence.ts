import type { ConversationState } from '../contract/conversation.ts';
import type { Buffered } from '../domain/buffer.ts';
import type { Fact, OpenedFacts } from './fact.ts';

/** What is decided about the customer's silence (IDLE-4, IDLE-5, IDLE-9): when it begins, breaks, and what is next. */

type IdleFact = Extract<
  Fact,
  {
    fact:
      | 'idleStepDone'
      | 'waitEnded'
      | 'idlePostponed'
      | 'idleUndecided'
      | 'idleStopped'
      | 'idleConcluded'
      | 'personAnswered';
  }
>;

/** Whoever says what became of a step leaves no doubt about it. */
export function afterIdle(state: ConversationState, fact: IdleFact): ConversationState {
  switch (fact.fact) {
    case 'idleStepDone':
      return stepDone(state, fact.at, fact.ownEpoch);
    case 'waitEnded':
      return countedAnew(state, fact.at);
    case 'idlePostponed':
      return { ...dueAgain(state, fact.due), stepInDoubt: null };
    case 'idleUndecided':
      return dueAgain(state, fact.due);
    case 'idleStopped':
      return { ...dueAgain(state, null), stepInDoubt: null };
    case 'idleConcluded':
      return stepConcluded(state, fact.fired);
    case 'personAnswered':
      return silenceBehindReply(state, fact);
  }
}

/**
 * Step one counts from the customer's last activity, whatever the agent did since.
 * @param buffer as it was before what is answered was forgotten
 */
export function silenceBegan(state: ConversationState, buffer: readonly Buffered[]): ConversationState {
  const [first] = state.settings.idleMs;
  const since = state.lastCustomerAt;
  if (first === undefined || since === null || isEscalated(state)) return { ...state, silence: null };
  const silence = { step: 0, seenSeq: state.answeredSeq, since, due: since + first, ownEpoch: null };
  return { ...state, silence, stepInDoubt: overtakenInTurn(state, buffer, first) };
}

/** A dead worker may have ended the turn in a task that fired the step, too, and somebody came before the next task. */
function overtakenInTurn(
  state: ConversationState,
  buffer: readonly Buffered[],
  first: number,
): ConversationState['stepInDoubt'] {
  const newest = (messages: readonly Buffered[]) => Math.max(0, ...messages.map(({ at }) => at));
  const answered = newest(buffer.filter(({ seq }) => seq <= state.answeredSeq));
  if (answered + first <= newest(state.buffer)) return { step: 0, brokenByCustomer: true };
  const changedHands = state.owner !== 'agent' || state.resolved;
  return changedHands ? { step: 0, brokenByCustomer: false } : state.stepInDoubt;
}

/** The sequence starts anew behind the turn that answers; one that had led to something is worth an event. */
export function silenceBroken(state: ConversationState, now: number): ConversationState {
  const { silence } = state;
  if (silence === null) return state;
  const ended = silenceEnded(state, now, true);
  if (silence.step === 0) return ended;
  return silence.withPerson === true
    ? { ...ended, brokenWithPerson: silence.step }
    : { ...ended, brokenAt: silence.step };
}

/**
 * Somebody came. What a dead worker did of a step that was due is in no history: Postgres is asked (IDLE-5). A run that
 * fires the step itself says how that ended, and there is no doubt left.
 */
export function silenceEnded(
  state: ConversationState,
  now: number,
  brokenByCustomer: boolean,
): ConversationState {
  const { silence } = state;
  if (silence === null) return state;
  const mayHaveFired = silence.due !== null && silence.due <= now;
  const stepInDoubt = mayHaveFired ? { step: silence.step, brokenByCustomer } : state.stepInDoubt;
  return { ...state, silence: null, stepInDoubt };
}

/** A lost run may have left a nudge half-way. */
export function leftInDoubt({ stepLeft = null, waiting }: OpenedFacts): ConversationState['stepInDoubt'] {
  const brokenByCustomer = waiting.some(({ kind }) => kind === 'message');
  return stepLeft === null ? null : { step: stepLeft, brokenByCustomer };
}

/** What had left the customer had heard, so a message behind it has broken the sequence there. */
function stepConcluded(state: ConversationState, fired: boolean): ConversationState {
  const { stepInDoubt, brokenAt } = state;
  if (stepInDoubt === null) return state;
  const heard = fired && stepInDoubt.brokenByCustomer;
  return { ...state, stepInDoubt: null, brokenAt: heard ? stepInDoubt.step + 1 : brokenAt };
}

/** Later steps count from the firing of the one before. After the last there is nothing more until the customer writes. */
function stepDone(state: ConversationState, at: number, ownEpoch: number | null): ConversationState {
  const { silence, settings } = state;
  if (silence === null) return { ...state, stepInDoubt: null };
  const step = silence.step + 1;
  const next = settings.idleMs[step];
  const due = next === undefined ? null : at + next;
  const stands = { ...silence, step, since: at, due, ownEpoch: ownEpoch ?? silence.ownEpoch };
  return { ...state, silence: stands, stepInDoubt: null };
}

/**
 * An operator has answered, and the sequence is to run with people, too: it counts from their reply, for until then it
 * was the customer who waited (IDLE-9). The next change of hands ends it.
 */
function silenceBehindReply(
  state: ConversationState,
  { seenSeq, at, idleMs }: { seenSeq: number; at: number; idleMs: number[] },
): ConversationState {
  const [first] = idleMs;
  const later = state.toSend.length > 0 || state.buffer.length > 0;
  if (first === undefined || state.owner !== 'operator' || state.resolved || later) return state;
  const silence = { step: 0, seenSeq, since: at, due: at + first, ownEpoch: state.epoch, withPerson: true };
  return { ...state, silence, settings: { ...state.settings, idleMs } };
}

/** The step that is next has its whole time once more. */
function countedAnew(state: ConversationState, at: number): ConversationState {
  const { silence, settings } = state;
  const wait = silence === null ? undefined : settings.idleMs[silence.step];
  if (silence === null || wait === undefined) return state;
  return { ...state, silence: { ...silence, since: at, due: at + wait } };
}

/** @param due null: there is nothing more to fire */
function dueAgain(state: ConversationState, due: number | null): ConversationState {
  return { ...state, silence: state.silence && { ...state.silence, due } };
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
