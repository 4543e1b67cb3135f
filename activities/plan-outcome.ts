import type { ConversationRef } from '../contract/conversation.ts';
import { callCause, turnCause } from '../contract/ids.ts';
import { approvalText, outcomeMessage } from '../domain/outcome-message.ts';
import { actionOf, valuesOf } from './call-external-action.ts';
import type { ComposeVerdict } from './compose-reply.ts';
import { calling, escalating } from './escalation.ts';
import type { Heard } from './escalation.ts';
import type { ActivityPorts, Call, ExternalActionVersion, PlannedReply } from './ports.ts';
import { standingReply } from './standing-reply.ts';
import { turnSettings } from './turn-settings.ts';

type Verdict = Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>;

interface Order extends ConversationRef {
  callId: string;
  /** Null: its turn is over; the message has a cause of its own. */
  turn: number | null;
  /** It has not ended yet: the customer is told that it takes longer (EXT-5). */
  underWay: boolean;
  /** An operator is asked first: the customer is told so (APR-5). */
  awaitsApproval?: boolean;
  /** Of the turn's messages; null where its turn is over, and from a workflow of older code. */
  heard?: Heard | null;
}

/**
 * Plans what the customer hears of an external action: its outcome, or that it is still waited for. What is done is told
 * also where a rule calls a person: besides (ESC-1).
 */
export function makePlanOutcome(ports: ActivityPorts) {
  return async (order: Order): Promise<Verdict> => {
    const { callId, turn, underWay, awaitsApproval = false, heard = null, ...ref } = order;
    const call = await ports.calls.read({ organisationId: ref.organisationId, callId });
    const action = call === null ? null : await actionOf(ports, ref, call);
    if (call === null || action === null) throw new Error('a call that ran has no row or no action');
    return turn === null
      ? afterItsTurn(ports, ref, call, action)
      : inItsTurn(ports, ref, { call, action, turn, underWay, awaitsApproval, heard });
  };
}

async function inItsTurn(
  ports: ActivityPorts,
  ref: ConversationRef,
  told: { call: Call; action: ExternalActionVersion; turn: number } & Required<
    Pick<Order, 'underWay' | 'awaitsApproval' | 'heard'>
  >,
): Promise<Verdict> {
  const { transcript, clock } = ports;
  const { call, action, turn, underWay, awaitsApproval, heard } = told;
  const now = clock.now();
  const taken = await transcript.take(ref, turn, now, { grow: false });
  if (taken.kind === 'nothing') return taken;
  if (taken.replyIsOut) return standingReply(taken);
  const about = {
    channel: taken.channel,
    contact: { ...taken.contact, id: null },
    conversationId: ref.conversationId,
  };
  const rule = underWay || heard === null ? null : await escalating(ports, ref, taken, { turn, ...heard });
  const reply: PlannedReply = {
    turn,
    cause: turnCause(turn),
    kind: underWay || awaitsApproval ? 'notice' : 'outcome',
    text: textOf(call, action, valuesOf(call, about), { underWay, awaitsApproval }),
    epoch: taken.epoch,
    answersSeq: taken.lastSeq,
    inReplyTo: taken.messages.map((message) => message.providerMessageId),
    ...calling(rule),
  };
  await transcript.plan(ref, reply, null, now);
  const settings = turnSettings(taken);
  return { kind: 'planned', answersSeq: taken.lastSeq, settings, summaryDue: false, ...calling(rule) };
}

/** While a person has the conversation, or it is over, they see the outcome with the call; the agent is silent. */
async function afterItsTurn(
  { transcript, calls, clock }: ActivityPorts,
  ref: ConversationRef,
  call: Call,
  action: ExternalActionVersion,
): Promise<Verdict> {
  const now = clock.now();
  const [opened, context] = await Promise.all([transcript.open(ref), calls.context(ref)]);
  if (opened === null || opened.owner !== 'agent' || opened.resolved) {
    const { epoch = 0, owner = 'agent', resolved = true, answeredSeq = 0 } = opened ?? {};
    return { kind: 'nothing', epoch, owner, resolved, throughSeq: answeredSeq };
  }
  const reply: PlannedReply = {
    turn: call.turn ?? opened.lastTurn,
    cause: callCause(call.id),
    kind: 'outcome',
    text: outcomeText(call, action, valuesOf(call, context)),
    epoch: opened.epoch,
    answersSeq: opened.answeredSeq,
    inReplyTo: [],
  };
  await transcript.plan(ref, reply, null, now);
  const settings = turnSettings(opened);
  return { kind: 'planned', answersSeq: opened.answeredSeq, settings, summaryDue: false };
}

function textOf(
  call: Call,
  action: ExternalActionVersion,
  values: ReturnType<typeof valuesOf>,
  { underWay, awaitsApproval }: { underWay: boolean; awaitsApproval: boolean },
): string {
  if (awaitsApproval) return approvalText(action, values).text;
  return underWay ? action.inProgressMessage : outcomeText(call, action, values);
}

function outcomeText(call: Call, action: ExternalActionVersion, values: ReturnType<typeof valuesOf>): string {
  return outcomeMessage(action, call.state, values, call.response).text;
}
