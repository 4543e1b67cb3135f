import type pg from 'pg';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { openSealed } from './integration-secrets.ts';

const READ: Statement = {
  name: 'integration-read',
  text: 'select settings, secrets from channel_integrations where organisation_id = $1 and id = $2',
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
  };
}
