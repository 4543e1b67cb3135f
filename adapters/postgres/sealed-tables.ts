import type { Place } from '../secrets/secrets.ts';
import type { Statement } from './as-organisation.ts';
import { placeOfActionSecret } from './external-action-secrets.ts';
import { placeOfAnswer } from './idempotency-keys.ts';
import { placeOfIntegrationSecret } from './integration-secrets.ts';

/** A row with what is sealed in it, by name. */
export interface SealedRow {
  /** What the row is found by within its organisation; ids and numbers as text. */
  key: string[];
  sealed: Record<string, string>;
}

/** A table that holds sealed values, as one organisation sees it. */
export interface SealedTable {
  table: string;
  /**
   * The next rows: organisation, how many, the key behind which to go on (nulls at the start), and `since` where
   * older rows are of no use to anybody.
   */
  read: Statement;
  keyParts: number;
  since?: (now: Date) => Date;
  /** Puts sealed values in place of others: organisation, the new ones by name, those that must still stand, the key. */
  replace: Statement;
  placeOf(organisationId: string, key: string[], name: string): Place;
}

/** Everything that is sealed in Postgres. Whoever seals in another column adds it here: rotation reads this list. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: 'channel_integrations',
    read: {
      name: 'reseal-channels',
      text: `
        select array[id::text] as key, secrets as sealed from channel_integrations
        where organisation_id = $1 and ($3::uuid is null or id > $3) order by id limit $2`,
    },
    keyParts: 1,
    replace: {
      name: 'reseal-channel',
      text: `
        update channel_integrations set secrets = secrets || $2::jsonb
        where organisation_id = $1 and id = $4 and secrets @> $3::jsonb returning 1`,
    },
    placeOf: (_, [id = ''], name) => placeOfIntegrationSecret(id, name),
  },
  {
    table: 'external_action_versions',
    read: {
      name: 'reseal-versions',
      text: `
        select array[external_action_id::text, version::text] as key, secrets as sealed from external_action_versions
        where organisation_id = $1 and ($3::uuid is null or (external_action_id, version) > ($3, $4::integer))
        order by external_action_id, version limit $2`,
    },
    keyParts: 2,
    replace: {
      name: 'reseal-version',
      text: `
        update external_action_versions set secrets = secrets || $2::jsonb
        where organisation_id = $1 and external_action_id = $4 and version = $5 and secrets @> $3::jsonb returning 1`,
    },
    placeOf: (_, [id = '', version], name) => placeOfActionSecret(id, Number(version), name),
  },
  {
    table: 'organization_connections',
    read: {
      name: 'reseal-connections',
      text: `
        select array[code] as key, jsonb_build_object('auth_data', auth_data) as sealed from organization_connections
        where organisation_id = $1 and ($3::text is null or code > $3) order by code limit $2`,
    },
    keyParts: 1,
    replace: {
      name: 'reseal-connection',
      text: `
        update organization_connections set auth_data = $2::jsonb ->> 'auth_data'
        where organisation_id = $1 and code = $4 and auth_data = $3::jsonb ->> 'auth_data' returning 1`,
    },
    placeOf: (_, [code = ''], name) => ({ table: 'organization_connections', row: code, column: name }),
  },
  {
    // Answers that showed a secret, sealed by the gateway for whoever asks again.
    table: 'idempotency_keys',
    read: {
      name: 'reseal-answers',
      text: `
        select array[api_key_id::text, key] as key, jsonb_build_object('body', body ->> 'sealed') as sealed
        from idempotency_keys
        where organisation_id = $1 and ($3::uuid is null or (api_key_id, key) > ($3, $4::text))
          and body ->> 'sealed' is not null and begun_at > $5
        order by api_key_id, key limit $2`,
    },
    keyParts: 2,
    // An answer is kept for so long.
    since: (now) => new Date(now.getTime() - 24 * 3_600_000),
    replace: {
      name: 'reseal-answer',
      text: `
        update idempotency_keys set body = json_build_object('sealed', $2::jsonb ->> 'body')
        where organisation_id = $1 and api_key_id = $4 and key = $5
          and body ->> 'sealed' = $3::jsonb ->> 'body' returning 1`,
    },
    placeOf: (organisationId, key) => placeOfAnswer(JSON.stringify([organisationId, ...key])),
  },
];
