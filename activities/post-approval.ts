import { ParleyFailure } from '../contract/failures.ts';
import { BUTTONS, buttonValue, requestInWords } from '../domain/approval-message.ts';
import type { ActionRef, ActivityPorts, HumanButton, SendOutcome } from './ports.ts';

/** Two calls of Slack's. */
const CALL_MS = 10_000;

export interface PostVerdict {
  /** Whether a message of it stands somewhere, as far as anybody knows. */
  stands: 'yes' | 'perhaps' | 'no';
  code: string | null;
}

/**
 * Posts a request to where the agent's operators are on Slack, with a button for each decision (APR-7). Once: an outcome
 * that nobody knows is not tried again, since the console and the reminder have it too.
 */
export function makePostApproval({
  approvalPosts,
  humans,
  conversationUrl,
  clock,
}: Pick<ActivityPorts, 'approvalPosts' | 'humans' | 'conversationUrl' | 'clock'>) {
  return async (ref: ActionRef): Promise<PostVerdict> => {
    const begun = await approvalPosts.begin(ref, clock.now());
    if (begun.kind === 'nothing') {
      const { code } = begun;
      return { stands: code === 'posted' ? 'yes' : code === 'uncertain' ? 'perhaps' : 'no', code };
    }
    const { target, request, conversationId, digest } = begun;
    const message = {
      id: `parley-approval:${ref.actionId}`,
      text: requestInWords(request, conversationUrl(conversationId)),
      buttons: buttonsOf(ref.actionId, digest),
    };
    const signal = AbortSignal.timeout(CALL_MS);
    const outcome = await humans.notify(ref.organisationId, target, message, signal);
    await approvalPosts.note(ref, outcome, clock.now());
    return verdictOf(outcome);
  };
}

function buttonsOf(actionId: string, digest: string | null): HumanButton[] {
  const value = buttonValue(actionId, digest);
  return [
    { actionId: BUTTONS.approve, value, label: 'Approve', style: 'primary' },
    { actionId: BUTTONS.deny, value, label: 'Deny', style: 'danger' },
  ];
}

/** @throws ParleyFailure CALL_TRY_AGAIN where nothing was posted and it may be tried again */
function verdictOf(outcome: SendOutcome): PostVerdict {
  switch (outcome.kind) {
    case 'sent':
      return { stands: 'yes', code: null };
    case 'unknown':
      return { stands: 'perhaps', code: outcome.code };
    case 'failed':
      return { stands: 'no', code: outcome.code };
    case 'try_again':
      if (outcome.mayHaveArrived) return { stands: 'perhaps', code: outcome.code };
      throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: outcome.afterMs ?? undefined });
  }
}
