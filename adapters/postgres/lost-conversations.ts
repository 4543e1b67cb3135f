import type pg from 'pg';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { storeFailure } from './store-failure.ts';

/** A conversation that Temporal may know nothing of, with what a start of its workflow needs. */
export interface LostConversation {
  ref: ConversationRef;
  agentId: string;
  channelIntegrationId: string;
  channel: ChannelKind;
}

/** Which Temporal holds our conversations, and how far they were started again in it. */
export interface LostConversations {
  /**
   * Remembers the namespace. True: it is not the one that was remembered, which has lost every conversation, or not all
   * of them have been started again since.
   */
  isLost(namespace: { name: string; id: string }, now: Date): Promise<boolean>;
  /** The next open conversations to start, in the order of their ids; none: all have been started. */
  lost(limit: number): Promise<LostConversation[]>;
  /** All up to this one have been started; null: all. */
  restarted(last: ConversationRef | null, now: Date): Promise<void>;
}

/** The first namespace ever seen has lost nothing. */
const REMEMBER = `
  insert into temporal_namespace as t (name, id, restarting, updated_at) values ($1, $2, false, $3)
  on conflict (one) do update
    set name = excluded.name, id = excluded.id, restarting = true, restarted_organisation = null,
        restarted_conversation = null, updated_at = excluded.updated_at
    where (t.name, t.id) is distinct from (excluded.name, excluded.id)`;

const RESTARTING = 'select restarting from temporal_namespace';

const LOST = `
  select c.organisation_id, c.id, c.agent_id, c.channel_integration_id, c.channel
  from temporal_namespace t
  join conversations c on c.status = 'open' and (t.restarted_organisation is null
    or (c.organisation_id, c.id) > (t.restarted_organisation, t.restarted_conversation))
  where t.restarting
  order by c.organisation_id, c.id limit $1`;

const RESTARTED = `
  update temporal_namespace
  set restarting = $1::uuid is not null, restarted_organisation = $1, restarted_conversation = $2, updated_at = $3`;

interface LostRow {
  organisation_id: string;
  id: string;
  agent_id: string;
  channel_integration_id: string;
  channel: ChannelKind;
}

/** Asked by the leader alone, with the login of the jobs. */
export function openLostConversations(pool: pg.Pool): LostConversations {
  async function ask<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    try {
      return (await pool.query<R>(text, values)).rows;
    } catch (error) {
      throw storeFailure(error);
    }
  }

  return {
    async isLost({ name, id }, now) {
      await ask(REMEMBER, [name, id, now]);
      const [row] = await ask<{ restarting: boolean }>(RESTARTING);
      return row?.restarting ?? false;
    },
    async lost(limit) {
      const rows = await ask<LostRow>(LOST, [limit]);
      return rows.map((row) => ({
        ref: { organisationId: row.organisation_id, conversationId: row.id },
        agentId: row.agent_id,
        channelIntegrationId: row.channel_integration_id,
        channel: row.channel,
      }));
    },
    async restarted(last, now) {
      await ask(RESTARTED, [last?.organisationId ?? null, last?.conversationId ?? null, now]);
    },
  };
}
