import type pg from 'pg';
import type { ApprovalReminder, Approvals } from '../../activities/ports.ts';
import { readApproval } from './approval-records.ts';
import { endApproval, EXPIRED, lockConversationOfAction } from './approval-rows.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { enteredRow } from './entered-row.ts';
import type { InboxRow } from './entered-row.ts';
import { recordEvent } from './events.ts';
import { makeRequest } from './file-approval.ts';
import { readDecided } from './take-decision.ts';
import { withdrawForMessage } from './withdraw-approvals.ts';

const OUTCOME: Statement = {
  name: 'approval-outcome',
  text: `
    select id, kind, seq, epoch, received_at, about, operator_id, action_id, action_status from inbox
    where organisation_id = $1 and action_id = $2 and settled_at is null`,
};

const REMINDER: Statement = {
  name: 'approval-reminder',
  text: `
    select a.conversation_id as "conversationId", g.settings ->> 'escalationAssignee' as assignee,
      a.request_type as "requestType", a.request_details as "requestDetails", a.priority, a.expires_at as "expiresAt"
    from actions a join agents g on g.organisation_id = $1 and g.id = a.agent_id
    where a.organisation_id = $1 and a.id = $2 and a.status = 'pending' and a.expires_at > $3`,
};

/** See `Approvals` of the activities. */
export function openApprovalRequests(pool: pg.Pool): Approvals {
  return {
    request: makeRequest(pool),

    conclude: ({ organisationId, actionId }, now) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        if (!(await lockConversationOfAction(tenancy, actionId))) return null;
        await endApproval(tenancy, actionId, EXPIRED, now);
        const approval = await readApproval(tenancy, actionId);
        if (approval === null) return null;
        const [row] = await tenancy.rows<InboxRow>(OUTCOME, [organisationId, actionId]);
        return { status: approval.status, row: row === undefined ? null : enteredRow(row) };
      }),

    decided: ({ organisationId, actionId }) =>
      asOrganisation(pool, organisationId, (tenancy) => readDecided(tenancy, actionId)),

    withdraw: (ref, actionIds, now) =>
      asOrganisation(pool, ref.organisationId, (tenancy) =>
        withdrawForMessage(tenancy, ref.conversationId, actionIds, now),
      ),

    reminder: ({ organisationId, actionId }, now) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        if (!isUuid(actionId)) return null;
        const [row] = await tenancy.rows<ApprovalReminder>(REMINDER, [organisationId, actionId, now]);
        return row ?? null;
      }),

    noteReminder: ({ organisationId, actionId }, { told, code }, now) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const approval = await readApproval(tenancy, actionId);
        if (approval === null) return;
        const { conversationId, agentId: agent_id, priority } = approval;
        const properties = { action_id: actionId, agent_id, priority, told, code };
        await recordEvent(tenancy, conversationId, 'approval_reminder', properties, now);
      }),
  };
}
