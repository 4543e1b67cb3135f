import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { MemberRecord, NewMember, People } from '../../api/ports.ts';
import type { MemberRole } from '../../domain/role.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { assignAll, assigning } from './assigning.ts';
import { noteChange } from './audit.ts';
import { losesLastAdmin } from './last-admin-key.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { holdQueues } from './presence.ts';
import { storable } from './storable.ts';
import { breaks } from './store-failure.ts';

const COLUMNS = `
  m.id, m.name, m.role, m.capacity, m.online, m.created_at, m.slack_user_id,
  array(select d.division_id::text from division_members d
        where d.organisation_id = $1 and d.member_id = m.id order by 1) as divisions
  from members m where m.organisation_id = $1 and m.deleted_at is null`;

const LIST: Statement = {
  name: 'members-list',
  text: `
    select ${COLUMNS} and ($2::timestamptz is null or (m.created_at, m.id) < ($2, $3::uuid))
    order by m.created_at desc, m.id desc limit $4`,
};

const ONE: Statement = { name: 'members-one', text: `select ${COLUMNS} and m.id = $2` };

const HOLD: Statement = {
  name: 'members-hold',
  text: `
    select role from members where organisation_id = $1 and id = $2 and deleted_at is null for no key update`,
};

const CREATE: Statement = {
  name: 'members-create',
  text: `
    insert into members (organisation_id, id, name, role, capacity, slack_user_id, created_at)
    values ($1, $2, $3, $4, coalesce($5, 10), $6, $7)`,
};

const UPDATE: Statement = {
  name: 'members-update',
  text: `
    update members
    set name = coalesce($3, name), role = coalesce($4, role), capacity = coalesce($5, capacity),
      slack_user_id = case when $6 then $7 else slack_user_id end
    where organisation_id = $1 and id = $2`,
};

const REMOVE: Statement = {
  name: 'members-remove',
  text: 'update members set deleted_at = $3, online = false where organisation_id = $1 and id = $2',
};

const LEAVE_DIVISIONS: Statement = {
  name: 'members-leave-divisions',
  text: 'delete from division_members where organisation_id = $1 and member_id = $2',
};

const JOIN_DIVISIONS: Statement = {
  name: 'members-join-divisions',
  text: `
    insert into division_members (organisation_id, division_id, member_id)
    select $1, id, $2 from divisions
    where organisation_id = $1 and id = any ($3::uuid[]) and deleted_at is null returning division_id`,
};

const ACTIVE_KEYS: Statement = {
  name: 'members-active-keys',
  text: 'select id from api_keys where organisation_id = $1 and member_id = $2 and revoked_at is null',
};

const REVOKE_KEYS: Statement = {
  name: 'members-revoke-keys',
  text: 'update api_keys set revoked_at = $3 where organisation_id = $1 and id = any ($2::uuid[])',
};

/** Nobody has them any more: they wait where they were called from, or in the organisation's own queue. */
const REQUEUE = assigning({
  name: 'members-requeue',
  which: `
    select c.id, (
      select d.id from divisions d
      where d.organisation_id = $1 and d.id = c.division_id and d.deleted_at is null) as division_id
    from conversations c
    where c.organisation_id = $1 and c.operator_id = $3 and c.status = 'open'
    order by c.id for no key update of c`,
  set: 'operator_id = null, division_id = f.division_id, queued_at = $2',
});

interface Row {
  id: string;
  name: string;
  role: MemberRole;
  capacity: number;
  online: boolean;
  created_at: Date;
  slack_user_id: string | null;
  divisions: string[];
}

type MemberMethods = Pick<People, 'members' | 'member' | 'createMember' | 'updateMember' | 'removeMember'>;

