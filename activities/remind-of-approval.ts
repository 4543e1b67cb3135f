import { ParleyFailure } from '../contract/failures.ts';
import { assigneeOf } from '../domain/escalation.ts';
import type { ActionRef, ActivityPorts, ApprovalReminder } from './ports.ts';

const CALL_MS = 5_000;
/** Slack takes more; nobody reads more. */
const LONGEST = 2_500;

/**
 * Reminds of a request that nobody has decided (APR-3): an event, which consoles hear of, and word to whoever is called
 * in Slack. To be told twice is better than not at all, so what may have arrived is repeated.
 */
export function makeRemindOfApproval({
  approvals,
  humans,
  conversationUrl,
  clock,
}: Pick<ActivityPorts, 'approvals' | 'humans' | 'conversationUrl' | 'clock'>) {
  return async (ref: ActionRef): Promise<{ told: boolean; code: string | null }> => {
    const reminder = await approvals.reminder(ref, clock.now());
    if (reminder === null) return { told: false, code: 'ended' };
    const told = await tell(reminder);
    await approvals.noteReminder(ref, told, clock.now());
    return told;

    async function tell({ assignee: named, conversationId }: ApprovalReminder) {
      const assignee = named === null ? null : assigneeOf(named);
      if (assignee?.kind !== 'slack') return { told: false, code: null };
      const text = worded(reminder as ApprovalReminder, conversationUrl(conversationId));
      const signal = AbortSignal.timeout(CALL_MS);
      const outcome = await humans.notify(ref.organisationId, assignee.userId, { text }, signal);
      switch (outcome.kind) {
        case 'sent':
          return { told: true, code: null };
        case 'failed':
          return { told: false, code: outcome.code };
        case 'unknown':
          throw new ParleyFailure('CALL_TRY_AGAIN');
        case 'try_again':
          throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: outcome.afterMs ?? undefined });
      }
    }
  };
}

function worded({ requestType, requestDetails, priority, expiresAt }: ApprovalReminder, url: string): string {
  const head = `A request waits for a decision (${priority}, until ${expiresAt.toISOString()}): ${requestType}`;
  return `${`${head}\n> ${requestDetails.replaceAll('\n', ' ')}`.slice(0, LONGEST)}\n${url}`;
}
