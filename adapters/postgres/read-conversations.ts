import type pg from 'pg';
import type { ConversationSummary, Readers } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { statusOf } from '../../domain/conversation.ts';
import type { Owner } from '../../domain/conversation.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { BY_TIME, EMPTY_PAGE, readCursor, toPage } from './page.ts';

/** At most one row of an index holds the calls that wait for the customer. */
const ASKS = `exists (
    select from calls q
    where q.organisation_id = $1 and q.conversation_id = c.id and q.state = 'awaiting_confirmation')`;

/** Operators were asked and have not decided (APR-2). */
const PENDING = `exists (
    select from actions w
    where w.organisation_id = $1 and w.conversation_id = c.id and w.status = 'pending')`;

const OPEN_APPROVALS = `(
    select coalesce(json_agg(json_build_object('id', w.id, 'requestType', w.request_type, 'expiresAt', w.expires_at)
      order by w.created_at, w.id), '[]'::json)
    from actions w
    where w.organisation_id = $1 and w.conversation_id = c.id and w.status = 'pending')`;

/** A person was called, by a queue or a rule, and nobody has it yet (CONV-8). */
const CALLED = `(c.queued_at is not null or c.owner = 'agent' and c.escalated_epoch is not distinct from c.epoch)`;

const COLUMNS = `
  c.id, c.status, c.owner, c.epoch, c.agent_id, c.channel_integration_id, c.channel, c.room, c.contact_id,
  k.name as contact_name, c.turn, c.opened_at, c.last_message_at, c.resolved_at,
  c.operator_id, c.queued_at, c.division_id, c.tags, ${CALLED} as called, ${ASKS} as asks,
  ${OPEN_APPROVALS} as open_approvals
  from conversations c join contacts k on k.organisation_id = $1 and k.id = c.contact_id`;

const LIST: Statement = {
  name: 'read-conversations',
  text: `
    select ${COLUMNS}
    where c.organisation_id = $1
      and ($2::timestamptz is null or (c.opened_at, c.id) < ($2, $3::uuid))
      and ($4::text is null or c.status = $4)
      and ($5::text is null or c.owner = $5)
      and ($6::uuid is null or c.agent_id = $6)
      and ($7::text is null or c.channel = $7)
      and ($8::uuid is null or c.channel_integration_id = $8)
      and ($9::uuid is null or c.operator_id = $9)
      and ($10::boolean is null or ${CALLED} = $10)
      and ($11::boolean is null or ${ASKS} = $11)
      and ($12::boolean is null or ${PENDING} = $12)
    order by c.opened_at desc, c.id desc limit $13`,
};

const SOME: Statement = {
  name: 'read-some-conversations',
  text: `select ${COLUMNS} where c.organisation_id = $1 and c.id = any ($2::uuid[])`,
};

interface Row {
  id: string;
  status: 'open' | 'resolved';
  owner: Owner;
  epoch: number;
  agent_id: string;
  channel_integration_id: string;
  channel: ChannelKind;
  room: string;
  contact_id: string;
  contact_name: string | null;
  turn: number;
  opened_at: Date;
  last_message_at: Date | null;
  resolved_at: Date | null;
  operator_id: string | null;
  queued_at: Date | null;
  called: boolean;
  division_id: string | null;
  tags: string[];
  asks: boolean;
  open_approvals: { id: string; requestType: string; expiresAt: string }[];
}

/** `channel` filters by kind or, given an id, by channel integration. A value nothing can have finds nothing. */
export function readConversations(pool: pg.Pool): Readers['conversations'] {
  return async ({ organisationId }, { status, agent, channel, assignee }, { limit, cursor }) => {
    const before = readCursor(cursor, BY_TIME);
    const wanted = status === undefined ? ANY_STATUS : STORED.get(status);
    if (wanted === undefined) return EMPTY_PAGE;
    if ([agent, assignee].some((id) => id !== undefined && !isUuid(id))) return EMPTY_PAGE;
    const integration = channel !== undefined && isUuid(channel) ? channel : null;
    const kind = channel !== undefined && integration === null ? channel : null;
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const rows = await tenancy.rows<Row>(LIST, [
        organisationId,
        before?.[0] ?? null,
        before?.[1] ?? null,
        wanted.status,
        wanted.owner,
        agent ?? null,
        kind,
        integration,
        assignee ?? null,
        wanted.called,
        wanted.asks,
        wanted.pending,
        limit + 1,
      ]);
      return toPage(rows, limit, (row) => [row.opened_at.toISOString(), row.id], summary);
    });
  };
}

export function readConversation(pool: pg.Pool): Readers['conversation'] {
  return async ({ organisationId }, id) => {
    if (!isUuid(id)) return null;
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const [found] = await readSummaries(tenancy, [id]);
      return found ?? null;
    });
  };
}

/** Those of the conversations that are this organisation's, in no order, as the transaction sees them. */
export async function readSummaries(
  tenancy: Tenancy,
  ids: readonly string[],
): Promise<ConversationSummary[]> {
  return (await tenancy.rows<Row>(SOME, [tenancy.organisationId, ids])).map(summary);
}

/** What is stored for each status that a conversation can have today (`statusOf`). */
const STORED = new Map<string, StoredStatus>([
  ['resolved', { status: 'resolved', owner: null, called: null, asks: null, pending: null }],
  ['assigned', { status: 'open', owner: 'operator', called: false, asks: null, pending: null }],
  ['escalated', { status: 'open', owner: null, called: true, asks: null, pending: null }],
  ['waiting_approval', { status: 'open', owner: 'agent', called: false, asks: null, pending: true }],
  ['waiting_confirmation', { status: 'open', owner: 'agent', called: false, asks: true, pending: false }],
  ['active', { status: 'open', owner: 'agent', called: false, asks: false, pending: false }],
]);

interface StoredStatus {
  status: string | null;
  owner: string | null;
  called: boolean | null;
  asks: boolean | null;
  pending: boolean | null;
}

const ANY_STATUS: StoredStatus = { status: null, owner: null, called: null, asks: null, pending: null };

function summary(row: Row): ConversationSummary {
  return {
    id: row.id,
    status: statusOf({
      resolved: row.status === 'resolved',
      owner: row.owner,
      queued: row.queued_at !== null,
      escalated: row.called,
      openApprovals: row.open_approvals,
      openCall: row.asks ? { kind: 'awaiting_confirmation' } : null,
    }),
    owner: row.owner,
    epoch: row.epoch,
    agentId: row.agent_id,
    channelIntegrationId: row.channel_integration_id,
    channel: row.channel,
    room: row.room,
    contact: { id: row.contact_id, name: row.contact_name },
    turn: row.turn,
    openedAt: row.opened_at,
    lastMessageAt: row.last_message_at,
    resolvedAt: row.resolved_at,
    assignee: row.operator_id,
    queue: row.queued_at === null ? null : { divisionId: row.division_id, since: row.queued_at },
    tags: row.tags,
    openApprovals: row.open_approvals.map(({ expiresAt, ...same }) => ({
      ...same,
      expiresAt: new Date(expiresAt),
    })),
  };
}