export function openMembers(pool: pg.Pool, clock: { now(): Date }): MemberMethods {
  return {
    members: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], memberRecord);
      }),

    async member({ organisationId }, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, (tenancy) => readMember(tenancy, id));
    },

    createMember: (caller, member) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const id = randomUUID();
        const { name, role, capacity = null, slackUserId = null } = member;
        const values = [caller.organisationId, id, storable(name), role, capacity, slackUserId, now];
        if (!(await saved(tenancy, CREATE, values))) return 'slack_user_taken';
        if (!(await putInDivisions(tenancy, id, member.divisions ?? []))) return 'unknown_division';
        await noteChange(tenancy, caller, { action: 'member.created', subject: id, detail: { role } }, now);
        return standing(await readMember(tenancy, id));
      }),

    async updateMember(caller, id, change) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const [held] = await tenancy.rows<{ role: MemberRole }>(HOLD, [caller.organisationId, id]);
        if (held === undefined) return null;
        const changesRole = change.role !== undefined && change.role !== held.role;
        if (changesRole && (await activeKeys(tenancy, id)).length > 0) return 'has_keys';
        const values = [caller.organisationId, id, ...columnsOf(change)];
        if (!(await saved(tenancy, UPDATE, values))) return 'slack_user_taken';
        if (change.divisions !== undefined) {
          await tenancy.rows(LEAVE_DIVISIONS, [caller.organisationId, id]);
          if (!(await putInDivisions(tenancy, id, change.divisions))) return 'unknown_division';
        }
        const detail = { changed: Object.keys(change), ...(changesRole ? { role: change.role } : {}) };
        await noteChange(tenancy, caller, { action: 'member.updated', subject: id, detail }, clock.now());
        return standing(await readMember(tenancy, id));
      });
    },

    async removeMember(caller, id) {
      if (!isUuid(id)) return null;
      const { organisationId } = caller;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const now = clock.now();
        await holdQueues(tenancy);
        const held = await tenancy.rows(HOLD, [organisationId, id]);
        if (held.length === 0) return null;
        const before = standing(await readMember(tenancy, id));
        const keys = await activeKeys(tenancy, id);
        if (keys.length > 0 && (await losesLastAdmin(tenancy, caller, keys, now))) return 'last_admin';
        await tenancy.rows(REVOKE_KEYS, [organisationId, keys, now]);
        await tenancy.rows(LEAVE_DIVISIONS, [organisationId, id]);
        await tenancy.rows(REMOVE, [organisationId, id, now]);
        const requeued = await assignAll(tenancy, REQUEUE, [id], now);
        const detail = { keys, requeued: requeued.map(({ conversationId }) => conversationId) };
        await noteChange(tenancy, caller, { action: 'member.removed', subject: id, detail }, now);
        const removed = { ...before, online: false, divisions: [] };
        return { removed, requeued: requeued.map(({ signal }) => signal) };
      });
    },
  };
}

async function readMember(tenancy: Tenancy, id: string): Promise<MemberRecord | null> {
  const [row] = await tenancy.rows<Row>(ONE, [tenancy.organisationId, id]);
  return row === undefined ? null : memberRecord(row);
}

async function activeKeys(tenancy: Tenancy, id: string): Promise<string[]> {
  const rows = await tenancy.rows<{ id: string }>(ACTIVE_KEYS, [tenancy.organisationId, id]);
  return rows.map((key) => key.id);
}

/** False: one of them is not of this organisation, and the transaction ends without a trace. */
async function putInDivisions(tenancy: Tenancy, id: string, divisions: string[]): Promise<boolean> {
  if (divisions.length === 0) return true;
  const joined = await tenancy.rows(JOIN_DIVISIONS, [tenancy.organisationId, id, divisions]);
  const all = joined.length === new Set(divisions).size;
  if (!all) tenancy.undo();
  return all;
}

/** False: another member is that user of Slack, and the transaction ends without a trace. */
async function saved(tenancy: Tenancy, statement: Statement, values: unknown[]): Promise<boolean> {
  try {
    await tenancy.rows(statement, values);
    return true;
  } catch (error) {
    if (!breaks(error, 'members_by_slack_user')) throw error;
    tenancy.undo();
    return false;
  }
}

function columnsOf({ name, role, capacity, slackUserId }: Partial<NewMember>): unknown[] {
  const newName = name === undefined ? null : storable(name);
  return [newName, role ?? null, capacity ?? null, slackUserId !== undefined, slackUserId ?? null];
}

function standing<T>(record: T | null): T {
  if (record === null) throw new Error('a row held in this transaction is gone');
  return record;
}

function memberRecord({ created_at, slack_user_id, ...row }: Row): MemberRecord {
  return { ...row, slackUserId: slack_user_id, createdAt: created_at };
}
