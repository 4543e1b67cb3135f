import type { ConversationRef, TurnSettings } from '../contract/conversation.ts';
import { approvalCause, turnCause } from '../contract/ids.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { needsUnderstanding, personalityFor } from '../domain/agent.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { askSeeing } from './ask-seeing.ts';
import { dueFiles } from './due-files.ts';
import type { NeedsMedia } from './due-files.ts';
import { calledNotice, escalating } from './escalation.ts';
import { offeredTools } from './offered-tools.ts';
import type { OfferedTool } from './offered-tools.ts';
import type { ActivityPorts, CallStep, ModelToolCall, PlannedReply, TakenTurn, TurnStep } from './ports.ts';
import { withHeartbeat } from './heartbeat.ts';
import { judgeProposals } from './propose-calls.ts';
import { runCalls, standingCalls } from './run-calls.ts';
import type { CallsVerdict } from './run-calls.ts';
import { replyRequest } from './prompts/reply.ts';
import { readAnswer, readLastAnswer } from './prompts/tool-calls.ts';
import { askingFor } from './question.ts';
import { makeSendReply } from './send-reply.ts';
import type { SendVerdict } from './send-reply.ts';
import { standingReply } from './standing-reply.ts';
import { turnSettings } from './turn-settings.ts';

export type ComposeVerdict =
  | Extract<TakenTurn, { kind: 'nothing' }>
  /** The agent's settings changed: this turn has to be understood first. */
  | { kind: 'needs_understanding'; settings: TurnSettings }
  | NeedsMedia
  /** `escalates`: the rule that called a person; the customer is told so in place of an answer. */
  | {
      kind: 'planned';
      answersSeq: number;
      settings: TurnSettings;
      summaryDue: boolean;
      escalates?: string;
      /** What came of the first attempt at sending it, made here; absent where none was, and in older histories. */
      sent?: SendVerdict;
      /** Files that nobody has fetched, for the people who have the conversation. */
      media?: string[];
    }
  /** The model wanted things done first. */
  | CallsVerdict;

/** One step of the agent's loop, as the workflow asks for it. */
export interface ComposeOrder extends ConversationRef {
  turn: number;
  round: number;
  /** Counts from 1. */
  step: number;
  /** The model has to answer in words. */
  lastStep: boolean;
  coreIntent: CoreIntent | null;
  /** The customer asked for a person. */
  wantsHuman: boolean;
  /** The round's messages were understood: none are taken besides. */
  understood: boolean;
  /** Newer messages may still start the turn over. */
  mayStartOver: boolean;
  /** Nothing has to come before the reply: the first attempt at sending it is made here. */
  sendsAtOnce?: boolean;
  /** The call the customer did not want; the one the reply is to ask about. */
  declined: string | null;
  asking: string | null;
  /** The decision of an operator that the agent acts on, in place of messages (APR-3). */
  decision?: { actionId: string; rowId: string };
}

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

/**
 * Asks the model for the reply in the voice of the core intent; it answers in words, or wants tools run first. Words are
 * planned, and sent once: a step of its own for that would cost the worker and the history as much again.
 */
export function makeComposeReply(ports: ActivityPorts) {
  const compose = makeCompose(ports);
  // From end to end: Temporal is not to begin another run because Postgres took a second between the model and the send.
  return (order: ComposeOrder): Promise<ComposeVerdict> => withHeartbeat((signal) => compose(order, signal));
}

function makeCompose(ports: ActivityPorts) {
  const send = makeSendReply(ports);
  return async (order: ComposeOrder, signal: AbortSignal): Promise<ComposeVerdict> => {
    const { organisationId, conversationId, turn, round, step, coreIntent } = order;
    const ref = { organisationId, conversationId };
    const begins = step === 1 && !order.understood && order.decision === undefined;
    const taken = await takenBy(ports, ref, order, begins);
    if (taken.kind === 'nothing') return (await leftBehind(ports, ref, order, taken)) ?? taken;
    if (taken.plannedAlready) return standingReply(taken);
    const settings = turnSettings(taken);
    const planned = {
      kind: 'planned' as const,
      answersSeq: taken.lastSeq,
      settings,
      summaryDue: taken.unsummarised >= taken.settings.messageLimit,
    };
    if (begins && needsUnderstanding(taken.settings, taken.externalActions))
      return { kind: 'needs_understanding', settings };
    const media = begins ? dueFiles(taken.messages) : [];
    if (media.length > 0) return { kind: 'needs_media', media };

    const at = { turn, round, step, epoch: taken.epoch, answersSeq: taken.lastSeq };
    const offered = order.asking === null ? await offeredTools(ports, organisationId, taken.settings) : [];
    if (offered.length > 0) {
      if (begins && round > 0) await ports.calls.supersede(ref, turn, round, ports.clock.now());
      const standing = await ports.calls.planned(ref, at);
      if (standing.length > 0) return standingCalls(standing, at.answersSeq);
    }
    const acting = offered.length > 0 || order.understood || step > 1;
    const calls = acting ? await ports.calls.ofRound(ref, turn, round) : [];
    const question = await askingFor(ports, ref, order);
    const requestThat = (sees: boolean) =>
      replyRequest(taken, personalityFor(taken.settings, coreIntent ?? 'general'), {
        ...question,
        tools: offered.map(({ offer }) => offer),
        calls: calls.filter(({ state }) => state !== 'superseded' && state !== 'gathering'),
        lastStep: order.lastStep,
        sees: sees && taken.settings.modelSeesImages,
      });
    const { answer, step: trace } = await askSeeing(
      ports,
      { ref, turn, kind: 'answer' },
      requestThat,
      order.lastStep ? readLastAnswer : readAnswer,
    );
    if (answer.kind === 'calls')
      return propose(ports, { ref, taken, at, offered, proposed: answer.calls, trace, order });
    const rule = taken.decision === undefined ? await escalating(ports, ref, taken, order) : null;
    if (rule !== null) {
      const text = await calledNotice(ports, organisationId, taken);
      const words = { text, kind: 'notice' as const, escalates: rule };
      if (!(await planReply(ports, ref, taken, words, trace))) return overtaken(ports, ref, order);
      return { ...planned, escalates: rule, ...(await firstAttempt(send, ref, order, signal)) };
    }
    const said = taken.decision === undefined ? 'reply' : 'outcome';
    const kind = question.confirm === null ? said : 'confirmation';
    if (!(await planReply(ports, ref, taken, { text: answer.text, kind }, trace, order.decision)))
      return overtaken(ports, ref, order);
    return { ...planned, ...(await firstAttempt(send, ref, order, signal)) };
  };
}

