import type pg from 'pg';
import type { Inbox } from '../../api/ports.ts';
import { statusOf } from '../../domain/conversation.ts';
import type { Owner } from '../../domain/conversation.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { actorOf } from './audit.ts';
import { outgoingSignal } from './entered-row.ts';
import type { SignalRow } from './entered-row.ts';
import { storable } from './storable.ts';

const READ: Statement = {
  name: 'reply-read',
  text: `
    select owner, status, queued_at from conversations where organisation_id = $1 and id = $2 for no key update`,
};

/** The words and their row are one commit; the cause is `replyCause` of contract/ids.ts. */
const REPLY: Statement = {
  name: 'reply',
  text: `
    with conversation as (
      update conversations set last_seq = last_seq + 1
      where organisation_id = $1 and id = $2
      returning id, epoch, last_seq, last_message_seq, agent_id, channel_integration_id, channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, received_at, at)
      select $1, channel_integration_id, id, 'reply', last_seq, epoch, $3, $3 from conversation
      returning id, kind, seq, epoch, received_at, about
    ),
    planned as (
      insert into outbound (organisation_id, channel_integration_id, conversation_id, cause, kind, text, epoch,
        answers_seq, in_reply_to, state, planned_at, updated_at)
      select $1, c.channel_integration_id, c.id, 'row:' || e.id, 'operator', $4, c.epoch, c.last_message_seq, '{}',
        'planned', $3, $3
      from conversation c, entered e
      returning id
    ),
    audited as (
      insert into audit (organisation_id, actor, action, subject, detail, at)
      select $1, $5, 'conversation.reply', c.id::text, jsonb_build_object('message', p.id), $3
      from conversation c, planned p
    )
    select e.*, p.id as outbound_id, c.agent_id, c.channel_integration_id, c.channel
    from entered e, conversation c, planned p`,
};

/**
 * An operator's own words, while a person has the conversation. They carry the epoch of their commit, so that a
 * hand-back or another take-over in between keeps them from leaving (ESC-5).
 */
export function makeReply(pool: pg.Pool): Inbox['reply'] {
  return async (caller, conversationId, text, now) => {
    const { organisationId } = caller;
    if (!isUuid(conversationId)) return { kind: 'unknown' };
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const [found] = await tenancy.rows<{ owner: Owner; status: string; queued_at: Date | null }>(READ, [
        organisationId,
        conversationId,
      ]);
      if (found === undefined) return { kind: 'unknown' };
      const { owner, queued_at } = found;
      const resolved = found.status === 'resolved';
      const queued = queued_at !== null;
      if (resolved || owner !== 'operator' || queued)
        return { kind: 'lost', owner, status: statusOf({ owner, resolved, queued }) };
      const values = [organisationId, conversationId, now, storable(text), actorOf(caller)];
      const [row] = await tenancy.rows<SignalRow & { outbound_id: string }>(REPLY, values);
      if (row === undefined) throw new Error('a locked conversation is gone');
      const signal = outgoingSignal(organisationId, { ...row, conversation_id: conversationId });
      return { kind: 'done', messageId: row.outbound_id, epoch: row.epoch, signal };
    });
  };
}
