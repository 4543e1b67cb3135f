import type pg from 'pg';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { enteredRow } from './entered-row.ts';
import type { InboxRow } from './entered-row.ts';
import { withLeadership } from './leadership.ts';
import { openLostConversations } from './lost-conversations.ts';
import type { LostConversations } from './lost-conversations.ts';
import { openPool } from './pool.ts';
import { openPublisher } from './publish-events.ts';
import type { Publisher } from './publish-events.ts';
import { storeFailure } from './store-failure.ts';

/** Rows to be signalled again, with what a start of their workflow would need. */
export interface DueConversation {
  ref: ConversationRef;
  rows: EnteredRow[];
  agentId: string;
  channelIntegrationId: string;
  channel: ChannelKind;
}

/** The relay's view across organisations: which rows wait for whom, never a word of theirs. */
export interface RelayStore extends LostConversations {
  /** Runs `work` while this process is the relay; resolves when `signal` aborts. */
  withLeadership(
    signal: AbortSignal,
    work: (leading: AbortSignal, publisher: Publisher) => Promise<void>,
  ): Promise<void>;
  /** At most `limit` conversations, those that wait longest first, each with its first 500 due rows. */
  due(now: Date, limit: number): Promise<DueConversation[]>;
  /** Temporal took the signal of these rows of the last `due`; taken rows too back off from now. */
  acknowledged(rowIds: readonly string[], now: Date): Promise<void>;
  /** These rows of the last `due` need a running workflow, and there is none. */
  settleNotRunning(rowIds: readonly string[], now: Date): Promise<void>;
  close(): Promise<void>;
}

/** 60 s after the first signal, then 2, 4 … 64 minutes. */
const BACK_OFF = `interval '60 s' * power(2, least(greatest(i.signal_count - 1, 0), 6))`;

/** Nobody acknowledged its signal for 2 s; or no turn took it; or a turn took it and has not ended it. */
const IS_DUE = `
  i.settled_at is null and case
    when i.turn is not null then greatest(i.taken_at, i.signalled_at) < $1::timestamptz - ${BACK_OFF}
    when i.signalled_at is not null then i.signalled_at < $1::timestamptz - ${BACK_OFF}
    else i.received_at < $1::timestamptz - interval '2 s'
  end`;

/** Of one conversation; the rest follows in the next passes, when these have backed off. */
const ROWS_PER_SIGNAL = 500;
/** As a rule the conversations that wait longest are among so many due rows. */
const OLDEST_ROWS = 5_000;

/**
 * The oldest due rows in the order of their index tell the conversations, so that a backlog is not read to its end
 * for a few of them. Rows that have backed off are passed over and hide nobody. Only where few conversations own
 * all those rows is every due row looked at.
 */
const DUE = {
  name: 'relay-due',
  text: `
    with oldest as materialized (
      select i.organisation_id, i.conversation_id, i.received_at
      from inbox i where ${IS_DUE}
      order by i.received_at limit ${OLDEST_ROWS}
    ),
    first as materialized (
      select organisation_id, conversation_id, min(received_at) as since
      from oldest group by organisation_id, conversation_id
    ),
    due as (
      select * from first
      where (select count(*) from first) >= $2 or (select count(*) from oldest) < ${OLDEST_ROWS}
      union all
      select i.organisation_id, i.conversation_id, min(i.received_at)
      from inbox i
      where (select count(*) from first) < $2 and (select count(*) from oldest) = ${OLDEST_ROWS} and ${IS_DUE}
      group by i.organisation_id, i.conversation_id
      order by since limit $2
    )
    select d.organisation_id, d.conversation_id, i.*, c.agent_id, c.channel_integration_id, c.channel
    from due d
    join conversations c on c.organisation_id = d.organisation_id and c.id = d.conversation_id
    cross join lateral (
      select i.id, i.kind, i.seq, i.epoch, i.received_at, i.about, i.operator_id, i.action_id,
        i.action_status
      from inbox i
      where i.organisation_id = d.organisation_id and i.conversation_id = d.conversation_id and ${IS_DUE}
      order by i.seq limit ${ROWS_PER_SIGNAL}
    ) i
    order by d.since, d.conversation_id, i.seq`,
};

const ACKNOWLEDGED = {
  name: 'relay-acknowledged',
  text: `
    update inbox i set signalled_at = $3, signal_count = i.signal_count + 1
    where i.organisation_id = any ($1::uuid[]) and i.id = any ($2::uuid[]) and i.settled_at is null`,
};

const NOT_RUNNING = {
  name: 'relay-not-running',
  text: `
    update inbox i set settled_at = $3, settled_reason = 'conversation_not_running'
    where i.organisation_id = any ($1::uuid[]) and i.id = any ($2::uuid[]) and i.settled_at is null`,
};

interface DueRow extends InboxRow {
  organisation_id: string;
  conversation_id: string;
  agent_id: string;
  channel_integration_id: string;
  channel: ChannelKind;
}

/** Opens the relay's own login and pool. */
export function openRelayStore({ url }: { url: string }): RelayStore {
  const pool = openPool(url, { max: 4 });
  // Ids alone are in no index: a row is found by its organisation, which the last `due` told.
  let organisations = new Map<string, string>();

  async function mark(statement: typeof ACKNOWLEDGED, rowIds: readonly string[], now: Date): Promise<void> {
    const known = rowIds.filter((id) => organisations.has(id));
    await ask(pool, statement, [[...new Set(known.map((id) => organisations.get(id)))], known, now]);
  }

  return {
    ...openLostConversations(pool),
    withLeadership: (signal, work) =>
      withLeadership(url, signal, (leading, leader) => work(leading, openPublisher(leader))),
    async due(now, limit) {
      const rows = await ask<DueRow>(pool, DUE, [now, limit]);
      organisations = new Map(rows.map((row) => [row.id, row.organisation_id]));
      return [...Map.groupBy(rows, (row) => row.conversation_id).values()].map(dueConversation);
    },
    acknowledged: (rowIds, now) => mark(ACKNOWLEDGED, rowIds, now),
    settleNotRunning: (rowIds, now) => mark(NOT_RUNNING, rowIds, now),
    close: () => pool.end(),
  };
}

async function ask<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  statement: { name: string; text: string },
  values: unknown[],
): Promise<R[]> {
  try {
    return (await pool.query<R>({ ...statement, values })).rows;
  } catch (error) {
    throw storeFailure(error);
  }
}

function dueConversation(rows: DueRow[]): DueConversation {
  const first = rows[0] as DueRow;
  return {
    ref: { organisationId: first.organisation_id, conversationId: first.conversation_id },
    rows: rows.map(enteredRow),
    agentId: first.agent_id,
    channelIntegrationId: first.channel_integration_id,
    channel: first.channel,
  };
}
