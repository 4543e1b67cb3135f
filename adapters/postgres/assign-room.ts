import type { Assignment } from '../../activities/ports.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/**
 * One assignment of an organisation at a time, taken turns with operators who come online: otherwise two would count
 * the same free place, and one would be queued behind an operator who has just looked at the queue.
 */
const HOLD_QUEUES: Statement = {
  name: 'room-hold-queues',
  text: 'select from organisations where id = $1 for no key update',
};

const DIVISION: Statement = {
  name: 'room-division',
  text: 'select id from divisions where organisation_id = $1 and id = $2 and deleted_at is null for key share',
};

/** Round robin (ACT-5): whose last conversation was given longest ago, among those who are there and have room. */
const NEXT: Statement = {
  name: 'room-next-operator',
  text: `
    update members set last_assigned_at = $3
    where organisation_id = $1 and id = (
      select m.id from members m
      where m.organisation_id = $1 and m.deleted_at is null and m.online and m.role in ('operator', 'admin')
        and ($2::uuid is null or exists (
          select from division_members d
          where d.organisation_id = $1 and d.division_id = $2 and d.member_id = m.id))
        and m.capacity > (
          select count(*) from conversations c
          where c.organisation_id = $1 and c.operator_id = m.id and c.status = 'open')
      order by m.last_assigned_at nulls first, m.created_at, m.id
      limit 1)
    returning id`,
};

/** Whoever is named gets it, online and free or not: the builder knows why. */
const NAMED: Statement = {
  name: 'room-named-operator',
  text: `
    update members set last_assigned_at = $3
    where organisation_id = $1 and id = $2 and deleted_at is null and role in ('operator', 'admin')
    returning id`,
};

/** Null operator: nobody is there, so it waits in the division's queue, or in the organisation's own. */
export type Found = { operatorId: string | null; divisionId: string | null } | { refused: string };

/** Who gets a conversation. Locks what two assignments at once would fight for, until the end of the transaction. */
export async function findOperator(tenancy: Tenancy, assignment: Assignment, now: Date): Promise<Found> {
  const { organisationId } = tenancy;
  const divisionId = assignment.type === 'division' ? assignment.divisionId.toLowerCase() : null;
  await tenancy.rows(HOLD_QUEUES, [organisationId]);
  if (assignment.type === 'agent') {
    const named = await take(tenancy, NAMED, assignment.operatorId.toLowerCase(), now);
    return named === null ? { refused: 'operator_not_found' } : { operatorId: named, divisionId };
  }
  if (divisionId !== null && !(await divisionExists(tenancy, divisionId)))
    return { refused: 'division_not_found' };
  return { operatorId: await take(tenancy, NEXT, divisionId, now), divisionId };
}

async function divisionExists(tenancy: Tenancy, divisionId: string): Promise<boolean> {
  if (!isUuid(divisionId)) return false;
  return (await tenancy.rows(DIVISION, [tenancy.organisationId, divisionId])).length > 0;
}

async function take(
  tenancy: Tenancy,
  statement: Statement,
  id: string | null,
  now: Date,
): Promise<string | null> {
  if (id !== null && !isUuid(id)) return null;
  const [row] = await tenancy.rows<{ id: string }>(statement, [tenancy.organisationId, id, now]);
  return row?.id ?? null;
}
