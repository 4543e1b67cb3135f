import type { Owner } from '../domain/conversation.ts';
import type { ConversationState, OpenCall } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Fact, OpenedFacts } from './fact.ts';
import { afterApproval, decided, stillOpen } from './approvals.ts';
import { awaitDelivery, withoutDelivery } from './deliveries.ts';
import { newState } from './new-state.ts';
import { holderOf, ownership, reopened } from './ownership.ts';
import { afterIdle, leftInDoubt, silenceBegan, silenceBroken, silenceEnded } from './silence.ts';
import { turnAbandoned, turnBegan } from './turn-numbers.ts';
import {
  afterStage,
  handedOver,
  messageWaits,
  movedOn,
  personReplied,
  watchBegan,
  watchRestored,
} from './watch.ts';

export function after(state: ConversationState, fact: Fact): ConversationState {
  switch (fact.fact) {
    case 'opened':
      return opened(state, fact.opened, fact.now);
    case 'rowEntered':
      return rowEntered(state, fact.row, fact.now);
    case 'turnBegan':
      return turnBegan(state);
    case 'settingsRead':
      return { ...state, settings: fact.settings };
    case 'nothingTaken':
      return nothingTaken(state, fact);
    case 'turnAnswered':
      return silenceBegan(forget(state, fact.answeredSeq), state.buffer);
    case 'turnAbandoned':
      return turnAbandoned(state);
    case 'rowsSettled':
      return { ...state, toSettle: state.toSettle.filter((row) => !fact.ids.includes(row.id)) };
    case 'deliveryAwaited':
      return awaitDelivery(state, fact.outboundId, fact.due);
    case 'deliverySettled':
      return withoutDelivery(state, fact.outboundId);
    case 'gaveAway':
      return gaveAway(state, fact);
    case 'callOpened':
      return { ...state, openCall: fact.call };
    case 'callClosed':
      return state.openCall?.callId === fact.callId ? { ...state, openCall: null } : state;
    case 'callOutlivedTurn':
      return { ...state, callsUnderWay: [...state.callsUnderWay, fact.callId] };
    case 'callEnded':
      return {
        ...state,
        callsUnderWay: state.callsUnderWay.filter((id) => id !== fact.callId),
        outcomesDue: [...state.outcomesDue, fact.callId],
      };
    case 'outcomeTold':
      return { ...state, outcomesDue: state.outcomesDue.filter((id) => id !== fact.callId) };
    case 'idleStepDone':
    case 'waitEnded':
    case 'idlePostponed':
    case 'idleUndecided':
    case 'idleStopped':
    case 'idleConcluded':
    case 'personAnswered':
      return afterIdle(state, fact);
    case 'escalated':
      return watchBegan(
        { ...state, escalatedEpoch: fact.epoch, silence: null },
        { seq: state.answeredSeq, at: fact.at ?? state.lastCustomerAt ?? 0 },
      );
    case 'watchStageDone':
    case 'watchPostponed':
      return afterStage(state, fact);
    case 'rerouted':
    case 'offeredBack':
      return leaveToPeople(movedOn(state, fact));
    case 'approvalAsked':
    case 'decisionTold':
    case 'approvedCallBegan':
    case 'approvedCallEnded':
      return afterApproval(state, fact);
    case 'breakNoted':
      return { ...state, brokenAt: null };
    case 'breakWithPersonNoted':
      return { ...state, brokenWithPerson: null };
    case 'replySent':
      return { ...state, toSend: state.toSend.filter(({ rowId }) => rowId !== fact.rowId) };
  }
}

/** The rows that signals brought before Postgres was read are told again on top of what Postgres says. */
function opened(early: ConversationState, facts: OpenedFacts, now: number): ConversationState {
  const read: ConversationState = {
    ...newState(),
    // A command whose signal came while Postgres was being read is newer than what was read.
    ...ownership(early, facts),
    turn: facts.lastTurn,
    resumesEpoch: facts.resumes === true ? facts.epoch : null,
    answeredSeq: facts.answeredSeq,
    settings: facts.settings,
    toSettle: early.toSettle,
    decisions: early.decisions,
    openApprovals: stillOpen(facts.openApprovals, early.decisions),
    awaitedDeliveries: facts.sending,
    openCall: facts.openCall,
    escalatedEpoch: facts.escalatedEpoch,
    silence: facts.silence ?? null,
    stepInDoubt: leftInDoubt(facts),
  };
  const watched = watchRestored(read, facts.watch ?? null, now);
  const waiting = facts.waiting.reduce((state, row) => rowEntered(state, row, now), watched);
  const heard = early.buffer.reduce(
    (state, row) => rowEntered(state, { ...row, kind: 'message' }, row.at),
    waiting,
  );
  return early.toSend.reduce((state, reply) => replyEntered(state, reply, now), heard);
}

function rowEntered(state: ConversationState, row: EnteredRow, now: number): ConversationState {
  switch (row.kind) {
    case 'message':
      return messageEntered(state, row, now);
    case 'take_over':
    case 'assign':
      return commanded(state, row, { owner: 'operator', resolved: false }, now);
    case 'hand_back':
      return commanded(state, row, { owner: 'agent', resolved: false }, now);
    case 'resolve':
      return commanded(state, row, { owner: 'agent', resolved: true }, now);
    case 'reply':
      return replyEntered(silenceEnded(state, now, false), { rowId: row.id, seq: row.seq }, now);
    case 'delivery_settled':
      return toSettle(withoutDelivery(state, row.about ?? ''), row.id, 'noted');
    case 'approval_outcome':
      return decided(state, row);
  }
}

