import type pg from 'pg';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import { NOT_APPROVED, notApprovedResult } from '../../domain/call-approval.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { callDigest } from './call-digest.ts';
import type { DigestedCall } from './call-digest.ts';
import { storeCallEvents } from './call-events.ts';
import { recordEvent } from './events.ts';
import { storableJson } from './storable.ts';

const APPROVE: Statement = {
  name: 'asked-call-approve',
  text: `
    update calls set state = 'planned', result = null
    where organisation_id = $1 and id = $2 and state = 'awaiting_approval'
    returning tool, external_action_id, external_action_version, arguments`,
};

const CANCEL: Statement = {
  name: 'asked-call-cancel',
  text: `
    update calls set state = 'cancelled', reason = $3, result = $4, ended_at = $5
    where organisation_id = $1 and id = $2 and state = 'awaiting_approval'
    returning id`,
};

/** What waits for an operator, and what an operator has agreed to and nobody has begun. */
const CANCEL_ALL: Statement = {
  name: 'asked-calls-cancel',
  text: `
    with cancelled as (
      update calls set state = 'cancelled', reason = 'resolved', ended_at = $3
      where organisation_id = $1 and conversation_id = $2 and asked_at is not null
        and state in ('awaiting_approval', 'planned')
      returning id
    )
    select c.id, a.id as action_id, a.status, a.agent_id, a.priority
    from cancelled c join actions a on a.organisation_id = $1 and a.call_id = c.id`,
};

interface CancelledRow {
  id: string;
  action_id: string;
  status: ApprovalStatus;
  agent_id: string;
  priority: Priority;
}

/** The call that waited for a decision: approved it is planned, once; otherwise it is never made (APR-5). */
export async function settleCall(
  tenancy: Tenancy,
  { callId, digest }: { callId: string; digest: string | null },
  status: Exclude<ApprovalStatus, 'pending'>,
  now: Date,
): Promise<void> {
  const key = [tenancy.organisationId, callId];
  if (status === 'approved') {
    const [call] = await tenancy.rows<DigestedCall & pg.QueryResultRow>(APPROVE, key);
    if (call === undefined || callDigest(call) !== digest)
      throw new Error('a pending action is not bound to a call that waits');
    return;
  }
  const result = storableJson(notApprovedResult(status));
  const cancelled = await tenancy.rows(CANCEL, [...key, NOT_APPROVED[status], result, now]);
  if (cancelled.length > 0) await storeCallEvents(tenancy, [callId], 'cancelled', now);
}

/** Behind the conversation's lock, which the fence of the calls takes too: each has begun by now, or never does. */
export async function cancelAskedCalls(
  tenancy: Tenancy,
  conversationId: string,
  actor: string | null,
  now: Date,
): Promise<void> {
  const values = [tenancy.organisationId, conversationId, now];
  const cancelled = await tenancy.rows<CancelledRow>(CANCEL_ALL, values);
  const ids = cancelled.map(({ id }) => id);
  await storeCallEvents(tenancy, ids, 'cancelled', now);
  for (const { id, action_id, status, agent_id, priority } of cancelled) {
    if (status !== 'approved') continue;
    const why = { reason: 'conversation_resolved', call_id: id };
    const properties = { action_id, agent_id, status, priority, ...why };
    await recordEvent(tenancy, conversationId, 'approval_not_executed', properties, now);
    const entry = {
      actor: actor ?? `agent:${agent_id}`,
      action: 'approval.not_executed',
      subject: action_id,
    };
    await writeAudit(tenancy, { ...entry, source: null, detail: why }, now);
  }
}
