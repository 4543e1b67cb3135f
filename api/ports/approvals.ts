import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import type { Json } from '../../domain/external-action.ts';
import type { Caller } from './caller.ts';
import type { OutgoingSignal } from './inbox.ts';
import type { Page, PageQuery } from './readers.ts';

/** What agents ask of operators, and the decisions (APR-2 to APR-4). */
export interface Approvals {
  list(caller: Caller, filter: { status?: ApprovalStatus }, page: PageQuery): Promise<Page<ApprovalRecord>>;
  read(caller: Caller, id: string): Promise<ApprovalRecord | null>;
  /** A compare-and-set: of all who decide at once, one does. */
  decide(decider: Decider, id: string, decision: OperatorDecision, now: Date): Promise<ApprovalResult>;
  cancel(caller: Caller, id: string, now: Date): Promise<ApprovalResult>;
  /** Only of a pending one. */
  setPriority(caller: Caller, id: string, priority: Priority, now: Date): Promise<ApprovalResult>;
}

/** A caller, or a member who is known without a key: by a provider's signature. */
export type Decider =
  | Pick<Caller, 'organisationId' | 'keyId' | 'memberId'>
  | { organisationId: string; keyId: null; memberId: string };

export interface OperatorDecision {
  decision: 'approve' | 'deny';
  response: string | null;
  responseData: Json;
}

export type ApprovalResult =
  | { kind: 'unknown' }
  | {
      kind: 'done';
      approval: ApprovalRecord;
      /** Null where the conversation is over, or has nothing to hear. */
      signal: OutgoingSignal | null;
    }
  /** It had ended before, or expired: `approval` says how, by whom and when. `signal`: only now is that noted. */
  | { kind: 'ended'; approval: ApprovalRecord; signal: OutgoingSignal | null };

export interface ApprovalRecord {
  id: string;
  conversationId: string;
  agentId: string;
  contact: { id: string; name: string | null };
  requestType: string;
  requestDetails: string;
  requestData: Json;
  status: ApprovalStatus;
  priority: Priority;
  response: string | null;
  responseData: Json;
  /** `member:` or `key:` or `agent:` and an id; null while nobody has, and where time did. */
  decidedBy: string | null;
  createdAt: Date;
  expiresAt: Date;
  resolvedAt: Date | null;
}
