import type pg from 'pg';
import type { Approvals, RequestOutcome } from '../../activities/ports.ts';
import type { PendingApproval } from '../../contract/approval.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { StoredAgentSettings } from '../../domain/agent.ts';
import { filedResult, readFiledResult } from '../../domain/approval-request.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import { hasEnded } from '../../domain/call.ts';
import { FLAGS } from '../../domain/tool.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { lockConversationOf, overtaken, readCall } from './call-rows.ts';
import type { CallRow, LockedConversation } from './call-rows.ts';
import { endRow } from './end-call.ts';
import { recordEvent } from './events.ts';
import { storable, storableJson } from './storable.ts';

const TERMS: Statement = {
  name: 'approval-terms',
  text: `
    select a.settings, exists (
      select from feature_flags where organisation_id = $1 and name = $3 and enabled) as is_on
    from agents a where a.organisation_id = $1 and a.id = $2`,
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
      request_data, priority, idempotency_key, created_at, remind_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    returning id`,
};

const DAY_MS = 24 * 60 * 60 * 1000;

interface Terms {
  settings: StoredAgentSettings;
  is_on: boolean;
}

/** See `Approvals.request`. @throws ParleyFailure CALL_UNKNOWN where the call was erased. */
export function makeRequest(pool: pg.Pool): Approvals['request'] {
  return (ref, request, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy): Promise<RequestOutcome> => {
      const conversation = isUuid(ref.callId) ? await lockConversationOf(tenancy, ref.callId) : undefined;
      const call = await readCall(tenancy, ref);
      if (call === undefined) throw new ParleyFailure('CALL_UNKNOWN');
      if (conversation === undefined) return refused('no_contact');
      if (hasEnded(call.state)) {
        const approval = readFiledResult(call.result);
        return approval === null ? refused('call_ended') : { kind: 'made', approval };
      }
      if (call.state !== 'calling') throw new Error('a request is filed behind the fence of its call');
      if (overtaken(conversation, call.epoch) !== null) return refused('overtaken');
      const [terms] = await tenancy.rows<Terms>(TERMS, [
        tenancy.organisationId,
        conversation.agent_id,
        FLAGS.actionsCenter,
      ]);
      if (terms?.is_on !== true) return refused('flag_off');
      const settings = completeAgentSettings(terms.settings);
      const most = settings.approvalsPerContactPerDay;
      if ((await madeInADay(tenancy, conversation.contact_id, now)) >= most)
        return { kind: 'refused', code: 'limit_reached', most };

      const approval = await file(tenancy, { call, conversation, request, settings }, now);
      const result = filedResult(approval);
      await endRow(tenancy, call.id, { state: 'succeeded', reason: null, result }, null, now);
      return { kind: 'made', approval };
    });
}

type PlainRefusal = Exclude<Extract<RequestOutcome, { kind: 'refused' }>, { code: 'limit_reached' }>;

function refused(code: PlainRefusal['code']): PlainRefusal {
  return { kind: 'refused', code };
}

/** Counted behind the lock, in a statement of its own: one that had to wait for it would see all else as it was before. */
async function madeInADay(tenancy: Tenancy, contactId: string, now: Date): Promise<number> {
  const key = [tenancy.organisationId, contactId];
  await tenancy.rows(HOLD_CONTACT, key);
  const since = new Date(now.getTime() - DAY_MS);
  const [counted] = await tenancy.rows<{ made: number }>(COUNT, [...key, since]);
  return counted?.made ?? 0;
}

interface Filing {
  call: CallRow;
  conversation: LockedConversation;
  request: ApprovalRequest;
  settings: ReturnType<typeof completeAgentSettings>;
}

async function file(
  tenancy: Tenancy,
  { call, conversation, request, settings }: Filing,
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