function messageEntered(state: ConversationState, row: EnteredRow, now: number): ConversationState {
  const known = row.seq <= state.answeredSeq || state.buffer.some((message) => message.seq === row.seq);
  if (known) return state;
  const current = state.resolved && row.epoch > state.epoch ? reopened(state) : state;
  const heard: ConversationState = {
    ...current,
    firstCustomerAt: current.firstCustomerAt ?? row.at,
    lastCustomerAt: Math.max(current.lastCustomerAt ?? 0, row.at),
  };
  const message = { id: row.id, seq: row.seq, epoch: row.epoch, at: now };
  const left = leaveToPeople({
    ...silenceBroken(heard, now),
    buffer: [...heard.buffer, message].sort((a, b) => a.seq - b.seq),
  });
  return messageWaits(left, row);
}

/** The fence judges whether it may still leave; a signal too many changes nothing, and one overtaken by another neither. */
function replyEntered(
  state: ConversationState,
  { rowId, seq }: ConversationState['toSend'][number],
  now: number,
): ConversationState {
  if (state.toSend.some((reply) => reply.rowId === rowId)) return state;
  const toSend = [...state.toSend, { rowId, seq }].sort((a, b) => a.seq - b.seq);
  return personReplied({ ...state, toSend }, seq, now);
}

/**
 * While a person has the conversation, or it is resolved, its messages are not the agent's to answer. Neither is one of
 * an earlier epoch, however late its signal: a change of hands has come since its commit, and left it to people. A row
 * of a later epoch waits: the command that raised it is on its way, and may have handed back.
 */
function leaveToPeople(state: ConversationState): ConversationState {
  const kept = state.owner === 'agent' && !state.resolved ? state.epoch : state.epoch + 1;
  const theirs = state.buffer.filter((message) => message.epoch < kept);
  if (theirs.length === 0) return state;
  const reason = state.resolved ? 'resolved' : state.owner === 'agent' ? 'superseded' : 'operator_has_it';
  return theirs.reduce((next, message) => toSettle(next, message.id, reason), {
    ...state,
    buffer: state.buffer.filter((message) => message.epoch >= kept),
  });
}

/** Commands carry the epoch they made; an older one lost its race and changes nothing. */
function commanded(
  state: ConversationState,
  row: EnteredRow,
  change: { owner: Owner; resolved: boolean },
  now: number,
): ConversationState {
  if (row.epoch < state.epoch) return toSettle(state, row.id, 'superseded');
  // A take has told of this change already, but not who has it.
  if (row.epoch === state.epoch) return toSettle({ ...state, ...holderOf(row) }, row.id, 'noted');
  const changed: ConversationState = {
    ...silenceEnded(state, now, false),
    epoch: row.epoch,
    owner: change.owner,
    ...holderOf(row),
    resolved: change.resolved,
    // A person who answers in the provider's own app opens it again.
    openApprovals: state.resolved && !change.resolved ? [] : state.openApprovals,
    openCall: lapsed(state.openCall),
  };
  // A message committed since has opened it again already: its signal came first.
  const opensAgain = change.resolved && state.buffer.some((message) => message.epoch > row.epoch);
  const left = leaveToPeople(toSettle(opensAgain ? reopened(changed) : changed, row.id, 'noted'));
  return handedOver(state, left, row.at);
}

/** A person came between: what the customer says from now on is no answer to the agent's question. */
function lapsed(openCall: OpenCall | null): OpenCall | null {
  return openCall && { ...openCall, due: 0 };
}

function gaveAway(
  state: ConversationState,
  { epoch, owner, resolved, assignee, at }: Extract<Fact, { fact: 'gaveAway' }>,
): ConversationState {
  // A newer command has come meanwhile and outranks what the tool did.
  if (epoch <= state.epoch) return state;
  const queued = owner === 'operator' && assignee === null;
  const given = leaveToPeople({ ...state, epoch, owner, resolved, queued, assignee });
  return handedOver(state, given, at ?? state.lastCustomerAt ?? 0);
}

/** A person has it, by a command whose row is still on the way: the customer waits for them. */
function nothingTaken(
  state: ConversationState,
  fact: Extract<Fact, { fact: 'nothingTaken' }>,
): ConversationState {
  const reopens = state.resolved && !fact.resolved;
  const current = { ...state, ...ownership(state, fact), ...(reopens ? { openApprovals: [] } : {}) };
  const found = leaveToPeople(forget(current, fact.throughSeq));
  return found.epoch > state.epoch ? handedOver(state, found, state.lastCustomerAt ?? 0) : found;
}

type Reason = ConversationState['toSettle'][number]['reason'];

function toSettle(state: ConversationState, id: string, reason: Reason): ConversationState {
  if (state.toSettle.some((row) => row.id === id)) return state;
  return { ...state, toSettle: [...state.toSettle, { id, reason }] };
}

function forget(state: ConversationState, throughSeq: number): ConversationState {
  return {
    ...state,
    answeredSeq: Math.max(state.answeredSeq, throughSeq),
    buffer: state.buffer.filter((message) => message.seq > throughSeq),
  };
}
