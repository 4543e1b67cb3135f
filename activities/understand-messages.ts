import type { ConversationRef } from '../contract/conversation.ts';
import { needsApproval } from '../domain/approval.ts';
import { describeContent } from '../domain/message.ts';
import { callModel } from './call-model.ts';
import { decide } from './decide.ts';
import type { Decision } from './decide.ts';
import { digestOf } from './digest.ts';
import { dueFiles } from './due-files.ts';
import type { ActivityPorts, Call, CallStep, NewCall, TakenTurn, TurnStep } from './ports.ts';
import { parseUnderstanding, understandingRequest } from './prompts/understanding.ts';
import { nextFor, understood } from './understood.ts';
import type { UnderstandVerdict, Understood } from './understood.ts';

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

/** Takes the turn's messages, asks the model once what they are about, and writes down what is to be done (INT-4). */
export function makeUnderstandMessages(ports: ActivityPorts) {
  return async ({ turn, round, callIsOpen, withdrawn = null, ...ref }: Order): Promise<UnderstandVerdict> => {
    const taken = await ports.transcript.take(ref, turn, ports.clock.now(), { round });
    if (taken.kind === 'nothing') return (await leftBehind(ports, ref, { turn, round }, taken)) ?? taken;
    const step = { turn, round, step: 0, epoch: taken.epoch, answersSeq: taken.lastSeq };
    if (taken.plannedAlready) return understood('general', step, { do: 'talk', declined: null });
    const media = dueFiles(taken.messages);
    if (media.length > 0) return { kind: 'needs_media', media };
    if (taken.externalActions === 0 && !callIsOpen) return coreIntentOnly(ports, ref, taken, step);

    if (round > 0) await ports.calls.supersede(ref, turn, round, ports.clock.now());
    const actions = await ports.externalActions.active(ref);
    const [standing] = await ports.calls.planned(ref, step);
    if (standing !== undefined) {
      await forgetReplaced(ports, ref, turn);
      return understood('general', step, await nextFor(ports, ref, standing));
    }
    const notBefore = oldestQuestion(taken, ports.clock.now());
    const waits = await whatWaits(ports, ref, { turn, round, callIsOpen, notBefore });
    const open = waits ?? (await withdrawnCall(ports, ref, withdrawn));
    const offered = { actions, open };
    const call = { ref, turn, kind: 'understand' as const, request: understandingRequest(taken, offered) };
    const { answer, step: trace } = await callModel(ports, call, parseUnderstanding);
    const next = await carryOut(ports, { ref, taken, step, open, trace }, decide(answer, offered));
    return { ...understood(answer.coreIntent, step, next), wantsHuman: answer.wantsHuman };
  };
}

interface Order extends ConversationRef {
  turn: number;
  round: number;
  callIsOpen: boolean;
  /** The call that waited for an operator until these messages came, and may be proposed anew (APR-5). */
  withdrawn?: string | null;
}

/** What was known of it is not asked for twice. A tool's call the agent proposes by itself. */
async function withdrawnCall(
  { calls }: Pick<ActivityPorts, 'calls'>,
  { organisationId }: ConversationRef,
  callId: string | null,
): Promise<Call | null> {
  const call = callId === null ? null : await calls.read({ organisationId, callId });
  return call === null || call.externalAction === null ? null : call;
}

/**
 * The call that waits for the customer; or, where newer messages sent the turn back before its call was made, that
 * call: what was said so far is not asked for twice.
 */
