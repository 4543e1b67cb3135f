import type { Withdrawn } from '../../activities/ports.ts';
import { endApproval, EXPIRED } from './approval-rows.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { lockForCalls } from './open-calls.ts';

/** As who decided. */
const WITHDRAWN_BY = 'customer';

const WAITS: Statement = {
  name: 'withdraw-waits',
  text: `
    select from inbox
    where organisation_id = $1 and conversation_id = $2 and kind = 'message' and settled_at is null limit 1`,
};

const WITHDRAWN: Statement = {
  name: 'withdraw-withdrawn',
  text: `
    select a.id as "actionId", a.call_id as "callId", i.id as "rowId"
    from actions a
    join inbox i on i.organisation_id = $1 and i.action_id = a.id and i.settled_at is null
    where a.organisation_id = $1 and a.conversation_id = $2 and a.id = any ($3::uuid[])
      and a.status = 'cancelled' and a.decided_by = $4 and a.call_id is not null
    order by a.created_at, a.id`,
};

/** See `Approvals.withdraw`: the message and the decision of an operator meet behind the conversation's lock. */
export async function withdrawForMessage(
  tenancy: Tenancy,
  conversationId: string,
  actionIds: readonly string[],
  now: Date,
): Promise<Withdrawn[]> {
  const key = [tenancy.organisationId, conversationId];
  const conversation = await lockForCalls(tenancy, conversationId);
  const isAgents = conversation?.owner === 'agent' && conversation.status === 'open';
  if (isAgents && (await tenancy.rows(WAITS, key)).length > 0) {
    for (const id of actionIds) {
      const how = { ...EXPIRED, status: 'cancelled', decidedBy: WITHDRAWN_BY } as const;
      await endApproval(tenancy, id, how, now);
    }
  }
  return tenancy.rows<Withdrawn>(WITHDRAWN, [...key, actionIds, WITHDRAWN_BY]);
}
