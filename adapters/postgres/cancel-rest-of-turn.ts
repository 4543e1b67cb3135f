import type { Statement, Tenancy } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import type { CallRow } from './call-rows.ts';

const CANCEL_REST: Statement = {
  name: 'calls-cancel-rest',
  text: `
    update calls set state = 'cancelled', reason = $3, ended_at = $4
    where organisation_id = $1 and conversation_id = $5 and origin = 'conversation'
      and (id = $2 and state in ('planned', 'calling') or turn = $6 and state = 'planned' and asked_at is null)
    returning id`,
};

/**
 * The conversation is no longer the agent's: what the turn of `row` had planned is cancelled, for nobody comes to
 * begin it, and with it the row itself where it has not ended. What an operator was asked about is not the turn's.
 */
export async function cancelRestOfTurn(
  tenancy: Tenancy,
  row: Pick<CallRow, 'id' | 'conversation_id' | 'turn'>,
  reason: 'epoch' | 'owner' | 'resolved',
  now: Date,
): Promise<void> {
  const values = [tenancy.organisationId, row.id, reason, now, row.conversation_id, row.turn];
  const cancelled = await tenancy.rows<{ id: string }>(CANCEL_REST, values);
  const ids = cancelled.map(({ id }) => id);
  await storeCallEvents(tenancy, ids, 'cancelled', now);
}