async function whatWaits(
  { calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>,
  ref: ConversationRef,
  {
    turn,
    round,
    callIsOpen,
    notBefore,
  }: { turn: number; round: number; callIsOpen: boolean; notBefore: Date },
): Promise<Call | null> {
  const row = callIsOpen || round > 0 ? await calls.open(ref) : null;
  // The workflow knows of no question: only one that this very turn opened again may wait.
  const open = callIsOpen || row?.turn === turn ? row : null;
  if (open !== null && open.plannedAt < notBefore) {
    await calls.cancel(ref, open.id, 'not_answered', clock.now());
    return null;
  }
  if (open !== null || round === 0) return open;
  const before = await calls.ofRound(ref, turn, round - 1);
  return before.find(({ step, state }) => step === 0 && state === 'superseded') ?? null;
}

/** What asking and understanding the answer may take of the customer's time: the row is older than what was sent. */
const GRACE_MS = 15 * 60_000;

/** When a question that may still be answered was planned at the earliest. */
function oldestQuestion({ settings }: Taken, now: Date): Date {
  return new Date(now.getTime() - settings.confirmationTimeoutSeconds * 1000 - GRACE_MS);
}

/** An earlier run of the turn planned a call and died before it cancelled the question that call replaces. */
async function forgetReplaced({ calls, clock }: ActivityPorts, ref: ConversationRef, turn: number) {
  const open = await calls.open(ref);
  if (open !== null && open.turn !== turn) await calls.cancel(ref, open.id, 'replaced', clock.now());
}

/**
 * An earlier run planned a call and died, and a person came since: the fence writes down that it is not made, and for
 * what operators were asked somebody has to wait.
 */
async function leftBehind(
  ports: Pick<ActivityPorts, 'calls' | 'externalActions'>,
  ref: ConversationRef,
  { turn, round }: { turn: number; round: number },
  { throughSeq }: Extract<TakenTurn, { kind: 'nothing' }>,
): Promise<Understood | null> {
  const step = { turn, round, step: 0, epoch: 0, answersSeq: 0 };
  const [standing] = await ports.calls.planned(ref, step);
  if (standing?.state !== 'planned' && standing?.state !== 'awaiting_approval') return null;
  return understood('general', { ...step, answersSeq: throughSeq }, await nextFor(ports, ref, standing));
}

async function coreIntentOnly(ports: ActivityPorts, ref: ConversationRef, taken: Taken, step: CallStep) {
  const call = { ref, turn: step.turn, kind: 'understand' as const, request: understandingRequest(taken) };
  const { answer, step: trace } = await callModel(ports, call, parseUnderstanding);
  await ports.transcript.recordStep(ref, trace, ports.clock.now());
  const talk = understood(answer.coreIntent, step, { do: 'talk', declined: null });
  return { ...talk, wantsHuman: answer.wantsHuman };
}

interface Deciding {
  ref: ConversationRef;
  taken: Taken;
  step: CallStep;
  open: Call | null;
  trace: TurnStep;
}

async function carryOut(
  ports: ActivityPorts,
  { ref, taken, step, open, trace }: Deciding,
  decision: Decision,
): Promise<Understood['next']> {
  const { calls, clock, transcript } = ports;
  const now = clock.now();
  if (decision.kind === 'act') {
    const call = await newCall(ports, ref, { taken, step, open }, decision);
    const { tool, digest } = call;
    const waiting =
      call.needsApproval === true ? await calls.waitingForApproval(ref, { tool, digest }) : null;
    if (waiting !== null) {
      await transcript.recordStep(ref, trace, now);
      if (open !== null && decision.cancel !== null) await calls.cancel(ref, open.id, decision.cancel, now);
      return nextFor(ports, ref, waiting, decision.action);
    }
    const [planned] = await calls.plan(ref, step, [call], trace, now);
    await ports.failpoint('call.planned');
    // Planned first: what was known so far is lost to nobody who dies in between.
    if (open !== null && decision.cancel !== null) await calls.cancel(ref, open.id, decision.cancel, now);
    return planned === undefined
      ? { do: 'talk', declined: null }
      : nextFor(ports, ref, planned, decision.action);
  }
  await transcript.recordStep(ref, trace, now);
  if (decision.kind === 'agreed') {
    const { organisationId } = ref;
    const confirmed = await calls.confirm(ref, decision.call.id, step, oldestQuestion(taken, now), now);
    const call = confirmed ? await calls.read({ organisationId, callId: decision.call.id }) : null;
    return call === null ? { do: 'talk', declined: null } : nextFor(ports, ref, call);
  }
  if (open !== null && decision.cancel !== null) await calls.cancel(ref, open.id, decision.cancel, now);
  const declined = decision.cancel === 'customer_refused' ? (open?.id ?? null) : null;
  return { do: 'talk', declined };
}

async function newCall(
  { calls }: Pick<ActivityPorts, 'calls'>,
  ref: ConversationRef,
  { taken, step, open }: Pick<Deciding, 'taken' | 'step' | 'open'>,
  { action, values, missing, confidence, cancel }: Extract<Decision, { kind: 'act' }>,
): Promise<NewCall> {
  const digest = digestOf(`external_action:${action.id}`, values);
  const again =
    missing.length === 0 &&
    (await calls.madeBefore(ref, step.turn, { tool: 'external_action', digest })) !== null;
  const asks = action.requiresConfirmation || again;
  const needed = needsApproval(action.needsApproval, values);
  return {
    tool: 'external_action',
    externalAction: { id: action.id, version: action.version },
    proposal: null,
    arguments: values,
    digest,
    reliability: 'keyed',
    needsApproval: needed,
    state: stateOf({ missing, asks, needsApproval: needed }),
    reason: again ? 'made_before' : null,
    result: null,
    confidence,
    message: [
      ...(open !== null && cancel === 'replaced' ? [open.message] : []),
      ...taken.messages.map(({ content }) => describeContent(content)),
    ].join('\n'),
    missing,
  };
}

/** What is missing is asked for, then the customer's agreement, then an operator's (APR-5). */
function stateOf(call: { missing: string[]; asks: boolean; needsApproval: boolean }): NewCall['state'] {
  if (call.missing.length > 0) return 'gathering';
  if (call.asks) return 'awaiting_confirmation';
  return call.needsApproval ? 'awaiting_approval' : 'planned';
}
