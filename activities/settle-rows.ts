import type { ConversationRef, ConversationState } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';

/** Marks rows that no turn will take, with the reason. */
export function makeSettleRows({ transcript, clock }: Pick<ActivityPorts, 'transcript' | 'clock'>) {
  return async ({
    rows,
    ...ref
  }: ConversationRef & { rows: ConversationState['toSettle'] }): Promise<void> => {
    await transcript.settle(ref, rows, clock.now());
  };
}
