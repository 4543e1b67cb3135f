import type pg from 'pg';
import type { Caller, Proactive, ProactiveState } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { dayOf, peakBefore } from './proactive-use.ts';

const READ: Statement = {
  name: 'proactive-read',
  text: `
    select t.planned, l.daily_limit, l.stopped_at, ${peakBefore('t.day')} as peak,
      case when l.resumed_day = t.day then l.resumed_planned else 0 end as forgiven
    from (
      select ${dayOf('$2')} as day, coalesce((
        select sum(n.planned) from proactive_counts n
        where n.organisation_id = $1 and n.day = ${dayOf('$2')}), 0)::int as planned) t
    left join proactive_limits l on l.organisation_id = $1`,
};

const SET_LIMIT: Statement = {
  name: 'proactive-set-limit',
  text: `
    insert into proactive_limits (organisation_id, daily_limit) values ($1, $2)
    on conflict (organisation_id) do update set daily_limit = excluded.daily_limit`,
};

/** Only the one who ends the stop tells it. */
const RESUME: Statement = {
  name: 'proactive-resume',
  text: `
    with resumed as (
      update proactive_limits set stopped_at = null, resumed_day = ${dayOf('$2')}, resumed_planned = coalesce((
        select sum(n.planned) from proactive_counts n
        where n.organisation_id = $1 and n.day = ${dayOf('$2')}), 0)
      where organisation_id = $1 and stopped_at is not null
      returning resumed_planned
    )
    insert into events (organisation_id, name, properties, at)
    select $1, 'proactive_resumed', jsonb_build_object('planned_today', resumed_planned), $2 from resumed
    returning 1`,
};

interface Row {
  planned: number;
  daily_limit: number | null;
  stopped_at: Date | null;
  peak: number;
  forgiven: number;
}

/** See `Proactive`. */
export function openProactive(pool: pg.Pool, clock: { now(): Date }): Proactive {
  const change = (
    caller: Caller,
    what: { action: string; detail?: Record<string, unknown> },
    write: (tenancy: Tenancy, now: Date) => Promise<boolean>,
  ) =>
    asOrganisation(pool, caller.organisationId, async (tenancy) => {
      const now = clock.now();
      const changed = await write(tenancy, now);
      if (changed) await noteChange(tenancy, caller, { ...what, subject: caller.organisationId }, now);
      return state(tenancy, now);
    });

  return {
    read: ({ organisationId }) =>
      asOrganisation(pool, organisationId, (tenancy) => state(tenancy, clock.now())),

    setLimit: (caller, limit) =>
      change(caller, { action: 'proactive.limit_set', detail: { daily_limit: limit } }, async (tenancy) => {
        await tenancy.rows(SET_LIMIT, [caller.organisationId, limit]);
        return true;
      }),

    resume: (caller) =>
      change(caller, { action: 'proactive.resumed' }, async (tenancy, now) => {
        const resumed = await tenancy.rows(RESUME, [caller.organisationId, now]);
        return resumed.length > 0;
      }),
  };
}

async function state(tenancy: Tenancy, now: Date): Promise<ProactiveState> {
  const [row] = await tenancy.rows<Row>(READ, [tenancy.organisationId, now]);
  if (row === undefined) throw new Error('a sum returned no row');
  return {
    plannedToday: row.planned,
    forgiven: row.forgiven,
    peak: row.peak,
    set: row.daily_limit,
    stoppedAt: row.stopped_at,
  };
}
