import { getExternalWorkflowHandle, log, patched } from '@temporalio/workflow';
import type { ConversationState } from '../contract/conversation.ts';
import { approvalWorkflowId } from '../contract/ids.ts';
import { decidedSignal } from '../contract/signals.ts';

/**
 * Resolving has withdrawn what was still pending (APR-2) in its own transaction; whoever waits for the decisions hears of
 * it here, and need not wait for the next look.
 */
export async function tellWithdrawn(open: ConversationState['openApprovals']): Promise<void> {
  // Conversations that closed before told nobody.
  if (open.length === 0 || !patched('withdrawn-requests-are-told')) return;
  await Promise.all(open.map(({ actionId }) => tell(actionId)));
}

async function tell(actionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(approvalWorkflowId(actionId)).signal(decidedSignal);
  } catch (error) {
    log.info('nobody waits for a decision any more', { error: String(error) });
  }
}
