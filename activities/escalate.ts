import type { ConversationRef } from '../contract/conversation.ts';
import { reasonOf } from './escalation.ts';
import type { ActivityPorts } from './ports.ts';

/** The customer was told: the conversation is marked, and whoever looks sees it (ESC-2). The epoch of that, or null. */
export function makeEscalate({
  escalations,
  transcript,
  clock,
}: Pick<ActivityPorts, 'escalations' | 'transcript' | 'clock'>) {
  return async ({
    turn,
    rule,
    ...ref
  }: ConversationRef & { turn: number; rule: string }): Promise<number | null> => {
    const opened = await transcript.open(ref);
    if (opened === null) return null;
    const why = { turn, rule, reason: reasonOf(rule, opened.settings) };
    return (await escalations.escalate(ref, why, clock.now()))?.epoch ?? null;
  };
}
