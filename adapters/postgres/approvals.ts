import type pg from 'pg';
import type { ApprovalResult, Approvals, Decider, OperatorDecision } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { LIST, readApproval, recordOf } from './approval-records.ts';
import type { ApprovalRow } from './approval-records.ts';
import { endApproval, EXPIRED, lockConversationOfAction } from './approval-rows.ts';
import type { End } from './approval-rows.ts';
import { deciderOf, noteChange } from './audit.ts';
import { editAskedCall } from './edit-asked-call.ts';
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

    decide: (decider, id, { decision, response, responseData, digest = null, edit = null }, now) => {
      const how: End = {
        status: decision === 'approve' ? 'approved' : 'denied',
        decidedBy: deciderOf(decider),
        response: response === null ? null : storable(response),
        responseData: responseData === null ? null : storableJson(responseData),
      };
      return end(pool, decider, id, now, how, (tenancy) =>
        whatStandsAgainst(tenancy, id, { digest, edit }, now),
      );
    },

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

/** @param first what is looked at behind the lock, and may stand against it */
function end(
  pool: pg.Pool,
  { organisationId }: Pick<Decider, 'organisationId'>,
  id: string,
  now: Date,
  how: End,
  first?: (tenancy: Tenancy) => Promise<ApprovalResult | null>,
): Promise<ApprovalResult> {
  return asOrganisation(pool, organisationId, async (tenancy): Promise<ApprovalResult> => {
    if (!(await lockConversationOfAction(tenancy, id))) return { kind: 'unknown' };
    const against = (await first?.(tenancy)) ?? null;
    if (against !== null) return against;
    const done = await endApproval(tenancy, id, how, now);
    if (done === null) return ended(tenancy, id, now);
    return { kind: 'done', approval: await standing(tenancy, id), signal: done.signal };
  });
}

/**
 * Whoever decides says yes or no to what they saw: an action that is bound to another call by now is not decided, nor is
 * one whose new arguments are wrong (APR-5). Of one that has ended the compare-and-set tells.
 */
async function whatStandsAgainst(
  tenancy: Tenancy,
  id: string,
  { digest, edit }: Required<Pick<OperatorDecision, 'digest' | 'edit'>>,
  now: Date,
): Promise<ApprovalResult | null> {
  const approval = await standing(tenancy, id);
  if (approval.status !== 'pending' || approval.expiresAt <= now) return null;
  if (digest !== null && digest !== approval.digest) return { kind: 'changed', approval };
  if (edit === null) return null;
  if (approval.call === null) return { kind: 'invalid', problems: [NO_CALL] };
  const problems = await editAskedCall(tenancy, id, approval.call.id, edit);
  return problems.length === 0 ? null : { kind: 'invalid', problems };
}

const NO_CALL = { field: '', message: 'is only for a call that waits for the decision' };

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
