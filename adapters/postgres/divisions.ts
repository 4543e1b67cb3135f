import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DivisionRecord, People } from '../../api/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { assignAll, assigning } from './assigning.ts';
import { noteChange } from './audit.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { holdQueues } from './presence.ts';
import { storable } from './storable.ts';
import { breaks } from './store-failure.ts';

const COLUMNS = `
  d.id, d.name, d.created_at,
  array(select m.member_id::text from division_members m
        where m.organisation_id = $1 and m.division_id = d.id order by 1) as members,
  (select count(*)::int from conversations c
   where c.organisation_id = $1 and c.division_id = d.id and c.queued_at is not null) as waiting
  from divisions d where d.organisation_id = $1 and d.deleted_at is null`;

const LIST: Statement = {
  name: 'divisions-list',
  text: `
    select ${COLUMNS} and ($2::timestamptz is null or (d.created_at, d.id) < ($2, $3::uuid))
    order by d.created_at desc, d.id desc limit $4`,
};

const ONE: Statement = { name: 'divisions-one', text: `select ${COLUMNS} and d.id = $2` };

const CREATE: Statement = {
  name: 'divisions-create',
  text: 'insert into divisions (organisation_id, id, name, created_at) values ($1, $2, $3, $4)',
};

/** Holds the row too, where nothing but the members is to change. */
const RENAME: Statement = {
  name: 'divisions-rename',
  text: `
    update divisions set name = coalesce($3, name)
    where organisation_id = $1 and id = $2 and deleted_at is null returning id`,
};

const REMOVE: Statement = {
  name: 'divisions-remove',
  text: `
    update divisions set deleted_at = $3
    where organisation_id = $1 and id = $2 and deleted_at is null returning id`,
};

const EMPTY: Statement = {
  name: 'divisions-empty',
  text: 'delete from division_members where organisation_id = $1 and division_id = $2',
};

const FILL: Statement = {
  name: 'divisions-fill',
  text: `
    insert into division_members (organisation_id, division_id, member_id)
    select $1, $2, id from members
    where organisation_id = $1 and id = any ($3::uuid[]) and deleted_at is null returning member_id`,
};

const MOVE_QUEUE = assigning({
  name: 'divisions-move-queue',
  which: `
    select id from conversations
    where organisation_id = $1 and division_id = $3 and queued_at is not null
    order by id for no key update`,
  set: 'division_id = null',
});

interface Row {
  id: string;
  name: string;
  created_at: Date;
  members: string[];
  waiting: number;
}

type DivisionMethods = Pick<
  People,
  'divisions' | 'division' | 'createDivision' | 'updateDivision' | 'removeDivision'
>;

export function openDivisions(pool: pg.Pool, clock: { now(): Date }): DivisionMethods {
  return {
    divisions: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], divisionRecord);
      }),

    async division({ organisationId }, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, (tenancy) => readDivision(tenancy, id));
    },

    createDivision: (caller, { name, members = [] }) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const id = randomUUID();
        const made = await named(tenancy, CREATE, [caller.organisationId, id, storable(name), now]);
        if (made === 'name_taken') return made;
        if (!(await fill(tenancy, id, members))) return 'unknown_member';
        await noteChange(tenancy, caller, { action: 'division.created', subject: id }, now);
        return standing(await readDivision(tenancy, id));
      }),

    async updateDivision(caller, id, { name, members }) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const newName = name === undefined ? null : storable(name);
        const held = await named(tenancy, RENAME, [caller.organisationId, id, newName]);
        if (held === 'name_taken') return held;
        if (held.length === 0) return null;
        if (members !== undefined) {
          await tenancy.rows(EMPTY, [caller.organisationId, id]);
          if (!(await fill(tenancy, id, members))) return 'unknown_member';
        }
        const changed = Object.entries({ name, members }).filter(([, value]) => value !== undefined);
        const detail = { changed: changed.map(([field]) => field) };
        await noteChange(tenancy, caller, { action: 'division.updated', subject: id, detail }, clock.now());
        return standing(await readDivision(tenancy, id));
      });
    },

    async removeDivision(caller, id) {
      if (!isUuid(id)) return null;
      const { organisationId } = caller;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const now = clock.now();
        await holdQueues(tenancy);
        const before = await readDivision(tenancy, id);
        const gone = await tenancy.rows(REMOVE, [organisationId, id, now]);
        if (before === null || gone.length === 0) return null;
        await tenancy.rows(EMPTY, [organisationId, id]);
        const moved = await assignAll(tenancy, MOVE_QUEUE, [id], now);
        await noteChange(tenancy, caller, { action: 'division.removed', subject: id }, now);
        const removed = { ...before, members: [], waiting: 0 };
        return { removed, moved: moved.map(({ signal }) => signal) };
      });
    },
  };
}

/** Runs a statement that gives a name; one that another division has ends the transaction without a trace. */
async function named(
  tenancy: Tenancy,
  statement: Statement,
  values: unknown[],
): Promise<pg.QueryResultRow[] | 'name_taken'> {
  try {
    return await tenancy.rows(statement, values);
  } catch (error) {
    if (!breaks(error, 'divisions_by_name')) throw error;
    tenancy.undo();
    return 'name_taken';
  }
}

/** False: one of them is not of this organisation, and the transaction ends without a trace. */
async function fill(tenancy: Tenancy, id: string, members: string[]): Promise<boolean> {
  if (members.length === 0) return true;
  const filled = await tenancy.rows(FILL, [tenancy.organisationId, id, members]);
  const all = filled.length === new Set(members).size;
  if (!all) tenancy.undo();
  return all;
}

async function readDivision(tenancy: Tenancy, id: string): Promise<DivisionRecord | null> {
  const [row] = await tenancy.rows<Row>(ONE, [tenancy.organisationId, id]);
  return row === undefined ? null : divisionRecord(row);
}

function standing<T>(record: T | null): T {
  if (record === null) throw new Error('a row held in this transaction is gone');
  return record;
}

function divisionRecord({ created_at, ...row }: Row): DivisionRecord {
  return { ...row, createdAt: created_at };
}
