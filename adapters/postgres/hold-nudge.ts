import type { IdleVerdict } from '../../activities/ports.ts';
import { dailyLimit, heldUntil, isLimitReached } from '../../domain/proactive-limit.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import type { ProactiveUseRow } from './proactive-use.ts';

/** One of all who find the limit reached stops the nudges, and tells it; the others find them stopped. */
const STOP: Statement = {
  name: 'proactive-stop',
  text: `
    with stopped as (
      insert into proactive_limits as l (organisation_id, stopped_at) values ($1, $2)
      on conflict (organisation_id) do update set stopped_at = excluded.stopped_at where l.stopped_at is null
      returning l.organisation_id
    )
    insert into events (organisation_id, name, properties, at)
    select $1, 'proactive_limit_reached', jsonb_build_object('limit', $3::int, 'planned_today', $4::int), $2
    from stopped`,
};

/**
 * Whether a nudge has to wait because its organisation has sent too many (IDLE-11), and until when. Null: it may go. It
 * counts nothing: what is planned at the same moment may go a little beyond.
 * @param due when it would have fired
 */
export async function holdNudge(
  tenancy: Tenancy,
  { proactive: use }: ProactiveUseRow,
  due: Date,
  now: Date,
): Promise<Extract<IdleVerdict, { kind: 'not_yet' }> | null> {
  if (!use.stopped && !isLimitReached(use)) return null;
  if (!use.stopped)
    await tenancy.rows(STOP, [tenancy.organisationId, now, dailyLimit(use), use.plannedToday]);
  return { kind: 'not_yet', at: heldUntil(due, now) };
}
