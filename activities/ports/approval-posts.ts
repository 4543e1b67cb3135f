import type { ApprovalInWords, EndInWords } from '../../domain/approval-message.ts';
import type { ActionRef } from './approvals.ts';
import type { SendOutcome } from './ledger.ts';

/**
 * The message on Slack that asks for a decision (APR-7): one for each request. Posting knows no key: what may have
 * arrived is not posted again, and shows where it is by an echo or a press.
 */
export interface ApprovalPosts {
  /** not posted → posting, for a request that waits and an agent that names where. One that was posting is uncertain. */
  begin(ref: ActionRef, now: Date): Promise<BegunPost>;
  /** How the post ended; with an event where it cannot be made or nobody knows. */
  note(ref: ActionRef, outcome: SendOutcome, now: Date): Promise<void>;
  /** What the message is to show in the end; null: nothing, or it does, or nobody knows where it is. */
  ended(ref: ActionRef): Promise<EndedPost | null>;
  noteShown(ref: ActionRef, status: EndInWords['status'], now: Date): Promise<void>;
}

export type BegunPost =
  | {
      kind: 'begun';
      target: string;
      request: ApprovalInWords;
      conversationId: string;
      /** Of the call that waits, if one does. */
      digest: string | null;
    }
  | { kind: 'nothing'; code: 'ended' | 'no_target' | 'posted' | 'uncertain' | 'failed' };

export interface EndedPost {
  providerMessageId: string;
  request: ApprovalInWords;
  end: EndInWords;
  conversationId: string;
}
