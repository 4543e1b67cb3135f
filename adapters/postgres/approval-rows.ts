import type { ApprovalRecord, OutgoingSignal } from '../../api/ports.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import type { Json } from '../../domain/external-action.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';
import { recordEvent } from './events.ts';

const COLUMNS = `
  a.id, a.conversation_id, a.agent_id, a.contact_id, p.name as contact_name, a.request_type, a.request_details,
  a.request_data, a.status, a.priority, a.user_response, a.response_data, a.decided_by, a.created_at, a.expires_at,
  a.resolved_at
  from actions a join contacts p on p.organisation_id = $1 and p.id = a.contact_id`;

const READ: Statement = {
  name: 'approval-read',
  text: `select ${COLUMNS} where a.organisation_id = $1 and a.id = $2`,
};

export const LIST: Statement = {
  name: 'approval-list',
  text: `
    select ${COLUMNS}
    where a.organisation_id = $1
      and ($2::timestamptz is null or (a.created_at, a.id) < ($2, $3::uuid))
      and ($4::text is null or a.status = $4)
    order by a.created_at desc, a.id desc limit $5`,
};

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
      returning id, conversation_id, agent_id, status, priority
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
    select e.conversation_id as of_conversation, e.agent_id as of_agent, e.priority, r.*, c.agent_id,
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

export interface ApprovalRow {
  id: string;
  conversation_id: string;
  agent_id: string;
  contact_id: string;
  contact_name: string | null;
  request_type: string;
  request_details: string;
  request_data: Json;
  status: ApprovalStatus;
  priority: Priority;
  user_response: string | null;
  response_data: Json;
  decided_by: string | null;
  created_at: Date;
  expires_at: Date;
  resolved_at: Date | null;
}

export function recordOf(row: ApprovalRow): ApprovalRecord {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    agentId: row.agent_id,
    contact: { id: row.contact_id, name: row.contact_name },
    requestType: row.request_type,
    requestDetails: row.request_details,
    requestData: row.request_data,
    status: row.status,
    priority: row.priority,
    response: row.user_response,
    responseData: row.response_data,
    decidedBy: row.decided_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    resolvedAt: row.resolved_at,
  };
}

export async function readApproval(tenancy: Tenancy, id: string): Promise<ApprovalRecord | null> {
  if (!isUuid(id)) return null;
  const [row] = await tenancy.rows<ApprovalRow>(READ, [tenancy.organisationId, id]);
  return row === undefined ? null : recordOf(row);
}

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
}

/**
 * Ends an action, behind the conversation's lock, with the row that tells the conversation, the audit entry and the
 * event. Null: it had ended before, or its expiry says otherwise.
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
  const entry = {
    actor: decidedBy ?? 'system',
    action: `approval.${status}`,
    subject: id,
    detail: { conversation: row.of_conversation },
    source: null,
  };
  await writeAudit(tenancy, entry, now);
  const { of_agent: agent_id, priority } = row;
  const properties = { action_id: id, agent_id, status, priority, decided_by: decidedBy };
  await recordEvent(tenancy, row.of_conversation, EVENTS[status], properties, now);
  // A left join brings nulls where the conversation is over.
  const isTold = (row.id as string | null) !== null;
  return { signal: isTold ? outgoingSignal(tenancy.organisationId, row) : null };
}

/**
 * Cancels what a conversation still waits for, in the transaction that resolves it.
 * @param actor null: the agent itself resolves it
 */
export async function cancelApprovalsOf(
  tenancy: Tenancy,
  conversationId: string,
  actor: string | null,
  now: Date,
): Promise<void> {
  await tenancy.rows(CANCEL_ALL, [tenancy.organisationId, conversationId, now, actor]);
}
