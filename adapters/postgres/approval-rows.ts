import type { OutgoingSignal } from '../../api/ports.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';
import { recordEvent } from './events.ts';
import { cancelAskedCalls, settleCall } from './settle-asked-call.ts';

/** Taken before the action's own row, as everywhere: two orders would wait for each other in a circle. */
const LOCK: Statement = {
  name: 'approval-lock',
  text: `
    select c.id from actions a
    join conversations c on c.organisation_id = $1 and c.id = a.conversation_id
    where a.organisation_id = $1 and a.id = $2
    for no key update of c`,
};

/**
 * pending → its end, exactly once: from its expiry on it can only expire, and not before (APR-4). The conversation is
 * told by a row while it is open.
 */
const END: Statement = {
  name: 'approval-end',
  text: `
    with ended as (
      update actions
      set status = $3, resolved_at = $4, decided_by = $5, user_response = $6, response_data = $7
      where organisation_id = $1 and id = $2 and status = 'pending'
        and case when $3 = 'expired' then expires_at <= $4 else expires_at > $4 end
      returning id, conversation_id, agent_id, status, priority, call_id, digest, proposed_digest
    ),
    conversation as (
      update conversations c set last_seq = c.last_seq + 1
      from ended e
      where c.organisation_id = $1 and c.id = e.conversation_id and c.status = 'open'
      returning c.id, c.epoch, c.last_seq, c.agent_id, c.channel_integration_id, c.channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, action_id,
        action_status, received_at, at)
      select $1, c.channel_integration_id, c.id, 'approval_outcome', c.last_seq, c.epoch, e.id, e.status, $4, $4
      from conversation c, ended e
      returning id, conversation_id, kind, seq, epoch, received_at, about, operator_id, action_id, action_status
    )
    select e.conversation_id as of_conversation, e.agent_id as of_agent, e.priority, e.call_id, e.digest,
      e.proposed_digest, r.*, c.agent_id,
      c.channel_integration_id, c.channel
    from ended e left join entered r on true left join conversation c on true`,
};

/** With a conversation that is over its pending requests are, too; nobody is left to be told. */
const CANCEL_ALL: Statement = {
  name: 'approval-cancel-all',
  text: `
    with cancelled as (
      update actions
      set status = 'cancelled', resolved_at = $3, decided_by = coalesce($4, 'agent:' || agent_id)
      where organisation_id = $1 and conversation_id = $2 and status = 'pending'
      returning id, agent_id, priority, decided_by
    ),
    told as (
      insert into events (organisation_id, conversation_id, name, properties, at)
      select $1, $2, 'approval_cancelled', jsonb_build_object('action_id', id, 'agent_id', agent_id,
        'status', 'cancelled', 'priority', priority, 'decided_by', decided_by, 'reason', 'conversation_resolved'), $3
      from cancelled
    )
    insert into audit (organisation_id, actor, action, subject, detail, at)
    select $1, decided_by, 'approval.cancelled', id::text, jsonb_build_object('reason', 'conversation_resolved'), $3
    from cancelled`,
};

/** Locks the conversation that an action is of. False: there is no such action here. */
export async function lockConversationOfAction(tenancy: Tenancy, id: string): Promise<boolean> {
  if (!isUuid(id)) return false;
  return (await tenancy.rows(LOCK, [tenancy.organisationId, id])).length > 0;
}

export interface End {
  status: Exclude<ApprovalStatus, 'pending'>;
  decidedBy: string | null;
  response: string | null;
  /** As JSON text. */
  responseData: string | null;
}

export const EXPIRED: End = { status: 'expired', decidedBy: null, response: null, responseData: null };

const EVENTS = {
  approved: 'approval_decided',
  denied: 'approval_decided',
  expired: 'approval_expired',
  cancelled: 'approval_cancelled',
} as const;

interface EndedRow extends SignalRow {
  of_conversation: string;
  of_agent: string;
  priority: Priority;
  call_id: string | null;
  digest: string | null;
  proposed_digest: string | null;
}

/**
 * Ends an action, behind the conversation's lock, with the row that tells the conversation, the audit entry and the
 * event; the call that waits for it is to be made from now on, or never (APR-5). Null: it had ended before, or its expiry
 * says otherwise.
 */
export async function endApproval(
  tenancy: Tenancy,
  id: string,
  { status, decidedBy, response, responseData }: End,
  now: Date,
): Promise<{ signal: OutgoingSignal | null } | null> {
  const values = [tenancy.organisationId, id, status, now, decidedBy, response, responseData];
  const [row] = await tenancy.rows<EndedRow>(END, values);
  if (row === undefined) return null;
  if (row.call_id !== null) {
    const bound = { callId: row.call_id, digest: row.digest };
    await settleCall(tenancy, bound, status, now);
  }
  // An operator's edit made another call of it.
  const edit =
    row.proposed_digest === null ? {} : { proposed_digest: row.proposed_digest, digest: row.digest };
  const entry = {
    actor: decidedBy ?? 'system',
    action: `approval.${status}`,
    subject: id,
    detail: { conversation: row.of_conversation, ...edit },
    source: null,
  };
  await writeAudit(tenancy, entry, now);
  const { of_agent: agent_id, priority } = row;
  const call = row.call_id === null ? {} : { call_id: row.call_id, ...edit };
  const properties = { action_id: id, agent_id, status, priority, decided_by: decidedBy, ...call };
  await recordEvent(tenancy, row.of_conversation, EVENTS[status], properties, now);
  // A left join brings nulls where the conversation is over.
  const isTold = (row.id as string | null) !== null;
  return { signal: isTold ? outgoingSignal(tenancy.organisationId, row) : null };
}

/**
 * Cancels what a conversation still waits for, in the transaction that resolves it, and the calls with it: of one that
 * was approved and has not begun everybody is told that it was not executed (APR-5).
 * @param actor null: the agent itself resolves it
 */
export async function cancelApprovalsOf(
  tenancy: Tenancy,
  conversationId: string,
  actor: string | null,
  now: Date,
): Promise<void> {
  await tenancy.rows(CANCEL_ALL, [tenancy.organisationId, conversationId, now, actor]);
  await cancelAskedCalls(tenancy, conversationId, actor, now);
}
