import type { ConversationRef } from '../contract/conversation.ts';
import { approvalCause } from '../contract/ids.ts';
import { decisionWords } from '../domain/decision-words.ts';
import { actionOf, valuesOf } from './call-external-action.ts';
import { ATTEMPTS_DIED } from './give-up-call.ts';
import type { ActivityPorts, Call, Decided, OpenedConversation } from './ports.ts';
import { callingPolicy } from './understood.ts';

/** What is to be done about a decision; ids, names and numbers. */
export interface DecisionVerdict {
  /** The words are planned and to be sent. */
  planned: boolean;
  /** The row may be settled with that send. Absent from activities of before they could: it is settled apart. */
  settlesOnSend?: boolean;
  /** An approved call is to be made first, or is under way; then this is asked again (APR-5). */
  run?: ApprovedCall;
  /** The agent is to word it, in a turn of its own (APR-3). */
  speaks?: boolean;
}

export interface ApprovedCall {
  callId: string;
  /** Null for an external action. */
  tool: string | null;
  /** Of the external action or the tool, for the history. */
  name: string;
  attempts: number;
  delayMs: number;
}

interface Order extends ConversationRef {
  actionId: string;
  /** The agent's turn about it, whose model has failed. */
  failed?: { turn: number; code: string };
}

/**
 * What follows from an operator's decision: the call it was about, and what the customer hears. Nothing is said of what
 * was withdrawn by operators, nor while a person has the conversation, who tells it themselves.
 */
export function makePlanDecision(
  ports: Pick<ActivityPorts, 'approvals' | 'transcript' | 'calls' | 'externalActions' | 'events' | 'clock'>,
) {
  return async ({ actionId, failed, ...ref }: Order): Promise<DecisionVerdict> => {
    const { approvals, transcript, clock } = ports;
    if (failed !== undefined) await endTurn(ports, ref, failed);
    const decided = await approvals.decided({ organisationId: ref.organisationId, actionId });
    const opened = await transcript.open(ref);
    if (decided === null || decided.status === 'pending' || opened === null) return { planned: false };
    const { call } = decided;
    if (call !== null && (call.state === 'planned' || call.state === 'calling'))
      return { planned: false, run: await approvedCall(ports, ref, call) };
    if (opened.owner !== 'agent' || opened.resolved) return { planned: false };
    if (failed === undefined && isAgents(decided, opened)) return { planned: false, speaks: true };
    const text = await wordsOf(ports, ref, decided);
    if (text === null) return { planned: false };
    const reply = {
      turn: opened.lastTurn,
      cause: approvalCause(actionId),
      kind: 'outcome' as const,
      text,
      epoch: opened.epoch,
      answersSeq: opened.answeredSeq,
      inReplyTo: [],
    };
    await transcript.plan(ref, reply, null, clock.now());
    return { planned: true, settlesOnSend: true };
  };
}

/** Nobody else ends the calls of a turn whose model has failed for good. */
async function endTurn(
  { calls, events, clock }: Pick<ActivityPorts, 'calls' | 'events' | 'clock'>,
  ref: ConversationRef,
  { turn, code }: NonNullable<Order['failed']>,
): Promise<void> {
  const now = clock.now();
  await calls.endOfTurn(ref, turn, { outcome: ATTEMPTS_DIED, underWay: [] }, now);
  await events.record(ref, 'turn_fell_back', { turn, reason: code }, now);
}

/** A decision of a person is the agent's to act on, but for an external action, whose builder wrote the words. */
function isAgents({ status, call }: Decided, { escalatedEpoch, epoch }: OpenedConversation): boolean {
  const byPerson = status === 'approved' || status === 'denied';
  return byPerson && escalatedEpoch !== epoch && (call === null || call.externalAction === null);
}

async function approvedCall(
  ports: Pick<ActivityPorts, 'externalActions'>,
  ref: ConversationRef,
  call: Call,
): Promise<ApprovedCall> {
  if (call.externalAction === null)
    return { callId: call.id, tool: call.tool, name: call.tool, attempts: 1, delayMs: 0 };
  return { callId: call.id, tool: null, ...callingPolicy(await actionOf(ports, ref, call)) };
}

async function wordsOf(
  ports: Pick<ActivityPorts, 'calls' | 'externalActions'>,
  ref: ConversationRef,
  { status, response, decidedBy, call }: Decided,
): Promise<string | null> {
  const action = call === null ? null : await actionOf(ports, ref, call);
  const words = {
    status,
    response,
    byCustomer: decidedBy === 'customer',
    call: call && { state: call.state, response: call.response },
  };
  if (call === null || action === null) return decisionWords(words, null);
  const values = valuesOf(call, await ports.calls.context(ref));
  return decisionWords(words, { definition: action, values });
}
