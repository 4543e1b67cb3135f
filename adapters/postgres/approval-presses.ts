import type pg from 'pg';
import type { ApprovalPresses } from '../../api/ports.ts';
import type { MemberRole } from '../../domain/role.ts';
import { readApproval } from './approval-records.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { deciderName } from './decider-name.ts';

/** The workspace of the organisation's people is its oldest one in use: whoever has the id elsewhere is somebody else. */
const MEMBER: Statement = {
  name: 'approval-press-member',
  text: `
    select id, name, role from members
    where organisation_id = $1 and slack_user_id = $2 and deleted_at is null
      and $3::uuid = (
        select id from channel_integrations
        where organisation_id = $1 and kind = 'slack' and active order by created_at, id limit 1)`,
};

/** The place of a message does not change. A post that is under way is noted by whoever makes it. */
const STANDS_AT: Statement = {
  name: 'approval-post-stands-at',
  text: `
    update approval_posts
    set state = case when state = 'posting' then state else 'posted' end, provider_message_id = $3, updated_at = $4
    where organisation_id = $1 and action_id = $2 and provider_message_id is null`,
};

/** See `ApprovalPresses`. */
export function openApprovalPresses(pool: pg.Pool): ApprovalPresses {
  return {
    memberOf: ({ organisationId, id }, slackUserId) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const values = [organisationId, slackUserId, id];
        const [row] = await tenancy.lastRows<{ id: string; name: string; role: MemberRole }>(MEMBER, values);
        return row ?? null;
      }),

    async standsAt(organisationId, approvalId, providerMessageId, now) {
      if (!isUuid(approvalId)) return;
      await asOrganisation(pool, organisationId, (tenancy) =>
        noteStandsAt(tenancy, approvalId, providerMessageId, now),
      );
    },

    end: (organisationId, approvalId) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const approval = await readApproval(tenancy, approvalId);
        if (approval === null || approval.status === 'pending' || approval.resolvedAt === null) return null;
        const { status, decidedBy, resolvedAt } = approval;
        return { status, by: await deciderName(tenancy, decidedBy), at: resolvedAt };
      }),
  };
}

/** Slack told, by a press or an echo, where the message of a request stands. */
export async function noteStandsAt(
  tenancy: Tenancy,
  approvalId: string,
  providerMessageId: string,
  now: Date,
): Promise<void> {
  await tenancy.rows(STANDS_AT, [tenancy.organisationId, approvalId, providerMessageId, now]);
}
