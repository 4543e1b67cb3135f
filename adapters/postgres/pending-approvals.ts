import type { PendingApproval } from '../../contract/approval.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { AgentSettings, StoredAgentSettings } from '../../domain/agent.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import type { OnNewMessage } from '../../domain/approval.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import type { CallRow, LockedConversation } from './call-rows.ts';
import { recordEvent } from './events.ts';
import { storable, storableJson } from './storable.ts';

const SETTINGS: Statement = {
  name: 'approval-settings',
  text: `select settings from agents where organisation_id = $1 and id = $2`,
};

/** Two conversations of one contact would each count without the other's request. Nothing else is asked for behind it. */
const HOLD_CONTACT: Statement = {
  name: 'approval-hold-contact',
  text: `select pg_advisory_xact_lock(hashtextextended('approvals/' || $1::text || '/' || $2::text, 0))`,
};

const COUNT: Statement = {
  name: 'approval-count',
  text: `
    select count(*)::integer as made from actions
    where organisation_id = $1 and contact_id = $2 and created_at > $3`,
};

const FILE: Statement = {
  name: 'approval-file',
  text: `
    insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
      request_data, priority, idempotency_key, created_at, remind_at, expires_at, call_id, digest, on_new_message)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    returning id`,
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** The part of a locked conversation that a question to the operators is about. */
export type AskingConversation = Pick<
  LockedConversation,
  'id' | 'owner' | 'epoch' | 'status' | 'agent_id' | 'contact_id'
>;

export async function settingsOf(
  tenancy: Tenancy,
  { agent_id }: Pick<AskingConversation, 'agent_id'>,
): Promise<AgentSettings> {
  const [agent] = await tenancy.rows<{ settings: StoredAgentSettings }>(SETTINGS, [
    tenancy.organisationId,
    agent_id,
  ]);
  return completeAgentSettings(agent?.settings ?? {});
}

/** Counted behind the lock, in a statement of its own: one that had to wait for it would see all else as it was before. */
export async function madeInADay(tenancy: Tenancy, contactId: string, now: Date): Promise<number> {
  const key = [tenancy.organisationId, contactId];
  await tenancy.rows(HOLD_CONTACT, key);
  const since = new Date(now.getTime() - DAY_MS);
  const [counted] = await tenancy.rows<{ made: number }>(COUNT, [...key, since]);
  return counted?.made ?? 0;
}

export interface Filing {
  call: CallRow;
  conversation: AskingConversation;
  request: ApprovalRequest;
  settings: AgentSettings;
  /** Present where the call itself waits for the decision (APR-5). */
  bound?: { digest: string; onNewMessage: OnNewMessage };
}

/** The action with its audit entry and event; it waits from now on. */
export async function fileApproval(
  tenancy: Tenancy,
  { call, conversation, request, settings, bound }: Filing,
  now: Date,
): Promise<PendingApproval> {
  const expiresAt = now.getTime() + settings.approvalExpirySeconds * 1000;
  const firstReminder = now.getTime() + settings.approvalReminderSeconds * 1000;
  const remindAt = firstReminder < expiresAt ? firstReminder : null;
  const { id: conversationId, agent_id, contact_id } = conversation;
  const { requestType, requestDetails, requestData, priority } = request;
  const [row] = await tenancy.rows<{ id: string }>(FILE, [
    tenancy.organisationId,
    conversationId,
    agent_id,
    contact_id,
    storable(requestType),
    storable(requestDetails),
    requestData === null ? null : storableJson(requestData),
    priority,
    call.idempotency_key,
    now,
    remindAt === null ? null : new Date(remindAt),
    new Date(expiresAt),
    bound === undefined ? null : call.id,
    bound?.digest ?? null,
    bound?.onNewMessage ?? 'keep',
  ]);
  if (row === undefined) throw new Error('an insert returned no row');
  const entry = {
    actor: `agent:${agent_id}`,
    action: 'approval.requested',
    subject: row.id,
    detail: { conversation: conversationId, call: call.id, priority },
    source: null,
  };
  await writeAudit(tenancy, entry, now);
  const properties = { action_id: row.id, agent_id, call_id: call.id, status: 'pending', priority };
  await recordEvent(tenancy, conversationId, 'approval_requested', properties, now);
  return { actionId: row.id, remindAt, expiresAt };
}
