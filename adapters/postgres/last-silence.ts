import type { LastSilence } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { runsWithPeople } from './idle-settings.ts';

/**
 * From the row that the sequence counts from: the last message, once it was answered and nobody changed hands since; or
 * an operator's reply behind it, which has left. `own_epoch` is the epoch of the sequence's own assign step.
 */
const READ: Statement = {
  name: 'last-silence',
  text: `
    with conversation as (
      select c.*, (
          select max(w.seq) from inbox w
          where w.organisation_id = $1 and w.conversation_id = $2 and w.kind = 'reply' and w.seq > c.last_message_seq
            and w.epoch = c.epoch) as reply_seq
      from conversations c
      where c.organisation_id = $1 and c.id = $2 and c.status = 'open' and c.escalated_epoch is distinct from c.epoch
    ),
    begun as (
      select c.last_message_seq as seen_seq, c.last_message_at as since, false as with_person, c.epoch, c.owner
      from conversation c
      where c.last_message_at is not null and not exists (
        select from inbox w
        where w.organisation_id = $1 and w.conversation_id = $2 and w.seq >= c.last_message_seq
          and (w.kind in ('take_over', 'hand_back', 'assign', 'resolve', 'reply')
            or w.kind = 'message' and coalesce(w.settled_reason, '') not like 'answer%'))
      union all
      select c.reply_seq, o.sent_at, true, c.epoch, c.owner
      from conversation c
      join inbox w on w.organisation_id = $1 and w.conversation_id = $2 and w.seq = c.reply_seq
      join outbound o on o.organisation_id = $1 and o.conversation_id = $2 and o.cause = 'row:' || w.id
      where c.owner = 'operator' and o.sent_at is not null and ${runsWithPeople('c')}
    ),
    fired as (
      select f.step, f.outcome, f.at, f.epoch
      from begun b join idle_firings f
        on f.organisation_id = $1 and f.conversation_id = $2 and f.seen_seq = b.seen_seq
    )
    select b.seen_seq, b.since as began, b.with_person,
      (select coalesce(max(f.step) + 1, 0) from fired f where f.outcome in ('fired', 'skipped')) as step,
      greatest(b.since,
        (select max(f.at) from fired f where f.outcome in ('fired', 'skipped')),
        (select max(o.sent_at) from outbound o
         where o.organisation_id = $1 and o.conversation_id = $2 and o.cause like 'approval:%')) as since,
      case when b.with_person then b.epoch
        else (select max(f.epoch) from fired f where f.epoch = b.epoch) end as own_epoch,
      b.owner
    from begun b`,
};

/** A nudge that was planned and of which nobody knows more. */
const LEFT: Statement = {
  name: 'last-silence-left',
  text: `
    select max(step) as step from idle_firings
    where organisation_id = $1 and conversation_id = $2 and outcome = 'planned'`,
};

interface Row {
  seen_seq: number;
  began: Date;
  with_person: boolean;
  step: number;
  since: Date;
  own_epoch: number | null;
  owner: 'agent' | 'operator';
}

/** The silence that a lost history held, in a conversation for which no message waits. */
export async function readLastSilence(tenancy: Tenancy, ref: ConversationRef): Promise<LastSilence | null> {
  const [row] = await tenancy.rows<Row>(READ, [tenancy.organisationId, ref.conversationId]);
  if (row === undefined || (row.owner === 'operator' && row.own_epoch === null)) return null;
  return {
    step: row.step,
    seenSeq: row.seen_seq,
    began: row.began,
    since: row.since,
    ownEpoch: row.own_epoch,
    withPerson: row.with_person,
  };
}

/** The step of a sequence that goes on no more, whose nudge was left half-way; null where there is none. */
export async function readStepLeft(tenancy: Tenancy, ref: ConversationRef): Promise<number | null> {
  const [row] = await tenancy.rows<{ step: number | null }>(LEFT, [
    tenancy.organisationId,
    ref.conversationId,
  ]);
  return row?.step ?? null;
}
