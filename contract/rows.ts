import type { ApprovalStatus } from '../domain/approval.ts';

/** What can enter a conversation; each is a row of the inbox before it is a signal (DESIGN section 1). */
export type RowKind =
  | 'message'
  | 'take_over'
  | 'hand_back'
  | 'assign'
  | 'reply'
  | 'resolve'
  | 'delivery_settled'
  | 'approval_outcome';

/** An inbox row as a signal carries it: ids, enums and counts, never words. */
export interface EnteredRow {
  id: string;
  kind: RowKind;
  /** Commit order inside the conversation. */
  seq: number;
  /** The conversation's epoch after the row's commit. */
  epoch: number;
  /** Epoch milliseconds of the receipt. */
  at: number;
  /** Only for delivery_settled: the outbound message it speaks of. */
  about?: string;
  /** Only for take_over and assign: the member who has it, or the key of a program; null where it waits in a queue. */
  assignee?: string | null;
  /** Only for approval_outcome: the action that is decided, and how. */
  action?: { id: string; status: Exclude<ApprovalStatus, 'pending'> };
}
