import type pg from 'pg';
import type { ApprovalResult, Approvals, Decider } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import {
  endApproval,
  EXPIRED,
  LIST,
  lockConversationOfAction,
  readApproval,
  recordOf,
} from './approval-rows.ts';
import type { ApprovalRow, End } from './approval-rows.ts';
import { deciderOf, noteChange } from './audit.ts';
import { recordEvent } from './events.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { storable, storableJson } from './storable.ts';

const PRIORITISE: Statement = {
  name: 'approval-prioritise',
  text: `
    update actions set priority = $3
    where organisation_id = $1 and id = $2 and status = 'pending' and expires_at > $4
    returning id`,
};

/** See `Approvals` of the gateway. */
export function openApprovals(pool: pg.Pool): Approvals {
  return {
    list: ({ organisationId }, { status }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, status ?? null, limit + 1];
        const rows = await tenancy.rows<ApprovalRow>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], recordOf);
      }),

    read: ({ organisationId }, id) =>
      asOrganisation(pool, organisationId, (tenancy) => readApproval(tenancy, id)),

    decide: (decider, id, { decision, response, responseData }, now) =>
      end(pool, decider, id, now, {
        status: decision === 'approve' ? 'approved' : 'denied',
        decidedBy: deciderOf(decider),
        response: response === null ? null : storable(response),
        responseData: responseData === null ? null : storableJson(responseData),
      }),

    cancel: (caller, id, now) => {
      const decidedBy = deciderOf(caller);
      return end(pool, caller, id, now, { ...EXPIRED, status: 'cancelled', decidedBy });
    },

    setPriority: (caller, id, priority, now) =>
      asOrganisation(pool, caller.organisationId, async (tenancy): Promise<ApprovalResult> => {
        if (!(await lockConversationOfAction(tenancy, id))) return { kind: 'unknown' };
        const changed = await tenancy.rows(PRIORITISE, [caller.organisationId, id, priority, now]);
        if (changed.length === 0) return ended(tenancy, id, now);
        const approval = await standing(tenancy, id);
        await noteChange(
          tenancy,
          caller,
          { action: 'approval.prioritised', subject: id, detail: { priority } },
          now,
        );
        const { agentId: agent_id, status, conversationId } = approval;
        const properties = { action_id: id, agent_id, status, priority };
        await recordEvent(tenancy, conversationId, 'approval_changed', properties, now);
        return { kind: 'done', approval, signal: null };
      }),
  };
}

function end(
  pool: pg.Pool,
  { organisationId }: Pick<Decider, 'organisationId'>,
  id: string,
  now: Date,
  how: End,
): Promise<ApprovalResult> {
  return asOrganisation(pool, organisationId, async (tenancy): Promise<ApprovalResult> => {
    if (!(await lockConversationOfAction(tenancy, id))) return { kind: 'unknown' };
    const done = await endApproval(tenancy, id, how, now);
    if (done === null) return ended(tenancy, id, now);
    return { kind: 'done', approval: await standing(tenancy, id), signal: done.signal };
  });
}

/** Too late. Where only the time has run out and nobody had noted it, that is noted here. */
async function ended(tenancy: Tenancy, id: string, now: Date): Promise<ApprovalResult> {
  const expired = await endApproval(tenancy, id, EXPIRED, now);
  return { kind: 'ended', approval: await standing(tenancy, id), signal: expired?.signal ?? null };
}

async function standing(tenancy: Tenancy, id: string) {
  const approval = await readApproval(tenancy, id);
  if (approval === null) throw new Error('an action is gone while its conversation is locked');
  return approval;
}
