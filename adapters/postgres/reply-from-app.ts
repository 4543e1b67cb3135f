import type pg from 'pg';
import type { Inbox, OutgoingSignal, ReceivingIntegration } from '../../api/ports.ts';
import type { Owner } from '../../domain/conversation.ts';
import { describeContent, messageTime } from '../../domain/message.ts';
import type { InboundMessage } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { tellConversationsChanged } from './conversation-changed.ts';
import { ensureConversation } from './ensure-conversation.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';
import { cleanedMessage } from './receive-message.ts';
import { storable, storableJson } from './storable.ts';

const FIND: Statement = {
  name: 'app-reply-find',
  text: `
    select c.id, c.owner, c.status, c.queued_at is not null as queued from conversations c
    where c.organisation_id = $1 and c.channel_integration_id = $2
      and c.room = coalesce($4::text, (
        select i.contact_id::text from contact_identities i
        where i.organisation_id = $1 and i.channel_integration_id = $2 and i.external_id = any ($3::text[])
        order by array_position($3, i.external_id) limit 1))
    for no key update of c`,
};

/** Behind the lock of the conversation, which the same message's other delivery has to take, too. */
const KNOWN: Statement = {
  name: 'app-reply-known',
  text: `
    select 1 from outbound
    where organisation_id = $1 and channel_integration_id = $2 and provider_message_id = $3`,
};

/** Whose words in somebody else's room are no customer's: one of the organisation's people who may answer customers. */
const AUTHOR: Statement = {
  name: 'app-reply-author',
  text: `
    select m.id from members m
    join conversations c on c.organisation_id = $1 and c.channel_integration_id = $2 and c.room = $4
    where m.organisation_id = $1 and m.slack_user_id = any ($3::text[]) and m.deleted_at is null
      and m.role in ('operator', 'admin')
      and not exists (
        select from contact_identities i
        where i.organisation_id = $1 and i.channel_integration_id = $2 and i.contact_id = c.contact_id
          and i.external_id = any ($3))`,
};

/** `$3`: whether it takes the conversation over, which is a row of its own before the reply's. */
const WRITE: Statement = {
  name: 'app-reply',
  text: `
    with conversation as (
      update conversations c
      set epoch = c.epoch + $3::int, last_seq = c.last_seq + 1 + $3::int, owner = 'operator', status = 'open',
          operator_id = case $3::int when 1 then $9::uuid else c.operator_id end, queued_at = null,
          opened_at = case c.status when 'resolved' then $4::timestamptz else c.opened_at end, resolved_at = null
      where c.organisation_id = $1 and c.id = $2
      returning c.id, c.epoch, c.last_seq, c.last_message_seq, c.agent_id, c.channel_integration_id, c.channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, operator_id,
        received_at, at)
      select $1, c.channel_integration_id, c.id, k.kind, c.last_seq - k.before, c.epoch,
        case k.kind when 'take_over' then $9::uuid end, $4, $4
      from conversation c cross join (values ('take_over', 1), ('reply', 0)) as k (kind, before)
      where k.before <= $3::int
      returning id, conversation_id, kind, seq, epoch, received_at, about, operator_id
    ),
    sent as (
      insert into outbound (organisation_id, channel_integration_id, conversation_id, cause, kind, text, body, epoch,
        answers_seq, in_reply_to, state, planned_at, sent_at, updated_at, provider_message_id)
      select $1, c.channel_integration_id, c.id, 'row:' || e.id, 'operator', $5, $6::jsonb, c.epoch,
        c.last_message_seq, '{}', 'sent', $7, $7, $4, $8
      from conversation c join entered e on e.kind = 'reply'
    )
    select e.*, c.agent_id, c.channel_integration_id, c.channel from entered e, conversation c order by e.seq`,
};

interface Found {
  id: string;
  owner: Owner;
  status: 'open' | 'resolved';
  queued: boolean;
}

/** See `Inbox.replyFromApp`. The person has answered already: nothing of it is sent by us. */
export function makeReplyFromApp(pool: pg.Pool): Inbox['replyFromApp'] {
  return (integration, given, now) =>
    asOrganisation(pool, integration.organisationId, async (tenancy): Promise<OutgoingSignal[]> => {
      const reply = cleanedMessage(given);
      const found = await findRoom(tenancy, integration, reply);
      if (found !== undefined) return once(tenancy, integration, { found, reply, member: null }, now);
      await ensureConversation(tenancy, integration, reply, now);
      const made = await findRoom(tenancy, integration, reply);
      if (made === undefined) throw new Error('a conversation was neither found nor made');
      return once(tenancy, integration, { found: made, reply, member: null }, now);
    });
}

/** See `Inbox.replyOfMember`. */
export function makeReplyOfMember(pool: pg.Pool): Inbox['replyOfMember'] {
  return (integration, given, now) =>
    asOrganisation(pool, integration.organisationId, async (tenancy): Promise<OutgoingSignal[] | null> => {
      const reply = cleanedMessage(given);
      const values = [integration.organisationId, integration.id, reply.customer.ids, reply.room];
      const [author] = await tenancy.rows<{ id: string }>(AUTHOR, values);
      const found = author && (await findRoom(tenancy, integration, reply));
      return found ? once(tenancy, integration, { found, reply, member: author.id }, now) : null;
    });
}

async function findRoom(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  { customer, room }: InboundMessage,
): Promise<Found | undefined> {
  const values = [integration.organisationId, integration.id, customer.ids, room];
  return (await tenancy.rows<Found>(FIND, values))[0];
}

interface Written {
  found: Found;
  reply: InboundMessage;
  /** Who wrote it, where that is known. */
  member: string | null;
}

async function once(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  written: Written,
  now: Date,
): Promise<OutgoingSignal[]> {
  const message = [integration.organisationId, integration.id, written.reply.providerMessageId];
  const known = await tenancy.rows(KNOWN, message);
  return known.length > 0 ? [] : write(tenancy, written, now);
}

async function write(
  tenancy: Tenancy,
  { found: { id, owner, status, queued }, reply, member }: Written,
  now: Date,
): Promise<OutgoingSignal[]> {
  const takesOver = status === 'resolved' || owner === 'agent' || queued;
  const { content } = reply;
  const rows = await tenancy.rows<SignalRow>(WRITE, [
    tenancy.organisationId,
    id,
    takesOver ? 1 : 0,
    now,
    storable(describeContent(content)),
    content.kind === 'text' ? null : storableJson(content),
    messageTime(lateInItsSecond(reply.sentAt), now),
    reply.providerMessageId,
    member,
  ]);
  for (const { kind, epoch, channel } of rows) {
    const actor = member === null ? `app:${channel}` : `member:${member}`;
    const entry = { actor, subject: id, detail: { epoch }, source: null };
    await writeAudit(tenancy, { ...entry, action: `conversation.${kind}` }, now);
  }
  if (takesOver) await tellConversationsChanged(tenancy, [id], now);
  return rows.map((row) => outgoingSignal(tenancy.organisationId, row));
}

/** WhatsApp's times are whole seconds, and begin them: what the agent said in the same second came before. */
function lateInItsSecond(at: Date | null): Date | null {
  return at === null || at.getMilliseconds() > 0 ? at : new Date(at.getTime() + 999);
}
