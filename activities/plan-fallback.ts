import type { ConversationRef } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import type { ComposeVerdict } from './compose-reply.ts';
import { calling, escalating } from './escalation.ts';
import type { Heard } from './escalation.ts';
import { ATTEMPTS_DIED } from './give-up-call.ts';
import type { ActivityPorts, TakenTurn } from './ports.ts';
import { standingReply } from './standing-reply.ts';
import { turnSettings } from './turn-settings.ts';

interface Order extends ConversationRef {
  turn: number;
  code: string;
  /** Calls that go on beside the conversation. */
  callsUnderWay?: readonly string[];
  /** What was understood of the messages before the model failed. */
  heard?: Heard | null;
}

/**
 * Ends the calls of a turn whose model has failed for good, which nobody would end, plans the agent's fallback reply
 * and stores the event (CONV-5). A rule calls a person also then, besides (ESC-1).
 */
export function makePlanFallback(ports: ActivityPorts) {
  return async ({
    turn,
    code,
    callsUnderWay = [],
    heard = null,
    ...ref
  }: Order): Promise<Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>> => {
    const now = ports.clock.now();
    const left = { outcome: ATTEMPTS_DIED, underWay: callsUnderWay };
    await ports.calls.endOfTurn(ref, turn, left, now);
    const taken = await ports.transcript.take(ref, turn, now);
    if (taken.kind === 'nothing') return taken;
    // On its way or out: only word of it was lost, and nothing is said in its place.
    const planned = taken.replyIsOut
      ? standingReply(taken)
      : await fallBack(ports, { ref, taken, turn, heard, now });
    // Nobody knows what was said to a question that waits, or whether a new one reached the customer: a later yes
    // is not to find it.
    const open = await ports.calls.open(ref);
    if (open !== null) await ports.calls.cancel(ref, open.id, 'turn_failed', now);
    // Last: what fails before it is run again as a whole, and would store the event twice.
    if (!taken.replyIsOut) await ports.events.record(ref, 'turn_fell_back', { turn, reason: code }, now);
    return planned;
  };
}

interface FallingBack {
  ref: ConversationRef;
  taken: Extract<TakenTurn, { kind: 'taken' }>;
  turn: number;
  heard: Heard | null;
  now: Date;
}

async function fallBack(ports: ActivityPorts, { ref, taken, turn, heard, now }: FallingBack) {
  const about = { turn, ...(heard ?? { coreIntent: null, wantsHuman: false }) };
  const rule = taken.escalates ?? (await escalating(ports, ref, taken, about));
  const reply = {
    turn,
    cause: turnCause(turn),
    kind: 'fallback' as const,
    text: taken.settings.fallbackReply,
    epoch: taken.epoch,
    answersSeq: taken.lastSeq,
    inReplyTo: taken.messages.map((message) => message.providerMessageId),
    ...calling(rule),
  };
  // What stands calls a person already: it is what the customer hears.
  if (taken.escalates === null) await ports.transcript.plan(ref, reply, null, now);
  const settings = turnSettings(taken);
  return {
    kind: 'planned' as const,
    answersSeq: taken.lastSeq,
    settings,
    summaryDue: false,
    ...calling(rule),
  };
}
