import type { AssignRefusal, AssignTo } from '../../domain/assignment.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

const DIVISION: Statement = {
  name: 'room-division',
  text: 'select id from divisions where organisation_id = $1 and id = $2 and deleted_at is null for key share',
};

/**
 * Round robin (ACT-5): whose last conversation was given longest ago, among those who are there and have room for
 * this one. Who has it already has room for it.
 */
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
          where c.organisation_id = $1 and c.operator_id = m.id and c.status = 'open' and c.id <> $4)
        and m.id is distinct from $5::uuid
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
export type Found = { operatorId: string | null; divisionId: string | null } | { refused: AssignRefusal };

/** Who gets a conversation; behind `holdQueues`, or two assignments at once would count the same free place. */
export async function findOperator(
  tenancy: Tenancy,
  conversationId: string,
  to: AssignTo,
  now: Date,
): Promise<Found> {
  if (to.type === 'agent') {
    const named = await take(tenancy, NAMED, [canonical(to.operatorId), now]);
    return named === null ? { refused: 'operator_not_found' } : { operatorId: named, divisionId: null };
  }
  const divisionId = to.type === 'division' ? canonical(to.divisionId) : null;
  if (to.type === 'division' && !(await divisionExists(tenancy, divisionId)))
    return { refused: 'division_not_found' };
  return {
    operatorId: await nextOperator(tenancy, conversationId, { divisionId, except: null }, now),
    divisionId,
  };
}

/** Whose turn it is, behind `holdQueues`; null: nobody of the division, or of all, is there and has room. */
export function nextOperator(
  tenancy: Tenancy,
  conversationId: string,
  { divisionId, except }: { divisionId: string | null; except: string | null },
  now: Date,
): Promise<string | null> {
  return take(tenancy, NEXT, [divisionId, now, conversationId, except]);
}

/** However its letters are written; null: it is no id of ours. */
function canonical(text: string): string | null {
  const id = text.toLowerCase();
  return isUuid(id) ? id : null;
}

async function divisionExists(tenancy: Tenancy, divisionId: string | null): Promise<boolean> {
  return (await tenancy.rows(DIVISION, [tenancy.organisationId, divisionId])).length > 0;
}

async function take(
  tenancy: Tenancy,
  statement: Statement,
  values: readonly unknown[],
): Promise<string | null> {
  const [row] = await tenancy.rows<{ id: string }>(statement, [tenancy.organisationId, ...values]);
  return row?.id ?? null;
}
