import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';

/** As for a send: the channel does not begin a call later than this after it was allowed. */
const HOLD_MS = 5_000;

type Ports = Pick<ActivityPorts, 'placeholders' | 'placeholderPosts' | 'clock'>;

/**
 * Puts a neutral line in the place of what no answer will replace any more: after a take-over, a resolve, or a turn that
 * ended without a word (DESIGN section 5). May be repeated at any time; what cannot be cleared now is found again.
 */
export function makeClearPlaceholders(ports: Ports) {
  return (ref: ConversationRef): Promise<void> => clearLeftOver(ports, ref, null);
}

/** The same beside a turn, whose own placeholder is to stay. */
export async function clearLeftOver(
  { placeholders, placeholderPosts, clock }: Ports,
  ref: ConversationRef,
  exceptTurn: number | null,
): Promise<void> {
  const leftOver = await placeholders.leftOver(ref, { exceptTurn, now: clock.now(), holdMs: HOLD_MS });
  for (const placeholder of leftOver) {
    const outcome = await placeholderPosts.clear(placeholder, AbortSignal.timeout(HOLD_MS));
    // A channel that refuses for good (archived, token revoked, message deleted) would refuse the next time too.
    if (outcome.kind === 'sent' || outcome.kind === 'failed')
      await placeholders.gone(ref, placeholder.placeholderId, clock.now());
  }
}
