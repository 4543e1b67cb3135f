import { timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import type { Caller, Lookup, ReceivingIntegration } from '../../api/ports.ts';
import type { Role } from '../../domain/role.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { hashSecret, parseApiKey } from './api-key.ts';
import { isUuid } from './as-organisation.ts';
import { openSealed } from './integration-secrets.ts';
import type { Secrets } from '../secrets/secrets.ts';
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

interface IntegrationRow {
  organisation_id: string;
  id: string;
  kind: ChannelKind;
  agent_id: string;
  settings: Record<string, string>;
  secrets: Record<string, string>;
  active: boolean;
}

/** The two questions that may be asked before the organisation is known, on the look-up's own login. */
export function openLookup(pool: pg.Pool, secrets: Secrets, clock: { now(): Date }): Lookup {
  async function find<R extends pg.QueryResultRow>(name: string, text: string, wanted: string): Promise<R[]> {
    try {
      return (await pool.query<R>({ name, text, values: [wanted] })).rows;
    } catch (error) {
      throw storeFailure(error);
    }
  }

  return {
    async apiKey(key): Promise<Caller | null> {
      const parsed = parseApiKey(key);
      if (parsed === null) return null;
      const rows = await find<KeyRow>('find-api-key', 'select * from parley_find_api_key($1)', parsed.keyId);
      const given = hashSecret(parsed.secret);
      const row = rows.find((candidate) => timingSafeEqual(candidate.secret_hash, given));
      if (row === undefined || row.revoked_at !== null) return null;
      if (row.expires_at !== null && row.expires_at <= clock.now()) return null;
      return {
        organisationId: row.organisation_id,
        keyId: row.id,
        memberId: row.member_id,
        role: row.role,
      };
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
