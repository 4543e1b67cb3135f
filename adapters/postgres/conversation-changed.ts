import type { ConversationSummary } from '../../api/ports.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { readSummaries } from './read-conversations.ts';

const STORE: Statement = {
  name: 'conversation-changed',
  text: `
    insert into events (organisation_id, name, conversation_id, properties, at)
    select $1, 'conversation_changed', id, properties, $4
    from unnest($2::uuid[], $3::jsonb[]) as changed (id, properties)`,
};

/**
 * Stores how conversations stand now that they have changed hands, were opened or resolved: consoles hear of it live
 * (APR-7). Behind every such change, in its transaction.
 */
export async function tellConversationsChanged(
  tenancy: Tenancy,
  conversationIds: readonly string[],
  now: Date,
): Promise<void> {
  if (conversationIds.length === 0) return;
  const summaries = await readSummaries(tenancy, conversationIds);
  const ids = summaries.map(({ id }) => id);
  const properties = summaries.map((summary) => JSON.stringify(standing(summary)));
  await tenancy.rows(STORE, [tenancy.organisationId, ids, properties, now]);
}

/** Ids and states, never a word or a name. */
function standing({ status, owner, epoch, assignee, queue, agentId, channel }: ConversationSummary): object {
  return {
    status,
    owner,
    epoch,
    assignee,
    queued: queue !== null,
    division_id: queue?.divisionId ?? null,
    agent_id: agentId,
    channel,
  };
}
