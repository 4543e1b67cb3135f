/**
 * Part of a statement with `$1` for the organisation and a conversation `c`: since when its customer waits for a person's
 * answer, null where nobody does. It is the first message that no answer reached, or the call of a person that nobody has
 * answered, handed back or given up. A notice, a closing message and a nudge answer nothing; of a person, to have
 * answered counts, whatever the channel made of it.
 */
export const WAITS_SINCE = `
  least(
    (select min(i.received_at) from inbox i
     where i.organisation_id = $1 and i.conversation_id = c.id and i.kind = 'message'
       and i.seq > (
         select coalesce(max(o.answers_seq), 0) from outbound o
         where o.organisation_id = $1 and o.conversation_id = c.id and (
           o.kind = 'operator' and o.state <> 'refused'
           or o.kind in ('reply', 'confirmation', 'outcome', 'fallback')
             and o.state in ('sending', 'sent', 'delivered', 'read', 'uncertain')))),
    case when c.escalated_at >= c.opened_at and (c.offered_at is null or c.offered_at < c.escalated_at)
      and not exists (
        select from outbound p
        where p.organisation_id = $1 and p.conversation_id = c.id and p.kind = 'operator' and p.state <> 'refused'
          and p.epoch > c.escalated_epoch)
      and not exists (
        select from inbox b
        where b.organisation_id = $1 and b.conversation_id = c.id and b.kind = 'hand_back'
          and b.epoch > c.escalated_epoch)
    then c.escalated_at end)`;
