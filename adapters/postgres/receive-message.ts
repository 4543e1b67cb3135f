import type pg from 'pg';
import type { Inbox, ReceivedFile, ReceivedMessage, ReceivingIntegration } from '../../api/ports.ts';
import { messageTime } from '../../domain/message.ts';
import type { InboundMessage } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { CHAT_NOTICES, chatNotice } from './chat-notice.ts';
import { tellConversationsChanged } from './conversation-changed.ts';
import { ANSWERED_BY_PEOPLE, ensureConversation } from './ensure-conversation.ts';
import { keepFile } from './media.ts';
import { storable, storableJson } from './storable.ts';

/**
 * The whole receipt of a known customer's message. The row lock on the conversation, held until the commit, makes
 * the order of seqs the order of commits. No row comes back for an unknown customer, changed contact data, an
 * unknown room, or a duplicate; then nothing of it may be committed, for the seq may have been raised.
 */
function receiveInto(name: string, room: string): Statement {
  return {
    name,
    text: `
    with sender as materialized (
      select k.id from contacts k
      where k.organisation_id = $1
        and k.id = (
          select (array_agg(i.contact_id order by array_position($3::text[], i.external_id)))[1]
          from contact_identities i
          where i.organisation_id = $1 and i.channel_integration_id = $2 and i.external_id = any ($3)
          having count(*) = cardinality($3))
        and ($5::text is null or k.name is not distinct from $5)
        and ($6::text is null or k.phone is not distinct from $6)
    ),
    room as (
      update conversations c
      set last_seq = c.last_seq + 1,
          last_message_seq = c.last_seq + 1,
          last_message_at = $10::timestamptz,
          last_position = c.last_position + $13::int,
          status = 'open',
          owner = case when c.status <> 'resolved' then c.owner when ${ANSWERED_BY_PEOPLE} then 'operator' else 'agent' end,
          operator_id = case c.status when 'resolved' then null else c.operator_id end,
          queued_at = case
            when c.status <> 'resolved' then c.queued_at when ${ANSWERED_BY_PEOPLE} then $10::timestamptz end,
          division_id = case c.status when 'resolved' then null else c.division_id end,
          agent_id = case c.status when 'resolved' then $12 else c.agent_id end,
          epoch = case c.status when 'resolved' then c.epoch + 1 else c.epoch end,
          opened_at = case c.status when 'resolved' then $10 else c.opened_at end,
          resolved_at = null
      where c.organisation_id = $1 and c.channel_integration_id = $2
        and ${room}
        and exists (select from sender)
        and not exists (
          select from inbox d
          where d.organisation_id = $1 and d.channel_integration_id = $2 and d.provider_message_id = $7)
      returning c.id, c.last_seq, c.last_position, c.epoch, c.agent_id, c.opened_at, (select id from sender) as contact_id
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, provider_message_id,
        seq, epoch, contact_id, body, sent_at, received_at, at, position)
      select $1, $2, r.id, 'message', $7, r.last_seq, r.epoch, r.contact_id, $8, $9, $10, $11,
        case $13::int when 1 then r.last_position end
      from room r
      on conflict (organisation_id, channel_integration_id, provider_message_id) do nothing
      returning id, conversation_id, seq, epoch
    )
    select e.id, e.conversation_id, e.seq, e.epoch, r.agent_id, r.opened_at = $10 as opened,
      case $13::int when 1 then pg_notify('${CHAT_NOTICES}', $14) end
    from entered e join room r on r.id = e.conversation_id`,
  };
}

/** A plain value: an index finds the room by it, where a choice between values would read every conversation. */
const RECEIVE_IN_ROOM = receiveInto('receive-in-room', 'c.room = $4');
/** The channel has no rooms of its own: it is the customer's. $4 is null, and named only so that it has a type. */
const RECEIVE_FROM_CONTACT = receiveInto(
  'receive-from-contact',
  'c.contact_id = (select id from sender) and c.room = (select coalesce($4::text, id::text) from sender)',
);

const FIND_DUPLICATE: Statement = {
  name: 'receive-duplicate',
  text: `
    select id, conversation_id, null as seq from inbox
    where organisation_id = $1 and channel_integration_id = $2 and provider_message_id = $3`,
};

