import type { ApprovalStatus } from '../domain/approval.ts';

/** What can enter a conversation; each is a row of the inbox before it is a signal (DESIGN section 1). */
const KINDS = [
  'message',
  'take_over',
  'hand_back',
  'assign',
  'reply',
  'resolve',
  'delivery_settled',
  'approval_outcome',
] as const;

export type RowKind = (typeof KINDS)[number];

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

/**
 * The rows of a signal that this code can make something of. What it cannot, a kind of newer code's or something sent by
 * hand, it must pass over: a signal stays in the history, and one that fails its task fails it for ever. The relay brings
 * such a row again, ever more rarely, until there is code that knows it.
 */
export function readRows(entered: { rows: readonly EnteredRow[] } | undefined): EnteredRow[] {
  const rows: unknown = entered?.rows;
  return Array.isArray(rows) ? rows.filter(isRow) : [];
}

function isRow(row: unknown): row is EnteredRow {
  if (typeof row !== 'object' || row === null) return false;
  const { id, kind, seq, epoch, at } = row as Partial<Record<keyof EnteredRow, unknown>>;
  const known = typeof id === 'string' && KINDS.some((one) => one === kind);
  return known && [seq, epoch, at].every(Number.isFinite);
}
