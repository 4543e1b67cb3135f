import type { ConversationRef, ConversationState } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';

/** Marks rows that no turn will take, with the reason. `media`: those whose files people will want to see. */
export function makeSettleRows({ transcript, clock }: Pick<ActivityPorts, 'transcript' | 'clock'>) {
  return async ({
    rows,
    ...ref
  }: ConversationRef & { rows: ConversationState['toSettle'] }): Promise<{ media: string[] }> => {
    return { media: await transcript.settle(ref, rows, clock.now()) };
  };
}
