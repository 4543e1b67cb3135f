import type { OnNewMessage } from '../domain/approval.ts';

/** A pending action, as its child workflow and whoever starts that need it. Epoch milliseconds. */
export interface PendingApproval {
  actionId: string;
  /** When operators are reminded for the first time; null: never. */
  remindAt: number | null;
  expiresAt: number;
  /** What becomes of it when the customer writes; absent: it goes on waiting. */
  onNewMessage?: Exclude<OnNewMessage, 'keep'>;
}

/** Waits for the decision on one action; a child of its conversation, started under `approvalWorkflowId`. */
export interface ApprovalInput extends PendingApproval {
  organisationId: string;
  conversationId: string;
}

export const APPROVAL_WORKFLOW = 'approval';
