import { NODE_TYPES } from '../../domain/tool.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/** A tool that the model made up is no enum and may hold anything: it is not named. */
const STORE: Statement = {
  name: 'call-events',
  text: `
    insert into events (organisation_id, name, conversation_id, properties, at)
    select $1, case k.tool when 'external_action' then $4 else $3 end, k.conversation_id,
      jsonb_strip_nulls(jsonb_build_object(
        'call_id', k.id, 'origin', k.origin, 'organization_id', k.organisation_id,
        'conversation_id', k.conversation_id, 'agent_id', c.agent_id,
        'node_type', case
          when k.tool = 'external_action' then null
          when k.tool = any ($5::text[]) then k.tool
          when k.tool like 'api\\_%' then 'api'
          else 'unknown' end,
        'external_action_id', k.external_action_id, 'version', k.external_action_version,
        'reason', case when $6::boolean then k.reason end)), $7
    from calls k left join conversations c on c.organisation_id = $1 and c.id = k.conversation_id
    where k.organisation_id = $1 and k.id = any ($2::uuid[])
    order by k.number`,
};

const NAMES = {
  invoked: { tool: 'qontak_action_invoked', externalAction: 'external_action_invoked' },
  succeeded: { tool: 'qontak_action_executed', externalAction: 'external_action_succeeded' },
  failed: { tool: 'qontak_action_failed', externalAction: 'external_action_failed' },
  unknown: { tool: 'qontak_action_unknown', externalAction: 'external_action_unknown' },
  cancelled: { tool: 'call_cancelled', externalAction: 'call_cancelled' },
} as const;

/** Stores what happened to calls (OBS-1), in the transaction in which it happened. */
export async function storeCallEvents(
  tenancy: Tenancy,
  callIds: readonly string[],
  what: keyof typeof NAMES,
  now: Date,
): Promise<void> {
  if (callIds.length === 0) return;
  const { tool, externalAction } = NAMES[what];
  const tellsWhy = what !== 'invoked' && what !== 'succeeded';
  const { organisationId } = tenancy;
  await tenancy.rows(STORE, [organisationId, callIds, tool, externalAction, NODE_TYPES, tellsWhy, now]);
}