/** Not by a run that Temporal has given up: another is about to answer. */
async function firstAttempt(
  send: ReturnType<typeof makeSendReply>,
  ref: ConversationRef,
  { turn, mayStartOver, sendsAtOnce = false }: ComposeOrder,
  signal: AbortSignal,
): Promise<{ sent?: SendVerdict }> {
  if (!sendsAtOnce || signal.aborted) return {};
  const attempt = { ...ref, cause: turnCause(turn), regroup: mayStartOver, lastAttempt: false };
  return { sent: await send(attempt) };
}

function takenBy(
  { transcript, clock }: Pick<ActivityPorts, 'transcript' | 'clock'>,
  ref: ConversationRef,
  { turn, round, decision }: ComposeOrder,
  grow: boolean,
): Promise<TakenTurn> {
  return decision === undefined
    ? transcript.take(ref, turn, clock.now(), { grow, round })
    : transcript.takeDecision(ref, turn, decision, clock.now());
}

/**
 * A person has the conversation, or it is over, and an earlier run of this step died before the workflow heard of its
 * calls. Where one of them gave the conversation away, its closing message is still to be sent; of what has not ended
 * the fence says what it came to; and what operators were asked somebody has to wait for.
 */
async function leftBehind(
  { calls }: Pick<ActivityPorts, 'calls'>,
  ref: ConversationRef,
  { turn, round, step }: ComposeOrder,
  { throughSeq }: Extract<TakenTurn, { kind: 'nothing' }>,
): Promise<CallsVerdict | null> {
  const rows = await calls.planned(ref, { turn, round, step, epoch: 0, answersSeq: 0 });
  const verdict = standingCalls(rows, throughSeq);
  const { leaves, approvals = [] } = verdict;
  const isOpen = leaves !== null || approvals.length > 0 || verdict.calls.some(({ is }) => is === 'to_run');
  return isOpen ? verdict : null;
}

async function planReply(
  { transcript, clock }: Pick<ActivityPorts, 'transcript' | 'clock'>,
  ref: ConversationRef,
  taken: Taken,
  words: Pick<PlannedReply, 'kind' | 'text' | 'escalates'>,
  trace: TurnStep,
  decision?: ComposeOrder['decision'],
): Promise<boolean> {
  const reply = {
    turn: taken.turn,
    cause: decision === undefined ? turnCause(taken.turn) : approvalCause(decision.actionId),
    ...words,
    epoch: taken.epoch,
    answersSeq: taken.lastSeq,
    inReplyTo: taken.messages.map((message) => message.providerMessageId),
  };
  return transcript.plan(ref, reply, trace, clock.now());
}

/** Another run of this step has planned a reply, and sent it or took more than this one: that one's is the turn's. */
async function overtaken(
  ports: Pick<ActivityPorts, 'transcript' | 'clock'>,
  ref: ConversationRef,
  order: ComposeOrder,
): Promise<ComposeVerdict> {
  const taken = await takenBy(ports, ref, order, false);
  if (taken.kind === 'nothing') return taken;
  if (!taken.plannedAlready) throw new ParleyFailure('UNEXPECTED');
  return standingReply(taken);
}

interface Proposed {
  ref: ConversationRef;
  taken: Taken;
  at: CallStep;
  offered: readonly OfferedTool[];
  proposed: readonly ModelToolCall[];
  trace: TurnStep;
  order: ComposeOrder;
}

async function propose(ports: ActivityPorts, { ref, taken, at, offered, proposed, trace, order }: Proposed) {
  const context = await ports.calls.context(ref);
  const now = ports.clock.now();
  const judged = await judgeProposals(ports, { ref, taken, context, offered, proposed, now });
  const rows = await ports.calls.plan(ref, at, judged, trace, now);
  await ports.failpoint('call.planned');
  // Fewer rows than judged: a later turn has overtaken this one, and nothing of it is done any more.
  const planned = rows.map((row, index) => ({ row, effect: judged[index]?.effect ?? ('write' as const) }));
  return runCalls(ports, planned, { mayStartOver: order.mayStartOver, answersSeq: at.answersSeq });
}
