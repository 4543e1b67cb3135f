import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { KeyRecord, Settings } from '../../api/ports.ts';
import type { Role } from '../../domain/role.ts';
import { newApiKey } from './api-key.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { actorOf, writeAudit } from './audit.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { storable } from './storable.ts';

const COLUMNS = 'id, name, role, created_at, revoked_at';

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
    insert into api_keys (organisation_id, id, key_id, secret_hash, name, role, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
};

const REVOKE: Statement = {
  name: 'keys-revoke',
  text: `
    update api_keys set revoked_at = coalesce(revoked_at, $3)
    where organisation_id = $1 and id = $2 and (role <> 'owner' or $4::text = 'owner') returning ${COLUMNS}`,
};

interface Row {
  id: string;
  name: string;
  role: Role;
  created_at: Date;
  revoked_at: Date | null;
}

type KeyMethods = Pick<Settings, 'keys' | 'createKey' | 'revokeKey'>;

export function openKeySettings(pool: pg.Pool, clock: { now(): Date }): KeyMethods {
  return {
    keys: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], keyRecord);
      }),

    createKey: (caller, { name, role }) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const id = randomUUID();
        const { key, keyId, secretHash } = newApiKey();
        const values = [caller.organisationId, id, keyId, secretHash, storable(name), role, now];
        const [row] = await tenancy.rows<Row>(CREATE, values);
        if (row === undefined) throw new Error('an insert returned no row');
        const entry = { actor: actorOf(caller), action: 'key.created', subject: id, source: null };
        await writeAudit(tenancy, { ...entry, detail: { role } }, now);
        return { ...keyRecord(row), key };
      }),

    async revokeKey(caller, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const [row] = await tenancy.rows<Row>(REVOKE, [caller.organisationId, id, now, caller.role]);
        if (row === undefined) return null;
        const entry = { actor: actorOf(caller), action: 'key.revoked', subject: id, source: null };
        await writeAudit(tenancy, { ...entry, detail: { role: row.role } }, now);
        return keyRecord(row);
      });
    },
  };
}

function keyRecord(row: Row): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
