import type { StoredAgentSettings } from '../../domain/agent.ts';
import { hasTerminalStep, isSequential, ruleToStore, stepsOf } from '../../domain/idle-rule.ts';
import type { IdleRule } from '../../domain/idle-rule.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storableJson } from './storable.ts';

const FLAGS_ON: Statement = {
  name: 'agents-flags',
  text: 'select array(select name from feature_flags where organisation_id = $1 and enabled) as flags',
};

const SAVED: Statement = {
  name: 'agents-idle-saved',
  text: `
    insert into events (organisation_id, name, properties, at)
    values ($1, 'ai_agent_idle_sequence_saved', $2, $3)`,
};

/** An idle rule on its way into the store; without `idleRule`, none is saved. */
export interface SavedIdle {
  sequential: boolean;
  toStore: Pick<StoredAgentSettings, 'idleRule'>;
}

/** The idle rule as it is to be stored, if one is saved, by the flag as this transaction sees it (IDLE-2). */
export async function readIdle(
  tenancy: Tenancy,
  before: StoredAgentSettings,
  named: StoredAgentSettings,
): Promise<SavedIdle> {
  if (named.idleRule === undefined) return { sequential: false, toStore: {} };
  const [row] = await tenancy.rows<{ flags: string[] }>(FLAGS_ON, [tenancy.organisationId]);
  const { sequentialIdle } = { ...before, ...named };
  const sequential = isSequential(sequentialIdle, new Set(row?.flags));
  const idleRule = ruleToStore(before.idleRule ?? null, named.idleRule, { sequential });
  return { sequential, toStore: { idleRule } };
}

/** The channel-wide rule as it is to be stored (IDLE-8): its steps count by the organisation's flag alone. */
export async function ruleOfChannel(
  tenancy: Tenancy,
  before: IdleRule | null,
  named: IdleRule | null | undefined,
): Promise<IdleRule | null> {
  if (named === undefined) return before;
  const [row] = await tenancy.rows<{ flags: string[] }>(FLAGS_ON, [tenancy.organisationId]);
  return ruleToStore(before, named, { sequential: isSequential(null, new Set(row?.flags)) });
}

/** An event for a rule of one step or more that was saved while sequences are on (OBS-1). */
export async function tellIdleSaved(
  tenancy: Tenancy,
  agentId: string,
  { sequential, toStore }: SavedIdle,
  now: Date,
): Promise<void> {
  const steps = sequential ? stepsOf(toStore.idleRule, { sequential }) : [];
  if (steps.length === 0) return;
  const properties = storableJson({
    ai_agent_id: agentId,
    org_id: tenancy.organisationId,
    step_count: steps.length,
    actions: steps.map(({ action }) => action),
    has_terminal_step: hasTerminalStep(steps),
  });
  await tenancy.rows(SAVED, [tenancy.organisationId, properties, now]);
}
