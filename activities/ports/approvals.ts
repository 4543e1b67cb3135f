import type { ConversationRef } from '../../contract/conversation.ts';
import type { PendingApproval } from '../../contract/approval.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import type { Json } from '../../domain/external-action.ts';
import type { Call, CallRef } from './calls.ts';

/** What agents ask of operators (APR-1 to APR-6). Every method is one transaction. */
export interface Approvals {
  /**
   * Files the request of a call that is under way, and ends the call with it, so it is filed exactly once however
   * often this runs. Agent, contact and conversation come from the call; how long it waits and how many there may be
   * from the agent's settings. A call that has ended returns what came of it.
   */
  request(ref: CallRef, request: ApprovalRequest, now: Date): Promise<RequestOutcome>;

  /**
   * pending → expired where its time has run out, with the row that tells the conversation, its audit entry and event;
   * whatever else it is, it stays. Null: erased.
   */
  conclude(ref: ActionRef, now: Date): Promise<Concluded | null>;

  /** How it was decided, for the agent and the customer's ears; null: erased. */
  decided(ref: ActionRef): Promise<Decided | null>;

  /**
   * The customer has written while calls waited for an operator that are not to wait any longer (APR-5): those of the
   * actions named that are still pending are cancelled, with their calls and the rows that tell of it. None are where no
   * message waits for the agent. Returns those that this or an earlier run of it cancelled and nobody was told of.
   */
  withdraw(ref: ConversationRef, actionIds: readonly string[], now: Date): Promise<Withdrawn[]>;

  /** What a reminder says; null: nobody has to decide it any more. */
  reminder(ref: ActionRef, now: Date): Promise<ApprovalReminder | null>;

  /** The `approval_reminder` event. */
  noteReminder(ref: ActionRef, told: { told: boolean; code: string | null }, now: Date): Promise<void>;
}

export interface ActionRef {
  organisationId: string;
  actionId: string;
}

export type RequestOutcome =
  | { kind: 'made'; approval: PendingApproval }
  /**
   * Nothing was filed. `no_contact`: no customer stands behind the call. `limit_reached`: the contact's requests of 24
   * hours, of which `most` are allowed. `overtaken`: a person came between.
   */
  | { kind: 'refused'; code: 'flag_off' | 'no_contact' | 'overtaken' | 'call_ended' }
  | { kind: 'refused'; code: 'limit_reached'; most: number };

export interface Concluded {
  status: ApprovalStatus;
  /** The row that tells the conversation, while it waits to be heard; null: it was heard, or nobody is to hear it. */
  row: EnteredRow | null;
}

export interface Withdrawn {
  actionId: string;
  callId: string;
  /** Tells the conversation of it, and is settled once the customer knows. */
  rowId: string;
}

export interface Decided {
  status: ApprovalStatus;
  /** `member:` or `key:` or `agent:` and an id, or `customer`; null while nobody has, and where time did. */
  decidedBy: string | null;
  requestType: string;
  requestDetails: string;
  /** The operator's own words to the customer. */
  response: string | null;
  responseData: Json;
  /** The call that waited for it, as it stands. */
  call: Call | null;
  /** An operator gave the call other arguments than were proposed. */
  edited: boolean;
}

export interface ApprovalReminder {
  conversationId: string;
  /** As the agent's settings name them (ESC-2); null: nobody. */
  assignee: string | null;
  requestType: string;
  requestDetails: string;
  priority: Priority;
  expiresAt: Date;
}
