import { timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import type { Caller, Lookup, ReceivingIntegration, RefusedKey } from '../../api/ports.ts';
import type { Role } from '../../domain/role.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { hashSecret, parseApiKey } from './api-key.ts';
import { isUuid } from './as-organisation.ts';
import { openSealed } from './integration-secrets.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { csrfTokenOf, parseSessionToken } from './session-token.ts';
import { standsAt } from '../../domain/session.ts';
import { storeFailure } from './store-failure.ts';

interface KeyRow {
  organisation_id: string;
  id: string;
  secret_hash: Buffer;
  role: Role;
  member_id: string | null;
  expires_at: Date | null;
  revoked_at: Date | null;
}

interface SessionRow {
  organisation_id: string;
  id: string;
  secret_hash: Buffer;
  seen_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  key_id: string;
  role: Role;
  member_id: string | null;
  key_expires_at: Date | null;
  key_revoked_at: Date | null;
}

interface IntegrationRow {
  organisation_id: string;
  id: string;
  kind: ChannelKind;
  agent_id: string;
  settings: Record<string, string>;
  secrets: Record<string, string>;
  active: boolean;
}

/** The questions that may be asked before the organisation is known, on the look-up's own login. */
export function openLookup(pool: pg.Pool, secrets: Secrets, clock: { now(): Date }): Lookup {
  async function find<R extends pg.QueryResultRow>(name: string, text: string, wanted: string): Promise<R[]> {
    try {
      return (await pool.query<R>({ name, text, values: [wanted] })).rows;
    } catch (error) {
      throw storeFailure(error);
    }
  }

  /** All rows under the key's id, and the one whose secret it has. */
  async function keyRows(key: string): Promise<{ rows: KeyRow[]; row?: KeyRow }> {
    const parsed = parseApiKey(key);
    if (parsed === null) return { rows: [] };
    const rows = await find<KeyRow>('find-api-key', 'select * from parley_find_api_key($1)', parsed.keyId);
    return { rows, row: holderOf(rows, parsed.secret) };
  }

  function isOver(revokedAt: Date | null, expiresAt: Date | null): boolean {
    return revokedAt !== null || (expiresAt !== null && expiresAt <= clock.now());
  }

  return {
    async apiKey(key): Promise<Caller | null> {
      const { row } = await keyRows(key);
      if (row === undefined || isOver(row.revoked_at, row.expires_at)) return null;
      const { organisation_id: organisationId, id: keyId, member_id: memberId, role } = row;
      return { organisationId, keyId, memberId, role };
    },

    async refusedKey(key): Promise<RefusedKey | null> {
      const { row, rows } = await keyRows(key);
      const known = row ?? rows[0];
      if (known === undefined) return null;
      const { organisation_id: organisationId, id: keyId } = known;
      const reason = row === undefined ? 'secret' : row.revoked_at !== null ? 'revoked' : 'expired';
      return { organisationId, keyId, reason };
    },

    async session(token): Promise<Caller | null> {
      const parsed = parseSessionToken(token);
      if (parsed === null) return null;
      const { tokenId, secret } = parsed;
      const rows = await find<SessionRow>('find-session', 'select * from parley_find_session($1)', tokenId);
      const row = holderOf(rows, secret);
      if (row === undefined || isOver(row.key_revoked_at, row.key_expires_at)) return null;
      const { seen_at: seenAt, expires_at: expiresAt, ended_at: endedAt } = row;
      if (!standsAt({ seenAt, expiresAt, endedAt }, clock.now())) return null;
      const { organisation_id: organisationId, key_id: keyId, member_id: memberId, role } = row;
      const session = { id: row.id, csrfToken: csrfTokenOf(secret), seenAt, expiresAt };
      return { organisationId, keyId, memberId, role, session };
    },

    async channelIntegration(id): Promise<ReceivingIntegration | null> {
      if (!isUuid(id)) return null;
      const [row] = await find<IntegrationRow>(
        'find-channel-integration',
        'select * from parley_find_channel_integration($1)',
        id,
      );
      if (row === undefined) return null;
      return {
        id: row.id,
        organisationId: row.organisation_id,
        agentId: row.agent_id,
        kind: row.kind,
        active: row.active,
        settings: row.settings,
        secrets: openSealed(secrets, row.id, row.secrets),
      };
    },
  };
}

function holderOf<R extends { secret_hash: Buffer }>(rows: R[], secret: string): R | undefined {
  const given = hashSecret(secret);
  return rows.find((row) => timingSafeEqual(row.secret_hash, given));
}
