import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Caller, Holder, SessionRecord, Sessions } from '../../api/ports.ts';
import type { Role } from '../../domain/role.ts';
import { SESSION_LASTS_MS, SESSION_SEEN_MS } from '../../domain/session.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { csrfTokenOf, newSessionToken } from './session-token.ts';

/** A session that is over is shown for so long. */
const KEPT_MS = 30 * 86_400_000;

const FORGET_OLD: Statement = {
  name: 'sessions-forget-old',
  text: 'delete from sessions where organisation_id = $1 and expires_at < $2',
};

const BEGIN: Statement = {
  name: 'sessions-begin',
  text: `
    insert into sessions (organisation_id, id, key_id, token_id, secret_hash, created_at, seen_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $6, $7)`,
};

const SEEN: Statement = {
  name: 'sessions-seen',
  text: `
    update sessions set seen_at = $3
    where organisation_id = $1 and id = $2 and ended_at is null and seen_at <= $4`,
};

const WHO: Statement = {
  name: 'sessions-who',
  text: `
    select o.name as organisation, k.name as key, m.id as member_id, m.name as member
    from organisations o
    join api_keys k on k.organisation_id = o.id and k.id = $2
    left join members m on m.organisation_id = o.id and m.id = k.member_id
    where o.id = $1`,
};

const COLUMNS = `
  s.id, s.key_id, k.name as key, k.role, k.member_id, s.created_at, s.seen_at, s.expires_at,
  least(s.ended_at, k.revoked_at) as ended_at`;

const LIST: Statement = {
  name: 'sessions-list',
  text: `
    select ${COLUMNS} from sessions s
    join api_keys k on k.organisation_id = $1 and k.id = s.key_id
    where s.organisation_id = $1 and ($2::timestamptz is null or (s.created_at, s.id) < ($2, $3::uuid))
    order by s.created_at desc, s.id desc limit $4`,
};

/** The owner's are the owner's alone to end, as their keys are. */
const END: Statement = {
  name: 'sessions-end',
  text: `
    update sessions s set ended_at = coalesce(s.ended_at, $3)
    from api_keys k
    where s.organisation_id = $1 and s.id = $2 and k.organisation_id = $1 and k.id = s.key_id
      and (k.role <> 'owner' or $4::text = 'owner')
    returning ${COLUMNS}`,
};

interface Row {
  id: string;
  key_id: string;
  key: string;
  role: Role;
  member_id: string | null;
  created_at: Date;
  seen_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

/** See `Sessions`. */
export function openSessions(pool: pg.Pool): Sessions {
  return {
    begin: (caller, now) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const { organisationId, keyId } = caller;
        await tenancy.rows(FORGET_OLD, [organisationId, new Date(now.getTime() - KEPT_MS)]);
        const { token, tokenId, secret, secretHash } = newSessionToken();
        const id = randomUUID();
        const expiresAt = new Date(now.getTime() + SESSION_LASTS_MS);
        await tenancy.rows(BEGIN, [organisationId, id, keyId, tokenId, secretHash, now, expiresAt]);
        await noteChange(tenancy, caller, { action: 'session.begun', subject: id }, now);
        const session = { id, csrfToken: csrfTokenOf(secret), seenAt: now, expiresAt };
        return { token, caller: { ...caller, session } };
      }),

    async seen({ organisationId, session }, now) {
      if (session === undefined) return;
      const noted = new Date(now.getTime() - SESSION_SEEN_MS);
      await asOrganisation(pool, organisationId, (tenancy) =>
        tenancy.lastRows(SEEN, [organisationId, session.id, now, noted]),
      );
    },

    whoIs: ({ organisationId, keyId }: Caller) =>
      asOrganisation(pool, organisationId, async (tenancy): Promise<Holder> => {
        const [row] = await tenancy.rows<{
          organisation: string;
          key: string;
          member_id: string | null;
          member: string | null;
        }>(WHO, [organisationId, keyId]);
        if (row === undefined) throw new Error('a key is gone that was just used');
        const { member_id, member } = row;
        return {
          organisation: { id: organisationId, name: row.organisation },
          member: member_id === null || member === null ? null : { id: member_id, name: member },
          key: { id: keyId, name: row.key },
        };
      }),

    list: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], sessionRecord);
      }),

    async end(caller, id, now) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const [row] = await tenancy.rows<Row>(END, [caller.organisationId, id, now, caller.role]);
        if (row === undefined) return null;
        await noteChange(tenancy, caller, { action: 'session.ended', subject: id }, now);
        return sessionRecord(row);
      });
    },
  };
}

function sessionRecord(row: Row): SessionRecord {
  return {
    id: row.id,
    key: { id: row.key_id, name: row.key },
    memberId: row.member_id,
    role: row.role,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
  };
}
