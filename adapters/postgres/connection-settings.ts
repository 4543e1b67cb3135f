import type pg from 'pg';
import type { ConnectionRecord, Connections } from '../../api/ports.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { noteChange } from './audit.ts';

const COMPANY_TOKEN = '__qontak_crm_company_token';

/** So that the list needs no pages. */
const MOST_CONNECTIONS = 100;

const LIST: Statement = {
  name: 'connections-list',
  text: `select code, updated_at from organization_connections where organisation_id = $1 order by code collate "C"`,
};

const ONLY_ORGANISATION: Statement = {
  name: 'connections-only-organisation',
  text: 'select parley_count_organisations() = 1 as only',
};

/** A new value makes good whatever was refused before. */
const SAVE: Statement = {
  name: 'connections-save',
  text: `
    insert into organization_connections as c (organisation_id, code, auth_data, created_at, updated_at)
    select $1, $2, $3, $4, $4
    where $2 = any (array(select code from organization_connections where organisation_id = $1))
      or (select count(*) from organization_connections where organisation_id = $1) < $5
    on conflict (organisation_id, code) do update
      set auth_data = excluded.auth_data, version = c.version + 1, refused_at = null, updated_at = excluded.updated_at
    returning code, updated_at`,
};

const REMOVE: Statement = {
  name: 'connections-remove',
  text: `
    delete from organization_connections where organisation_id = $1 and code = $2
    returning code, updated_at`,
};

interface Row {
  code: string;
  updated_at: Date;
}

/** How this installation reaches the CRM: not at all without an address, and with a key of its own perhaps. */
export interface CrmAccess {
  hasAddress: boolean;
  hasKey: boolean;
}

export function openConnectionSettings(
  pool: pg.Pool,
  secrets: Secrets,
  clock: { now(): Date },
  crm: CrmAccess,
): Connections {
  async function stored(organisationId: string): Promise<{ rows: Row[]; crmConnected: boolean }> {
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const rows = await tenancy.rows<Row>(LIST, [organisationId]);
      const [alone] = await tenancy.rows<{ only: boolean }>(ONLY_ORGANISATION, []);
      const keyServes = crm.hasKey && alone?.only === true;
      const hasToken = rows.some(({ code }) => code === COMPANY_TOKEN);
      return { rows, crmConnected: crm.hasAddress && (hasToken || keyServes) };
    });
  }

  return {
    async list({ organisationId }) {
      const { rows, crmConnected } = await stored(organisationId);
      const token = rows.find(({ code }) => code === COMPANY_TOKEN);
      return [
        { code: COMPANY_TOKEN, connected: crmConnected, updatedAt: token?.updated_at ?? null },
        ...rows.filter(({ code }) => code !== COMPANY_TOKEN).map(connectionRecord),
      ];
    },

    save: (caller, code, credential) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const place = { table: 'organization_connections', row: code, column: 'auth_data' };
        const sealed = secrets.seal(JSON.stringify(credential), place);
        const values = [caller.organisationId, code, sealed, now, MOST_CONNECTIONS];
        const [row] = await tenancy.rows<Row>(SAVE, values);
        if (row === undefined) return 'too_many';
        await noteChange(tenancy, caller, { action: 'connection.saved', subject: code }, now);
        return connectionRecord(row);
      }),

    remove: (caller, code) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const [row] = await tenancy.rows<Row>(REMOVE, [caller.organisationId, code]);
        if (row === undefined) return null;
        await noteChange(tenancy, caller, { action: 'connection.removed', subject: code }, now);
        return { code, connected: false, updatedAt: null };
      }),

    isCrmConnected: async ({ organisationId }) => (await stored(organisationId)).crmConnected,
  };
}

function connectionRecord({ code, updated_at }: Row): ConnectionRecord {
  return { code, connected: true, updatedAt: updated_at };
}
