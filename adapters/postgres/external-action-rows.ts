import type { ExternalActionRecord } from '../../api/ports.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import type { ActionSecrets } from './external-action-secrets.ts';

/** An external action with its current version, as it is stored. */
export interface ExternalActionRow {
  id: string;
  channel_integration_id: string;
  action_name: string;
  version: number;
  is_active: boolean;
  created_at: Date;
  updated_at: Date;
  definition: ExternalAction;
  /** Sealed. */
  secrets: ActionSecrets;
  executions: number;
  successes: number;
  failures: number;
  last_executed_at: Date | null;
  average_response_ms: number | null;
}

const COLUMNS = `a.id, a.channel_integration_id, a.action_name, a.version, a.is_active, a.created_at, a.updated_at,
  v.definition, v.secrets`;

const VERSION = `join external_action_versions v
  on v.organisation_id = $1 and v.external_action_id = a.id and v.version = a.version`;

/** Only what passed the fence was executed; a preview or a refusal was not. */
const STATISTICS = `
  left join lateral (
    select count(*)::integer as executions,
      count(*) filter (where c.state = 'succeeded')::integer as successes,
      count(*) filter (where c.state in ('failed', 'timed_out', 'unknown'))::integer as failures,
      max(c.began_at) as last_executed_at,
      round(avg(c.response_ms))::integer as average_response_ms
    from calls c
    where c.organisation_id = $1 and c.external_action_id = a.id and c.began_at is not null
  ) s on true`;

/** The page first, so that nothing is counted for actions that are not on it. */
export const LIST: Statement = {
  name: 'external-actions-list',
  text: `
    with page as materialized (
      select * from external_actions
      where organisation_id = $1 and deleted_at is null
        and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        and ($4::uuid is null or channel_integration_id = $4)
        and ($5::boolean is null or is_active = $5)
      order by created_at desc, id desc limit $6
    )
    select ${COLUMNS}, s.* from page a ${VERSION} ${STATISTICS}
    order by a.created_at desc, a.id desc`,
};

const ONE: Statement = {
  name: 'external-actions-one',
  text: `
    select ${COLUMNS}, s.* from external_actions a ${VERSION} ${STATISTICS}
    where a.organisation_id = $1 and a.id = $2 and a.deleted_at is null`,
};

/** On its own: joined to its version, a row that had waited for its lock would look for the version of before. */
const HOLD: Statement = {
  name: 'external-actions-hold',
  text: `
    select 1 from external_actions
    where organisation_id = $1 and id = $2 and deleted_at is null for update`,
};

/** Without statistics, which no change needs. */
const HELD: Statement = {
  name: 'external-actions-held',
  text: `
    select ${COLUMNS} from external_actions a ${VERSION} where a.organisation_id = $1 and a.id = $2`,
};

export type HeldAction = Omit<
  ExternalActionRow,
  'executions' | 'successes' | 'failures' | 'last_executed_at' | 'average_response_ms'
>;

export async function readAction(tenancy: Tenancy, id: string): Promise<ExternalActionRecord | null> {
  const [row] = await tenancy.rows<ExternalActionRow>(ONE, [tenancy.organisationId, id]);
  return row === undefined ? null : externalActionRecord(row);
}

/** Of two changes of one action the second waits here for the first. */
export async function holdAction(tenancy: Tenancy, id: string): Promise<HeldAction | null> {
  const place = [tenancy.organisationId, id];
  if ((await tenancy.rows(HOLD, place)).length === 0) return null;
  const [row] = await tenancy.rows<HeldAction>(HELD, place);
  return row ?? null;
}

export function externalActionRecord(row: ExternalActionRow): ExternalActionRecord {
  return {
    id: row.id,
    version: row.version,
    channelIntegrationId: row.channel_integration_id,
    isActive: row.is_active,
    definition: { ...DEFAULT_EXTERNAL_ACTION, ...row.definition },
    secretsSet: Object.keys(row.secrets).sort(),
    statistics: {
      executions: row.executions,
      successes: row.successes,
      failures: row.failures,
      lastExecutedAt: row.last_executed_at,
      averageResponseTimeMs: row.average_response_ms,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
