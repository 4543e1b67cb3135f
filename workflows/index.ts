import { CancellationScope } from '@temporalio/workflow';
import type { ApprovalInput } from '../contract/approval.ts';
import type { ConversationInput } from '../contract/conversation.ts';
import { approval as waitForDecision } from './approval.ts';
import { conversation as converse } from './conversation.ts';

// The workflows by the names under which they are started. A request to cancel, which the Temporal UI offers for each, ends
// neither of the first two: nothing would take their place. A conversation ends by being resolved, a request by a decision.

export function conversation(input: ConversationInput): Promise<void> {
  return CancellationScope.nonCancellable(() => converse(input));
}

export function approval(input: ApprovalInput): Promise<void> {
  return CancellationScope.nonCancellable(() => waitForDecision(input));
}

export { trial } from './trial.ts';
