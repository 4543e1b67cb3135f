import type { ConversationRef } from '../contract/conversation.ts';
import { clearLeftOver } from './clear-placeholders.ts';
import type { ActivityPorts } from './ports.ts';

/** As for a send: the channel does not begin a call later than this after it was allowed. */
const HOLD_MS = 5_000;

/**
 * Shows the customer that an answer is coming, on channels that update in place (CHAN-3), and clears what earlier turns
 * left. A courtesy: it is tried once, and however it ends the answer goes out. May be repeated: a turn posts one at most.
 */
export function makePostPlaceholder(
  ports: Pick<ActivityPorts, 'placeholders' | 'placeholderPosts' | 'clock'>,
) {
  const { placeholders, placeholderPosts, clock } = ports;
  return async ({
    turn,
    epoch,
    ...ref
  }: ConversationRef & { turn: number; epoch: number }): Promise<void> => {
    const place = await placeholders.begin(ref, turn, { epoch, now: clock.now(), holdMs: HOLD_MS });
    const post = async () => {
      if (place === null) return;
      const outcome = await placeholderPosts.post(place, AbortSignal.timeout(HOLD_MS));
      await placeholders.posted(ref, place.placeholderId, outcome, clock.now());
    };
    // Side by side: both together may take no longer than one call does.
    await Promise.all([post(), clearLeftOver(ports, ref, turn)]);
  };
}
