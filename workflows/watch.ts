import type { ConversationState, Watch } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Fact } from './fact.ts';
import { isEscalated } from './silence.ts';

/**
 * What is decided about the people whom a customer waits for (ESC-6): from when on, what is next and when. Whether
 * somebody has answered since is judged in Postgres; this decides only when somebody looks.
 */

interface Waited {
  /** The customer's message. */
  seq: number;
  /** When the wait began. Epoch milliseconds. */
  at: number;
}

/** A wait that goes on keeps its time: the customer who writes again has waited since the first message. */
export function watchBegan(state: ConversationState, { seq, at }: Waited): ConversationState {
  const { epoch, settings } = state;
  const standing = openWatch(state);
  if (standing !== null)
    return standing.heard >= seq ? state : { ...state, watch: { ...standing, heard: seq } };
  if (settings.responseMs === undefined || !isForPeople(state)) return state;
  const due = at + settings.responseMs;
  return { ...state, watch: { epoch, seq, heard: seq, stage: 0, since: at, due, ownEpoch: null } };
}

/** Whoever has it now has their own time, where the customer waits; a message that was answered waits for nobody. */
export function handedOver(
  before: ConversationState,
  state: ConversationState,
  at: number,
): ConversationState {
  const waits = before.buffer.length > 0 || openWatch(before) !== null || isEscalated(before);
  const heard = [before.answeredSeq, before.watch?.heard ?? 0, ...before.buffer.map(({ seq }) => seq)];
  const fresh = { ...state, watch: null };
  return waits ? watchBegan(fresh, { seq: Math.max(...heard), at }) : fresh;
}

/** A message of the customer's to whoever has the conversation. */
export function messageWaits(state: ConversationState, row: EnteredRow): ConversationState {
  return isForPeople(state) && row.epoch <= state.epoch ? watchBegan(state, row) : state;
}

/**
 * A message behind the reply, whose signal came first, still waits. Of a stage that was due Postgres tells: a dead worker
 * may have given the conversation to somebody else, and no row says so.
 */
export function personReplied(state: ConversationState, seq: number, now: number): ConversationState {
  const { watch = null } = state;
  if (watch === null || watch.heard > seq) return state;
  return { ...state, watch: watch.due <= now ? { ...watch, answered: true } : null };
}

/** What an earlier run had come to, by Postgres. */
export function watchRestored(
  state: ConversationState,
  standing: Omit<Watch, 'heard' | 'due'> | null,
  now: number,
): ConversationState {
  if (standing === null) return state;
  const { responseMs = 0 } = state.settings;
  const watch = { ...standing, heard: standing.seq, due: standing.since + responseMs };
  const restored = { ...state, watch };
  // A change of hands whose signal came while Postgres was being read: their time begins.
  return standingWatch(restored) === null
    ? watchBegan({ ...state, watch: null }, { seq: standing.seq, at: now })
    : restored;
}

export function afterStage(
  state: ConversationState,
  fact: Extract<Fact, { fact: 'watchStageDone' | 'watchPostponed' }>,
): ConversationState {
  const { watch = null } = state;
  if (watch === null) return state;
  if (watch.answered === true) return { ...state, watch: null };
  if (fact.fact === 'watchPostponed')
    return { ...state, watch: fact.due === null ? null : { ...watch, due: fact.due } };
  return { ...state, watch: nextStage(state, watch, fact.at) };
}

/** The watch gave it to somebody else and goes on, or the agent has it again; a newer command outranks both. */
export function movedOn(
  state: ConversationState,
  fact: Extract<Fact, { fact: 'rerouted' | 'offeredBack' }>,
): ConversationState {
  const { epoch } = fact;
  const { watch = null } = state;
  if (epoch <= state.epoch) return state;
  if (fact.fact === 'offeredBack')
    return { ...state, epoch, owner: 'agent', queued: false, assignee: null, watch: null };
  const isOver = watch === null || watch.answered === true;
  const goesOn = isOver ? null : { ...nextStage(state, watch, fact.at), ownEpoch: epoch };
  return { ...state, epoch, owner: 'operator', queued: false, assignee: fact.assignee, watch: goesOn };
}

function nextStage({ settings }: ConversationState, watch: Watch, at: number): Watch {
  return { ...watch, stage: watch.stage + 1, since: at, due: at + (settings.responseMs ?? 0) };
}

/** The watch over people that counts; null where no customer waits for them. */
export function watchOf(state: ConversationState): Watch | null {
  return isForPeople(state) ? standingWatch(state) : null;
}

/** When the people are next looked after; null where no customer waits for them. */
export function watchDue(state: ConversationState): number | null {
  return watchOf(state)?.due ?? null;
}

function isForPeople(state: ConversationState): boolean {
  return !state.resolved && (state.owner === 'operator' || isEscalated(state));
}

/** Another change of hands ends a watch; the one that it made itself does not. */
function standingWatch({ watch = null, epoch }: ConversationState): Watch | null {
  return watch !== null && (watch.epoch === epoch || watch.ownEpoch === epoch) ? watch : null;
}

/** One of a customer who has no answer yet. */
function openWatch(state: ConversationState): Watch | null {
  const standing = standingWatch(state);
  return standing?.answered === true ? null : standing;
}
