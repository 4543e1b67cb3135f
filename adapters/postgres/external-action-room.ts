import { MOST_ACTIVE_ACTIONS } from '../../domain/external-action.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/**
 * Changes of the external actions of one channel integration go one after the other: whoever holds its row may rely
 * on what it finds. Conversations that begin there meanwhile are not held up.
 */
const HOLD: Statement = {
  name: 'external-actions-hold-channel',
  text: `
    select 1 from channel_integrations where organisation_id = $1 and id = $2 for no key update`,
};

const NAMED: Statement = {
  name: 'external-actions-named',
  text: `
    select id from external_actions
    where organisation_id = $1 and channel_integration_id = $2 and action_name = $3 and deleted_at is null`,
};

const COUNT_ACTIVE: Statement = {
  name: 'external-actions-count-active',
  text: `
    select count(*)::integer as active from external_actions
    where organisation_id = $1 and channel_integration_id = $2 and is_active and deleted_at is null
      and id is distinct from $3::uuid`,
};

const NAMES: Statement = {
  name: 'external-actions-names',
  text: `
    select action_name from external_actions
    where organisation_id = $1 and channel_integration_id = $2 and deleted_at is null`,
};

/** What a change of an external action needs to find free at its channel integration. */
export interface Wanted {
  channelIntegrationId: string;
  actionName: string;
  isActive: boolean;
}

/** Null: there is room, until the transaction ends. `self` is the action that changes; null for a new one. */
export async function whatStandsInTheWay(
  tenancy: Tenancy,
  wanted: Wanted,
  self: string | null,
): Promise<'unknown_channel' | 'name_taken' | 'too_many_active' | null> {
  const { channelIntegrationId, actionName, isActive } = wanted;
  if (!(await holdChannel(tenancy, channelIntegrationId))) return 'unknown_channel';
  const place = [tenancy.organisationId, channelIntegrationId];
  const named = await tenancy.rows<{ id: string }>(NAMED, [...place, actionName]);
  if (named.some(({ id }) => id !== self)) return 'name_taken';
  if (!isActive) return null;
  const [count] = await tenancy.rows<{ active: number }>(COUNT_ACTIVE, [...place, self]);
  return (count?.active ?? 0) >= MOST_ACTIVE_ACTIONS ? 'too_many_active' : null;
}

const LONGEST_NAME = 100;

/** `name_copy`, `name_copy_2`, … whichever is free first. The channel integration must be held. */
export async function freeName(
  tenancy: Tenancy,
  channelIntegrationId: string,
  name: string,
): Promise<string> {
  const rows = await tenancy.rows<{ action_name: string }>(NAMES, [
    tenancy.organisationId,
    channelIntegrationId,
  ]);
  const taken = new Set(rows.map((row) => row.action_name));
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '_copy' : `_copy_${number}`;
    const candidate = name.slice(0, LONGEST_NAME - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

export async function holdChannel(tenancy: Tenancy, id: string): Promise<boolean> {
  return isUuid(id) && (await tenancy.rows(HOLD, [tenancy.organisationId, id])).length > 0;
}
