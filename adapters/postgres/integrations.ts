import type pg from 'pg';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { openSealed } from './integration-secrets.ts';

const READ: Statement = {
  name: 'integration-read',
  text: 'select settings, secrets from channel_integrations where organisation_id = $1 and id = $2',
};

const SLACK: Statement = {
  name: 'integration-slack',
  text: `
    select id, settings, secrets from channel_integrations
    where organisation_id = $1 and kind = 'slack' and active order by created_at, id limit 1`,
};

interface Row {
  settings: Record<string, string>;
  secrets: Record<string, string>;
}

/** What channels need to speak for an integration; they keep it in memory by its version. */
export function openIntegrations(pool: pg.Pool, secrets: Secrets) {
  return {
    /** Null when the organisation has no such integration. Secrets are decrypted: keep them out of logs. */
    settingsOf: (organisationId: string, id: string): Promise<Row | null> =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.lastRows<Row>(READ, [organisationId, id]);
        if (row === undefined) return null;
        return { settings: row.settings, secrets: openSealed(secrets, id, row.secrets) };
      }),

    /** The workspace of the organisation's own people: its oldest Slack integration in use. Null where it has none. */
    workspaceOf: (organisationId: string): Promise<Row | null> =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.lastRows<Row & { id: string }>(SLACK, [organisationId]);
        if (row === undefined) return null;
        return { settings: row.settings, secrets: openSealed(secrets, row.id, row.secrets) };
      }),
  };
}
