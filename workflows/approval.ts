import {
  condition,
  getExternalWorkflowHandle,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ApprovalInput } from '../contract/approval.ts';
import { conversationWorkflowId } from '../contract/ids.ts';
import type { EnteredRow } from '../contract/rows.ts';
import { decidedSignal, enteredSignal } from '../contract/signals.ts';
import { postRequest } from './approval-post.ts';
import { insistently, reliably } from './effects.ts';
import { OWN_STORE, TELL_HUMAN } from './policy.ts';

const store = proxyLocalActivities<Pick<Activities, 'concludeApproval'>>(OWN_STORE);
const people = proxyActivities<Pick<Activities, 'remindOfApproval'>>(TELL_HUMAN);

/** A wait that no longer drums: each reminder comes after twice the time of the one before, and there are no more. */
const MOST_REMINDERS = 10;
/** Between two looks where the store's clock says that it is not yet time. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Waits for the decision on one action (APR-3): posts it, reminds operators, and lets it expire. What was decided stands in
 * Postgres, where the API wrote it; a row tells the conversation, and the signal here ends only the wait. Should it be
 * lost, the next reminder or the expiry looks.
 */
export async function approval(input: ApprovalInput): Promise<void> {
  const { organisationId, actionId, conversationId, expiresAt } = input;
  const ref = { organisationId, actionId };
  let told = false;
  let remindAt = input.remindAt;
  let pauseMs = Math.max((remindAt ?? 0) - workflowInfo().startTime.getTime(), 60_000);
  let reminders = 0;
  setHandler(decidedSignal, () => void (told = true));
  // Requests that began to wait before this were posted nowhere.
  const post = patched('requests-are-posted') ? postRequest(ref) : null;

  for (;;) {
    const reminds = remindAt !== null && remindAt < expiresAt && reminders < MOST_REMINDERS;
    const due = reminds ? (remindAt ?? expiresAt) : expiresAt;
    const what = reminds ? `reminder ${reminders + 1}` : 'expiry';
    const then = reminds ? [`${what} at ${clock(due)}`] : [];
    setCurrentDetails(
      `**waiting for an operator's decision**\n\n${[...then, `expiry at ${clock(expiresAt)}`].join(' · ')}`,
    );
    await condition(() => told, Math.max(due - Date.now(), LOOK_AGAIN_MS), { summary: what });
    const concluded = await insistently('conclude an approval', () => store.concludeApproval(ref));
    // Erased.
    if (concluded === null) return;
    if (concluded.status !== 'pending') {
      setCurrentDetails(`**${concluded.status}**`);
      // Whoever signalled has told the conversation, too.
      if (!told && concluded.row !== null) await tell(conversationId, concluded.row);
      await post?.showEnd();
      return;
    }
    told = false;
    if (!reminds || Date.now() < due) continue;
    reminders++;
    await reliably('remind of an approval', () =>
      people.remindOfApproval.executeWithOptions({ summary: what }, [ref]),
    );
    remindAt = due + pauseMs;
    pauseMs *= 2;
  }
}

function clock(at: number): string {
  return new Date(at).toISOString();
}

/** The relay repeats what the conversation does not hear. */
async function tell(conversationId: string, row: EnteredRow): Promise<void> {
  try {
    await getExternalWorkflowHandle(conversationWorkflowId(conversationId)).signal(enteredSignal, {
      rows: [row],
    });
  } catch (error) {
    log.info('a conversation does not run that an approval was to tell', { error: String(error) });
  }
}
