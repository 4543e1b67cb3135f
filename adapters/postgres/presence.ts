import type pg from 'pg';
import type { Caller, OutgoingSignal, People, Presence } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { assignAll, assigning } from './assigning.ts';
import { noteChange } from './audit.ts';

const READ: Statement = {
  name: 'presence-read',
  text: `
    select m.online, m.capacity,
      (select count(*)::int from conversations c
       where c.organisation_id = $1 and c.operator_id = m.id and c.status = 'open') as open
    from members m where m.organisation_id = $1 and m.id = $2 and m.deleted_at is null`,
};

const SET: Statement = {
  name: 'presence-set',
  text: `
    with before as (
      select online, capacity from members where organisation_id = $1 and id = $2 for no key update
    )
    update members m set online = $3, capacity = coalesce($4, m.capacity) from before
    where m.organisation_id = $1 and m.id = $2 and m.deleted_at is null
    returning before.online <> m.online or before.capacity <> m.capacity as changed`,
};

const HOLD_QUEUES: Statement = {
  name: 'presence-hold-queues',
  text: 'select 1 from organisations where id = $1 for no key update',
};

const TAKE = assigning({
  name: 'presence-take',
  which: `
    select c.id from conversations c
    where c.organisation_id = $1 and c.queued_at is not null and c.status = 'open' and c.owner = 'operator'
      and (c.division_id is null or c.division_id in (
        select division_id from division_members where organisation_id = $1 and member_id = $3))
    order by c.queued_at, c.id limit 1 for no key update`,
  set: 'operator_id = $3, queued_at = null',
});

const TURN: Statement = {
  name: 'presence-turn',
  text: 'update members set last_assigned_at = $3 where organisation_id = $1 and id = $2',
};

/**
 * Only one of the organisation goes through its queues at a time. Otherwise one would take more than they have room
 * for, and who looks for an operator while one comes online, or is removed, would put a conversation where nobody looks.
 * Taken before any conversation's lock, or two would wait for each other in a circle.
 */
export async function holdQueues(tenancy: Tenancy): Promise<void> {
  await tenancy.rows(HOLD_QUEUES, [tenancy.organisationId]);
}

type PresenceMethods = Pick<People, 'presence' | 'setPresence'>;

/** Who is there, and what waits for them (ACT-5). */
export function openPresence(pool: pg.Pool, clock: { now(): Date }): PresenceMethods {
  const read = ({ organisationId, memberId }: Caller): Promise<Presence | null> =>
    asOrganisation(pool, organisationId, async (tenancy) => {
      const [row] = await tenancy.lastRows<Presence>(READ, [organisationId, memberId]);
      return row ?? null;
    });

  return {
    presence: (caller) => (caller.memberId === null ? Promise.resolve(null) : read(caller)),

    async setPresence(caller, change) {
      const { memberId } = caller;
      if (memberId === null || !(await set(pool, caller, memberId, change, clock.now()))) return null;
      const assigned: OutgoingSignal[] = [];
      for (;;) {
        const next = await takeNext(pool, caller, memberId, clock.now());
        if (next === null) break;
        assigned.push(next);
      }
      const presence = await read(caller);
      return presence && { ...presence, assigned };
    },
  };
}

/** False: the member is not there any more. */
function set(
  pool: pg.Pool,
  caller: Caller,
  memberId: string,
  { online, capacity = null }: { online: boolean; capacity?: number | null },
  now: Date,
): Promise<boolean> {
  return asOrganisation(pool, caller.organisationId, async (tenancy) => {
    const values = [caller.organisationId, memberId, online, capacity];
    const [row] = await tenancy.rows<{ changed: boolean }>(SET, values);
    if (row === undefined) return false;
    // A console says again and again that it is open; only what is new is worth a line.
    if (row.changed)
      await noteChange(
        tenancy,
        caller,
        { action: 'presence.changed', subject: memberId, detail: { online, capacity } },
        now,
      );
    return true;
  });
}

/** One conversation out of the queues; null: none waits, or the member has enough or went away. */
function takeNext(
  pool: pg.Pool,
  caller: Caller,
  memberId: string,
  now: Date,
): Promise<OutgoingSignal | null> {
  const { organisationId } = caller;
  return asOrganisation(pool, organisationId, async (tenancy) => {
    await holdQueues(tenancy);
    const [presence] = await tenancy.rows<Presence>(READ, [organisationId, memberId]);
    if (presence?.online !== true || presence.open >= presence.capacity) return null;
    const [taken] = await assignAll(tenancy, TAKE, [memberId], now);
    if (taken === undefined) return null;
    await tenancy.rows(TURN, [organisationId, memberId, now]);
    const { conversationId, divisionId, epoch, signal } = taken;
    const detail = { operator: memberId, division: divisionId, queued: false, epoch };
    const entry = { action: 'conversation.assigned', subject: conversationId, detail };
    await noteChange(tenancy, caller, entry, now);
    return signal;
  });
}
