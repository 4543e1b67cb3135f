import { cancelApprovalsOf } from './approval-rows.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { tellConversationsChanged } from './conversation-changed.ts';

const GIVE_AWAY: Statement = {
  name: 'hands-give-away',
  text: `
    update conversations
    set epoch = epoch + 1, owner = 'operator', operator_id = $3, division_id = $4,
        queued_at = case when $3::uuid is null then $5::timestamptz end
    where organisation_id = $1 and id = $2
    returning epoch`,
};

const CLOSE: Statement = {
  name: 'hands-close',
  text: `
    update conversations
    set epoch = epoch + 1, owner = 'agent', operator_id = null, division_id = null, queued_at = null,
        status = 'resolved', resolved_at = $3
    where organisation_id = $1 and id = $2
    returning epoch`,
};

const GO_ON: Statement = {
  name: 'hands-go-on',
  text: `
    update conversations
    set epoch = epoch + 1, owner = 'agent', operator_id = null, division_id = null, queued_at = null,
        offered_at = $3, offered_turn = turn
    where organisation_id = $1 and id = $2
    returning epoch`,
};

/**
 * The agent's side gives a locked conversation to an operator, or, where nobody is there, to a queue. Its workflow is
 * what asked for it, so no row tells it. Returns the new epoch.
 */
export function giveAway(
  tenancy: Tenancy,
  conversationId: string,
  { operatorId, divisionId }: { operatorId: string | null; divisionId: string | null },
  now: Date,
): Promise<number> {
  return change(tenancy, GIVE_AWAY, conversationId, [operatorId, divisionId, now], now);
}

/** The agent's side resolves a locked conversation. Returns the new epoch. */
export async function close(tenancy: Tenancy, conversationId: string, now: Date): Promise<number> {
  await cancelApprovalsOf(tenancy, conversationId, null, now);
  return change(tenancy, CLOSE, conversationId, [now], now);
}

/** The agent has a locked conversation again that no person has answered (ESC-6). Returns the new epoch. */
export function goOn(tenancy: Tenancy, conversationId: string, now: Date): Promise<number> {
  return change(tenancy, GO_ON, conversationId, [now], now);
}

async function change(
  tenancy: Tenancy,
  statement: Statement,
  conversationId: string,
  values: readonly unknown[],
  now: Date,
): Promise<number> {
  const key = [tenancy.organisationId, conversationId];
  const [changed] = await tenancy.rows<{ epoch: number }>(statement, [...key, ...values]);
  if (changed === undefined) throw new Error('a locked conversation is gone');
  await tellConversationsChanged(tenancy, [conversationId], now);
  return changed.epoch;
}
