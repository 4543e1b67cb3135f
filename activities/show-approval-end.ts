import { ParleyFailure } from '../contract/failures.ts';
import { endedRequestInWords } from '../domain/approval-message.ts';
import type { ActionRef, ActivityPorts } from './ports.ts';

const CALL_MS = 5_000;

/** Puts the end of a request in place of its buttons (APR-7), however it ended. Doing so twice shows the same. */
export function makeShowApprovalEnd({
  approvalPosts,
  humans,
  conversationUrl,
  clock,
}: Pick<ActivityPorts, 'approvalPosts' | 'humans' | 'conversationUrl' | 'clock'>) {
  return async (ref: ActionRef): Promise<{ shown: boolean; code: string | null }> => {
    const ended = await approvalPosts.ended(ref);
    if (ended === null) return { shown: false, code: 'nothing_to_show' };
    const { providerMessageId, request, end, conversationId } = ended;
    const text = endedRequestInWords(request, end, conversationUrl(conversationId));
    const message = { id: `parley-approval:${ref.actionId}`, text };
    const signal = AbortSignal.timeout(CALL_MS);
    const outcome = await humans.replace(ref.organisationId, providerMessageId, message, signal);
    switch (outcome.kind) {
      case 'sent':
        await approvalPosts.noteShown(ref, end.status, clock.now());
        return { shown: true, code: null };
      case 'failed':
        return { shown: false, code: outcome.code };
      case 'unknown':
        throw new ParleyFailure('CALL_TRY_AGAIN');
      case 'try_again':
        throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: outcome.afterMs ?? undefined });
    }
  };
}
