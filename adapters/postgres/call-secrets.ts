import type pg from 'pg';
import type { Authentication } from '../../domain/external-action.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { SecretsOf, WebhookSecrets } from '../webhooks/webhook-secrets.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { openActionSecrets } from './external-action-secrets.ts';
import type { ActionSecrets } from './external-action-secrets.ts';

const OF_ACTION: Statement = {
  name: 'call-secrets-of-action',
  text: `
    select definition -> 'authentication' as authentication, secrets from external_action_versions
    where organisation_id = $1 and external_action_id = $2 and version = $3`,
};

const OF_CONNECTION: Statement = {
  name: 'call-secrets-of-connection',
  text: 'select auth_data from organization_connections where organisation_id = $1 and code = $2',
};

interface ActionRow {
  authentication: Authentication | null;
  secrets: ActionSecrets;
}

const COMPANY_TOKEN = '__qontak_crm_company_token';

/** As connections are saved. A bare token is the CRM's company token, which only the CRM may see. */
type Credential =
  | { token: string }
  | { type: 'bearer'; origin: string; value: string }
  | { type: 'api_key'; origin: string; header: string; value: string };

/**
 * Opens what authenticates and signs a call. Null where there is no such version or connection, where an
 * authentication has lost its value, and for the CRM's token: a builder's URL must not receive it.
 */
export function openCallSecrets(pool: pg.Pool, secrets: Secrets): SecretsOf {
  return (organisationId, ref) =>
    asOrganisation(pool, organisationId, async (tenancy) => {
      if ('connection' in ref) {
        if (ref.connection === COMPANY_TOKEN) return null;
        const values = [organisationId, ref.connection];
        const [row] = await tenancy.lastRows<{ auth_data: string }>(OF_CONNECTION, values);
        if (row === undefined) return null;
        const place = { table: 'organization_connections', row: ref.connection, column: 'auth_data' };
        const credential = JSON.parse(secrets.open(row.auth_data, place)) as Credential;
        if ('token' in credential) return null;
        const { origin, ...authentication } = credential;
        return { authentication, onlyTo: origin };
      }
      const { externalActionId, version } = ref;
      if (!isUuid(externalActionId)) return null;
      const [row] = await tenancy.lastRows<ActionRow>(OF_ACTION, [organisationId, externalActionId, version]);
      if (row === undefined) return null;
      return ofAction(row.authentication, openActionSecrets(secrets, externalActionId, version, row.secrets));
    });
}

function ofAction(how: Authentication | null, opened: ActionSecrets): WebhookSecrets | null {
  const { authentication: value, signing_secret: signingSecret } = opened;
  const signing = signingSecret === undefined ? {} : { signingSecret };
  if (how === null || how.type === 'none') return signing;
  if (value === undefined) return null;
  return how.type === 'bearer'
    ? { ...signing, authentication: { type: 'bearer', value } }
    : { ...signing, authentication: { type: 'api_key', header: how.header, value } };
}
