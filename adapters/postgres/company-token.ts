import type pg from 'pg';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/** The organisation's token for the CRM, kept sealed in `organization_connections` (ACT-2). */
export interface CompanyTokens {
  /** Null: none is stored. @throws Error when it was sealed with a key we do not have. */
  read(organisationId: string): Promise<CompanyToken | null>;
  /** Whether one is stored, readable or not. */
  isStored(organisationId: string): Promise<boolean>;
  save(organisationId: string, token: string, now: Date): Promise<void>;
  /**
   * Renews the token that the CRM refused, once however many processes ask: the row is locked meanwhile, and who
   * comes later finds the new one. Each exchange stores one `qontak_action_token_refreshed` event.
   * @throws ParleyFailure STORE_UNAVAILABLE when Postgres is away or another process holds the row for too long.
   *   Where that happens at the commit after an exchange, the new token is lost and a person has to connect anew.
   */
  refresh(
    organisationId: string,
    refusedVersion: number,
    exchange: (token: string) => Promise<Exchanged>,
    now: Date,
  ): Promise<Refreshed>;
  /** Says that a token was refused although it is new, so that nobody refreshes it again at once. */
  markRefused(organisationId: string, version: number, now: Date): Promise<void>;
  /** Whether this installation has no other organisation. */
  isOnlyOrganisation(organisationId: string): Promise<boolean>;
}

export interface CompanyToken {
  token: string;
  /** Changes with every new token. */
  version: number;
}

/** `reason` is a code for the event. */
export type Exchanged = { token: string } | { reason: string };

export type Refreshed =
  | ({ kind: 'fresh' } & CompanyToken)
  /** The CRM gave none, now or within the last minute. */
  | { kind: 'failed' }
  /** Somebody disconnected meanwhile. */
  | { kind: 'absent' };

const CODE = '__qontak_crm_company_token';

/**
 * A token that was refused is left alone for so long: every call of a busy organisation would otherwise try to
 * refresh it, and each try is an event that alerts are counted from. After it one call tries again.
 */
const LEFT_ALONE_MS = 60_000;

/** Longer than an exchange takes (5 s), and than the pool's own limits allow. */
const LOCK_WAIT_MS = 7_000;

const READ: Statement = {
  name: 'company-token-read',
  text: 'select auth_data, version from organization_connections where organisation_id = $1 and code = $2',
};
const STORED: Statement = {
  name: 'company-token-stored',
  text: 'select 1 from organization_connections where organisation_id = $1 and code = $2',
};
const SAVE: Statement = {
  name: 'company-token-save',
  text: `
    insert into organization_connections as c (organisation_id, code, auth_data, created_at, updated_at)
    values ($1, $2, $3, $4, $4)
    on conflict (organisation_id, code) do update
      set auth_data = excluded.auth_data, version = c.version + 1, refused_at = null, updated_at = excluded.updated_at
    returning version`,
};
const WAIT_LONGER: Statement = {
  name: 'company-token-wait',
  text: `select set_config('statement_timeout', '${LOCK_WAIT_MS}', true)`,
};
const LOCK: Statement & { query_timeout: number } = {
  name: 'company-token-lock',
  text: `
    select auth_data, version, refused_at from organization_connections
    where organisation_id = $1 and code = $2 for update`,
  query_timeout: LOCK_WAIT_MS + 500,
};
const MARK_REFUSED: Statement = {
  name: 'company-token-refused',
  text: `
    update organization_connections set refused_at = $4
    where organisation_id = $1 and code = $2 and version = $3`,
};
const EVENT: Statement = {
  name: 'company-token-event',
  text: `
    insert into events (organisation_id, name, properties, at)
    values ($1, 'qontak_action_token_refreshed', $2, $3)`,
};
const COUNT: Statement = {
  name: 'organisations-count',
  text: 'select parley_count_organisations() as count',
};

interface Row {
  auth_data: string;
  version: number;
  refused_at: Date | null;
}

export function openCompanyTokens(pool: pg.Pool, secrets: Secrets): CompanyTokens {
  const alone = <R extends pg.QueryResultRow>(organisationId: string, ask: Statement, values: unknown[]) =>
    asOrganisation(pool, organisationId, (tenancy) => tenancy.lastRows<R>(ask, values));
  const seal = (token: string) => secrets.seal(JSON.stringify({ token }), PLACE);
  const open = ({ auth_data, version }: Omit<Row, 'refused_at'>): CompanyToken => {
    const { token } = JSON.parse(secrets.open(auth_data, PLACE)) as { token: string };
    return { token, version };
  };

  async function tryExchange(
    tenancy: Tenancy,
    current: CompanyToken,
    exchange: (token: string) => Promise<Exchanged>,
    now: Date,
  ): Promise<Refreshed> {
    const { organisationId } = tenancy;
    const exchanged = await exchange(current.token);
    if (!('token' in exchanged)) {
      await tenancy.rows(MARK_REFUSED, [organisationId, CODE, current.version, now]);
      const properties = JSON.stringify({ outcome: 'failed', reason: exchanged.reason });
      await tenancy.lastRows(EVENT, [organisationId, properties, now]);
      return { kind: 'failed' };
    }
    const values = [organisationId, CODE, seal(exchanged.token), now];
    const [saved] = await tenancy.rows<{ version: number }>(SAVE, values);
    await tenancy.lastRows(EVENT, [organisationId, JSON.stringify({ outcome: 'succeeded' }), now]);
    return { kind: 'fresh', token: exchanged.token, version: saved?.version ?? current.version + 1 };
  }

  return {
    async read(organisationId) {
      const [row] = await alone<Row>(organisationId, READ, [organisationId, CODE]);
      return row === undefined ? null : open(row);
    },
    async isStored(organisationId) {
      return (await alone(organisationId, STORED, [organisationId, CODE])).length > 0;
    },
    async save(organisationId, token, now) {
      await alone(organisationId, SAVE, [organisationId, CODE, seal(token), now]);
    },
    // The one transaction that stays open over HTTP: the lock is what makes many refreshes one.
    refresh: (organisationId, refusedVersion, exchange, now) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        await tenancy.rows(WAIT_LONGER, []);
        const [row] = await tenancy.rows<Row>(LOCK, [organisationId, CODE]);
        if (row === undefined) return { kind: 'absent' };
        if (row.version !== refusedVersion) return { kind: 'fresh', ...open(row) };
        if (row.refused_at !== null && now.getTime() - row.refused_at.getTime() < LEFT_ALONE_MS)
          return { kind: 'failed' };
        return tryExchange(tenancy, open(row), exchange, now);
      }),
    async markRefused(organisationId, version, now) {
      await alone(organisationId, MARK_REFUSED, [organisationId, CODE, version, now]);
    },
    async isOnlyOrganisation(organisationId) {
      const [row] = await alone<{ count: number }>(organisationId, COUNT, []);
      return row?.count === 1;
    },
  };
}

const PLACE = { table: 'organization_connections', row: CODE, column: 'auth_data' };
