import type pg from 'pg';
import type { ExternalActionVersion, ExternalActions } from '../../activities/ports.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

/** Part of a statement with a conversation `c`: whether understanding has external actions to choose from (INT-4). */
export const HAS_EXTERNAL_ACTIONS = `
  exists (
    select from external_actions x
    where x.organisation_id = c.organisation_id and x.channel_integration_id = c.channel_integration_id
      and x.is_active and x.deleted_at is null)`;

const COLUMNS = `
  x.id, v.version, v.definition, x.is_active and x.deleted_at is null as is_active, x.channel_integration_id`;

const ACTIVE: Statement = {
  name: 'external-actions-active',
  text: `
    select ${COLUMNS}
    from conversations c
    join external_actions x on x.organisation_id = $1 and x.channel_integration_id = c.channel_integration_id
    join external_action_versions v
      on v.organisation_id = $1 and v.external_action_id = x.id and v.version = x.version
    where c.organisation_id = $1 and c.id = $2 and x.is_active and x.deleted_at is null
    order by x.priority desc, x.id`,
};

const VERSION: Statement = {
  name: 'external-actions-version',
  text: `
    select ${COLUMNS}
    from external_actions x
    join external_action_versions v on v.organisation_id = $1 and v.external_action_id = x.id
    where x.organisation_id = $1 and x.id = $2 and v.version = $3`,
};

interface Row {
  id: string;
  version: number;
  definition: ExternalAction;
  is_active: boolean;
  channel_integration_id: string;
}

/** External actions as a turn needs them; their secrets stay where they are. */
export function openExternalActionReader(pool: pg.Pool): ExternalActions {
  return {
    active: (ref) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const rows = await tenancy.lastRows<Row>(ACTIVE, [ref.organisationId, ref.conversationId]);
        return rows.map(externalAction);
      }),

    async version(organisationId, id, version) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.lastRows<Row>(VERSION, [organisationId, id, version]);
        return row === undefined ? null : externalAction(row);
      });
    },
  };
}

function externalAction(row: Row): ExternalActionVersion {
  return {
    // What the version was saved without.
    ...DEFAULT_EXTERNAL_ACTION,
    ...row.definition,
    id: row.id,
    version: row.version,
    isActive: row.is_active,
    channelIntegrationId: row.channel_integration_id,
  };
}
