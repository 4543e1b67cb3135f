import type pg from 'pg';
import type { CancelReason, Calls } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import { endRow } from './end-call.ts';
import { lockForCalls } from './open-calls.ts';

const CANCEL_PLANNED: Statement = {
  name: 'calls-cancel-planned',
  text: `
    update calls set state = 'cancelled', reason = $5, ended_at = $6
    where organisation_id = $1 and conversation_id = $2 and turn = $3 and state = 'planned' and asked_at is null
      and id <> all ($4::uuid[])
    returning id`,
};

const BEGUN: Statement = {
  name: 'calls-begun-of-turn',
  text: `
    select id from calls
    where organisation_id = $1 and conversation_id = $2 and turn = $3 and state = 'calling' and asked_at is null
      and id <> all ($4::uuid[])
    order by number`,
};

/** Ends what a turn leaves behind that is over without it; see `Calls.endOfTurn`. */
export function makeEndOfTurn(pool: pg.Pool): Calls['endOfTurn'] {
  return (ref, turn, { outcome, underWay }, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      await lockForCalls(tenancy, ref.conversationId);
      const left = [ref.organisationId, ref.conversationId, turn, underWay];
      const reason: CancelReason = 'turn_failed';
      const cancelled = await tenancy.rows<{ id: string }>(CANCEL_PLANNED, [...left, reason, now]);
      const ids = cancelled.map(({ id }) => id);
      await storeCallEvents(tenancy, ids, 'cancelled', now);
      for (const { id } of await tenancy.rows<{ id: string }>(BEGUN, left))
        await endRow(tenancy, id, outcome, null, now);
    });
}
