import type { Situation } from '../../activities/tools/tool.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import type { CallState } from '../../domain/call.ts';
import type { ExternalAction, Json } from '../../domain/external-action.ts';
import type { AgentTool } from '../../domain/tool.ts';
import type { Caller } from './caller.ts';
import type { OutgoingSignal } from './inbox.ts';
import type { Page, PageQuery } from './readers.ts';

/** What agents ask of operators, and the decisions (APR-2 to APR-4). */
export interface Approvals {
  list(caller: Caller, filter: { status?: ApprovalStatus }, page: PageQuery): Promise<Page<ApprovalRecord>>;
  read(caller: Caller, id: string): Promise<ApprovalRecord | null>;
  /**
   * A compare-and-set: of all who decide at once, one does. An approved call is planned in it, and made by its
   * conversation (APR-5).
   */
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
  /** Of the call that was looked at; absent: whatever it is by now. */
  digest?: string | null;
  /** Gives the call other arguments before it is approved. */
  edit?: EditCall | null;
}

/** Judges an operator's arguments for a call, as it stands behind the lock; it must not look at anything else. */
export type EditCall = (
  call: EditableCall,
) => { kind: 'edited'; arguments: Json } | { kind: 'problems'; problems: EditProblem[] };

/** `field`: a path below the arguments; empty: they as a whole. */
export interface EditProblem {
  field: string;
  message: string;
}

export interface EditableCall {
  tool: string;
  arguments: Json;
  /** The model's own arguments as it wrote them; null where understanding found them. */
  proposal: string | null;
  /** The customer's words that led to it, and when it was planned: its templates may hold both. */
  message: string;
  plannedAt: Date;
  /** The version of an external action; null for a tool. */
  action: ExternalAction | null;
  /** The tool as its agent has it now; null: not any more. */
  added: AgentTool | null;
  context: Situation['context'];
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
  | { kind: 'ended'; approval: ApprovalRecord; signal: OutgoingSignal | null }
  /** It is another call than the one that was looked at. Nothing was decided. */
  | { kind: 'changed'; approval: ApprovalRecord }
  /** Nothing was decided. */
  | { kind: 'invalid'; problems: EditProblem[] };

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
  /** Of the exact call that waits; null for a request of the model's own. */
  digest: string | null;
  call: ApprovalCall | null;
}

/** The call that waits for the decision, or waited for it (APR-5). */
export interface ApprovalCall {
  id: string;
  /** As the model calls it, or `external_action`. */
  tool: string;
  externalAction: { id: string; version: number; name: string; displayName: string } | null;
  arguments: Json;
  /** What an operator may change of them: of a tool, what its model may fill in. */
  editable: Json;
  /** What has become of it. */
  state: CallState;
  /** A code. */
  reason: string | null;
  /** An operator gave it other arguments. */
  edited: boolean;
}
