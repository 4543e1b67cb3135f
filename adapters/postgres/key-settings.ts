import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Caller, KeyRecord, NewKey, Settings } from '../../api/ports.ts';
import type { Role } from '../../domain/role.ts';
import { newApiKey } from './api-key.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { losesLastAdmin } from './last-admin-key.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { storable } from './storable.ts';

const COLUMNS = 'id, name, role, member_id, created_at, revoked_at';

const LIST: Statement = {
  name: 'keys-list',
  text: `
    select ${COLUMNS} from api_keys
    where organisation_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
    order by created_at desc, id desc limit $4`,
};

const CREATE: Statement = {
  name: 'keys-create',
  text: `
    insert into api_keys (organisation_id, id, key_id, secret_hash, name, role, created_at, member_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${COLUMNS}`,
};

const REVOKE: Statement = {
  name: 'keys-revoke',
  text: `
    update api_keys set revoked_at = coalesce(revoked_at, $3)
    where organisation_id = $1 and id = $2 and (role <> 'owner' or $4::text = 'owner') returning ${COLUMNS}`,
};

/** Held against another role, and against the member's removal. */
const MEMBER_ROLE: Statement = {
  name: 'keys-member-role',
  text: 'select role from members where organisation_id = $1 and id = $2 and deleted_at is null for share',
};

interface Row {
  id: string;
  name: string;
  role: Role;
  member_id: string | null;
  created_at: Date;
  revoked_at: Date | null;
}

type KeyMethods = Pick<Settings, 'keys' | 'createKey' | 'createMemberKey' | 'revokeKey'>;

export function openKeySettings(pool: pg.Pool, clock: { now(): Date }): KeyMethods {
  return {
    keys: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], keyRecord);
      }),

    createKey: (caller, key) =>
      asOrganisation(pool, caller.organisationId, (tenancy) => create(tenancy, caller, key, clock.now())),

    async createMemberKey(caller, key) {
      if (!isUuid(key.memberId)) return 'unknown_member';
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const held = [caller.organisationId, key.memberId];
        const [member] = await tenancy.rows<{ role: Role }>(MEMBER_ROLE, held);
        if (member === undefined) return 'unknown_member';
        if (member.role !== key.role) return 'other_role';
        return create(tenancy, caller, key, clock.now());
      });
    },

    async revokeKey(caller, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        if (await losesLastAdmin(tenancy, caller, [id], now)) return 'last_admin';
        const [row] = await tenancy.rows<Row>(REVOKE, [caller.organisationId, id, now, caller.role]);
        if (row === undefined) return null;
        await noteChange(
          tenancy,
          caller,
          { action: 'key.revoked', subject: id, detail: { role: row.role } },
          now,
        );
        return keyRecord(row);
      });
    },
  };
}

async function create(
  tenancy: Tenancy,
  caller: Caller,
  { name, role, memberId = null }: { name: string; role: Role; memberId?: string | null },
  now: Date,
): Promise<NewKey> {
  const id = randomUUID();
  const { key, keyId, secretHash } = newApiKey();
  const values = [caller.organisationId, id, keyId, secretHash, storable(name), role, now, memberId];
  const [row] = await tenancy.rows<Row>(CREATE, values);
  if (row === undefined) throw new Error('an insert returned no row');
  const detail = { role, ...(memberId === null ? {} : { member: memberId }) };
  await noteChange(tenancy, caller, { action: 'key.created', subject: id, detail }, now);
  return { ...keyRecord(row), key };
}

function keyRecord(row: Row): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    memberId: row.member_id,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
