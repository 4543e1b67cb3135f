import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';
import { idleMs } from './turn-settings.ts';

/** The waits of the silence that begins behind an operator's reply; empty where none does (IDLE-9). */
export function makeIdleBehindReply({ idle }: Pick<ActivityPorts, 'idle'>) {
  return async ({
    seenSeq,
    at,
    ...ref
  }: ConversationRef & { seenSeq: number; at: number }): Promise<number[]> => {
    const read = await idle.behindReply(ref, seenSeq);
    return read === null ? [] : idleMs({ ...read, since: new Date(at) });
  };
}
