import { LEAST_DAILY_LIMIT, PEAK_DAYS } from '../../domain/proactive-limit.ts';
import type { ProactiveUse } from '../../domain/proactive-limit.ts';

/** So many rows hold the count of a day: nudges that are planned at one moment wait for each other in one of them only. */
export const SHARDS = 32;

/** The day in UTC, of a moment as SQL. */
export function dayOf(now: string): string {
  return `((${now}::timestamptz) at time zone 'UTC')::date`;
}

/**
 * Part of a statement with `$1` for the organisation: its nudges of today and what limits them (IDLE-11), as
 * `ProactiveUse` and whether they are stopped. Nothing is locked. The peak is read only where it could matter.
 * @param now as SQL
 */
export function proactiveUse(now: string): string {
  return `
    (select jsonb_build_object(
        'plannedToday', t.planned, 'set', l.daily_limit, 'stopped', l.stopped_at is not null,
        'forgiven', case when l.resumed_day = t.day then l.resumed_planned else 0 end,
        'peak', case when l.daily_limit is null and t.planned >= ${LEAST_DAILY_LIMIT} then ${peakBefore('t.day')} else 0 end)
      from (
        select ${dayOf(now)} as day, coalesce((
          select sum(n.planned) from proactive_counts n
          where n.organisation_id = $1 and n.day = ${dayOf(now)}), 0)::int as planned) t
      left join proactive_limits l on l.organisation_id = $1) as proactive`;
}

/** Part of a statement: the most of one of the days before this one. */
export function peakBefore(day: string): string {
  return `
    (select coalesce(max(d.planned), 0)::int from (
      select sum(n.planned) as planned from proactive_counts n
      where n.organisation_id = $1 and n.day < ${day} and n.day >= ${day} - ${PEAK_DAYS}
      group by n.day) d)`;
}

export interface ProactiveUseRow {
  proactive: ProactiveUse & { stopped: boolean };
}
