import type { ReceivingIntegration } from '../../api/ports.ts';
import type { InboundMessage } from '../../domain/message.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/**
 * Lets one process at a time make the contact and the conversation of these ids. Taken in the order of the hashes,
 * so that two messages that share some ids never wait for each other in a circle.
 */
const QUEUE_UP: Statement = {
  name: 'ensure-queue-up',
  text: `
    select pg_advisory_xact_lock(7275540, hashed)
    from (select distinct hashtext(key) as hashed from unnest($1::text[]) as key order by hashed) ordered`,
};

const FIND_CONTACT: Statement = {
  name: 'ensure-find-contact',
  text: `
    select contact_id from contact_identities
    where organisation_id = $1 and channel_integration_id = $2 and external_id = any ($3::text[])
    order by array_position($3, external_id) limit 1`,
};

const CREATE_CONTACT: Statement = {
  name: 'ensure-create-contact',
  text: `
    insert into contacts (organisation_id, channel_integration_id, name, phone, created_at)
    values ($1, $2, $3, $4, $5) returning id as contact_id`,
};

const UPDATE_CONTACT: Statement = {
  name: 'ensure-update-contact',
  text: `
    update contacts set name = coalesce($3, name), phone = coalesce($4, phone)
    where organisation_id = $1 and id = $2`,
};

/** An id that belongs to another contact stays there: who holds two contacts' ids is the one named first. */
const NOTE_IDENTITIES: Statement = {
  name: 'ensure-note-identities',
  text: `
    insert into contact_identities as known (organisation_id, channel_integration_id, external_id, contact_id, rank)
    select $1, $2, external_id, $4, place - 1
    from unnest($3::text[]) with ordinality as given (external_id, place)
    on conflict (organisation_id, channel_integration_id, external_id)
      do update set rank = excluded.rank
      where known.contact_id = excluded.contact_id and known.rank <> excluded.rank`,
};

/** Part of a statement with `$1` and `$2` for a channel integration: its conversations open in the queue (IDLE-8). */
export const ANSWERED_BY_PEOPLE = `exists (
  select from channel_integrations v
  where v.organisation_id = $1 and v.id = $2 and v.answered_by = 'people')`;

const OPEN_CONVERSATION: Statement = {
  name: 'ensure-open-conversation',
  text: `
    insert into conversations
      (organisation_id, channel_integration_id, channel, agent_id, contact_id, room, opened_at, owner, queued_at)
    select $1::uuid, $2::uuid, $3::text, $4::uuid, $5::uuid, coalesce($6::text, $5::uuid::text), $7::timestamptz,
      case when people then 'operator' else 'agent' end, case when people then $7::timestamptz end
    from (select ${ANSWERED_BY_PEOPLE} as people) answered
    on conflict (organisation_id, channel_integration_id, room) do nothing`,
};

/**
 * Finds or makes the customer and the conversation of a message. A provider that names no room has one room per
 * customer; it is named after our contact, whose id outlives a change of the customer's number.
 */
export async function ensureConversation(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  message: InboundMessage,
  now: Date,
): Promise<void> {
  const { organisationId } = tenancy;
  const { ids, name = null, phone = null } = message.customer;
  const keys = ids.map((id) => `customer/${integration.id}/${id}`);
  if (message.room !== null) keys.push(`room/${integration.id}/${message.room}`);
  await tenancy.rows(QUEUE_UP, [keys]);

  const known = await tenancy.rows<{ contact_id: string }>(FIND_CONTACT, [
    organisationId,
    integration.id,
    ids,
  ]);
  const [contact] =
    known.length > 0
      ? known
      : await tenancy.rows<{ contact_id: string }>(CREATE_CONTACT, [
          organisationId,
          integration.id,
          name,
          phone,
          now,
        ]);
  if (contact === undefined) throw new Error('a contact was neither found nor made');
  if (known.length > 0) await tenancy.rows(UPDATE_CONTACT, [organisationId, contact.contact_id, name, phone]);
  await tenancy.rows(NOTE_IDENTITIES, [organisationId, integration.id, ids, contact.contact_id]);
  await tenancy.rows(OPEN_CONVERSATION, [
    organisationId,
    integration.id,
    integration.kind,
    integration.agentId,
    contact.contact_id,
    message.room,
    now,
  ]);
}