interface Entered {
  id: string;
  conversation_id: string;
  seq: number;
  epoch: number;
  agent_id: string;
  /** It made the conversation or opened it again; also where the next one comes in the same millisecond. */
  opened: boolean;
}

interface Earlier {
  id: string;
  conversation_id: string;
  seq: null;
}

/**
 * Makes a message durable (CONV-1, CONV-2). Two round trips in the usual case; a first message, a changed name and
 * a duplicate take a second transaction. NUL bytes and broken surrogates are dropped here, at the border.
 */
export function makeReceive(pool: pg.Pool): Inbox['receive'] {
  return async (integration, message, now, file) => {
    const received = cleanedMessage(message);
    const receipt = { values: receiveValues(integration, received, now), now, file };
    const stored =
      (await asOrganisation(pool, integration.organisationId, async (tenancy) => {
        const row = await receiveFast(tenancy, receipt);
        if (row === undefined) tenancy.undo();
        return row;
      })) ??
      (await asOrganisation(pool, integration.organisationId, (tenancy) =>
        receiveSlowly(tenancy, integration, received, receipt),
      ));
    return stored.seq === null ? duplicate(stored) : fresh(integration, stored, now);
  };
}

interface Receipt {
  values: readonly unknown[];
  now: Date;
  file: ReceivedFile | undefined;
}

async function receiveFast(tenancy: Tenancy, { values, now, file }: Receipt): Promise<Entered | undefined> {
  const statement = values[ROOM] === null ? RECEIVE_FROM_CONTACT : RECEIVE_IN_ROOM;
  const [row] = await tenancy.rows<Entered>(statement, values);
  if (row !== undefined && file !== undefined)
    await keepFile(tenancy, row.conversation_id, row.id, file, now);
  if (row?.opened === true) await tellConversationsChanged(tenancy, [row.conversation_id], now);
  return row;
}

async function receiveSlowly(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  message: InboundMessage,
  receipt: Receipt,
): Promise<Entered | Earlier> {
  await ensureConversation(tenancy, integration, message, receipt.now);
  const row = await receiveFast(tenancy, receipt);
  if (row !== undefined) return row;
  const [earlier] = await tenancy.rows<Earlier>(FIND_DUPLICATE, [
    tenancy.organisationId,
    integration.id,
    message.providerMessageId,
  ]);
  tenancy.undo();
  if (earlier === undefined) throw new Error('a message was neither stored nor known');
  return earlier;
}

/** What Postgres stores of it, at the border. */
export function cleanedMessage(message: InboundMessage): InboundMessage {
  const { ids, name, phone } = message.customer;
  return {
    ...message,
    providerMessageId: storable(message.providerMessageId),
    room: message.room === null ? null : storable(message.room),
    customer: {
      ids: [...new Set(ids.map(storable))],
      ...(name ? { name: storable(name) } : {}),
      ...(phone ? { phone: storable(phone) } : {}),
    },
  };
}

/** Where `receiveValues` has it. */
const ROOM = 3;

function receiveValues(integration: ReceivingIntegration, message: InboundMessage, now: Date): unknown[] {
  const { customer, room } = message;
  const isChat = integration.kind === 'webchat';
  return [
    integration.organisationId,
    integration.id,
    customer.ids,
    room,
    customer.name ?? null,
    customer.phone ?? null,
    message.providerMessageId,
    storableJson(message.content),
    message.sentAt,
    now,
    messageTime(message.sentAt, now),
    integration.agentId,
    isChat ? 1 : 0,
    isChat && room !== null ? chatNotice(integration.id, room) : '',
  ];
}

function fresh(integration: ReceivingIntegration, row: Entered, now: Date): ReceivedMessage {
  return {
    messageId: row.id,
    conversationId: row.conversation_id,
    duplicate: false,
    signal: {
      ref: { organisationId: integration.organisationId, conversationId: row.conversation_id },
      row: { id: row.id, kind: 'message', seq: row.seq, epoch: row.epoch, at: now.getTime() },
      agentId: row.agent_id,
      channelIntegrationId: integration.id,
      channel: integration.kind,
      wasOpen: !row.opened,
    },
  };
}

function duplicate(row: Earlier): ReceivedMessage {
  return { messageId: row.id, conversationId: row.conversation_id, duplicate: true, signal: null };
}
