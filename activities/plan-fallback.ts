import type { ConversationRef } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import type { ComposeVerdict } from './compose-reply.ts';
import type { ActivityPorts } from './ports.ts';
import { turnSettings } from './turn-settings.ts';

/** Plans the agent's fallback reply for a turn whose model has failed for good, and stores the event (CONV-5). */
export function makePlanFallback(ports: ActivityPorts) {
  return async ({
    turn,
    code,
    ...ref
  }: ConversationRef & { turn: number; code: string }): Promise<
    Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>
  > => {
    const now = ports.clock.now();
    const taken = await ports.transcript.take(ref, turn, now);
    if (taken.kind === 'nothing') return taken;
    const reply = {
      turn,
      cause: turnCause(turn),
      kind: 'fallback' as const,
      text: taken.settings.fallbackReply,
      epoch: taken.epoch,
      answersSeq: taken.lastSeq,
      inReplyTo: taken.messages.map((message) => message.providerMessageId),
    };
    await ports.transcript.plan(ref, reply, null, now);
    await ports.events.record(ref, 'turn_fell_back', { turn, reason: code }, now);
    return {
      kind: 'planned',
      answersSeq: taken.lastSeq,
      settings: turnSettings(taken),
      summaryDue: false,
    };
  };
}
