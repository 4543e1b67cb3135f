import type { StandingWatch } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { WAITS_SINCE } from './waiting-customer.ts';

/** The newest stage that came in this epoch, unless the customer began to wait after it. */
const STANDING: Statement = {
  name: 'watch-standing',
  text: `
    select s.waits_since, s.last_message_seq, w.epoch, w.seq, w.stage, w.at, w.own_epoch
    from (
      select c.epoch, c.last_message_seq, ${WAITS_SINCE} as waits_since
      from conversations c where c.organisation_id = $1 and c.id = $2
    ) s
    left join lateral (
      select h.epoch, h.seq, h.stage, h.at,
        (select max(o.own_epoch) from human_watches o
         where o.organisation_id = $1 and o.conversation_id = $2 and o.epoch = h.epoch and o.seq = h.seq) as own_epoch
      from human_watches h
      where h.organisation_id = $1 and h.conversation_id = $2 and h.outcome <> 'offered' and h.at >= s.waits_since
        and (h.epoch = s.epoch or exists (
          select from human_watches e
          where e.organisation_id = $1 and e.conversation_id = $2 and e.epoch = h.epoch and e.seq = h.seq
            and e.own_epoch = s.epoch))
      order by h.at desc, h.stage desc limit 1
    ) w on true`,
};

interface Row {
  waits_since: Date | null;
  last_message_seq: number;
  epoch: number | null;
  seq: number;
  stage: number;
  at: Date;
  own_epoch: number | null;
}

/** Where the wait for a person stands, for a run that knows nothing of the one before; null: nobody waits. */
export async function readStandingWatch(
  tenancy: Tenancy,
  ref: ConversationRef,
  conversation: {
    epoch: number;
    owner: Owner;
    status: 'open' | 'resolved';
    escalated_epoch: number | null;
  },
): Promise<StandingWatch | null> {
  const { epoch, owner, status, escalated_epoch } = conversation;
  if (status === 'resolved' || (owner === 'agent' && escalated_epoch !== epoch)) return null;
  const [row] = await tenancy.rows<Row>(STANDING, [ref.organisationId, ref.conversationId]);
  if (row === undefined || row.waits_since === null) return null;
  const { last_message_seq: seq, waits_since: since } = row;
  if (row.epoch === null) return { epoch, seq, stage: 0, since, ownEpoch: null };
  return { epoch: row.epoch, seq: row.seq, stage: row.stage + 1, since: row.at, ownEpoch: row.own_epoch };
}
