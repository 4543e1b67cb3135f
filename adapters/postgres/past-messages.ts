import type { PastMessage } from '../../activities/ports.ts';
import type { MessageContent } from '../../domain/message.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { withFile } from './media-of-messages.ts';

/**
 * What the customer wrote and what really reached them, in all conversations of the contact on that channel
 * (CONV-10), in the order of the times, at equal times of the commits. Left out: what waits or is being answered, and what was replaced, refused, failed or is uncertain.
 * $1 organisation, $2 contact.
 */
const lines = (order: 'desc' | 'asc', after: string, limit: string) => `
  conversations c cross join lateral (
    (select i.id, 'customer' as sender, i.body, null as text, i.at, i.seq * 2 as place from inbox i
     where i.organisation_id = $1 and i.conversation_id = c.id and i.kind = 'message' and i.at > ${after}
       and (i.settled_at is not null or i.turn <> c.turn)
     order by i.at ${order}, i.seq ${order} limit ${limit})
    union all
    (select o.id, case o.kind when 'operator' then 'operator' else 'agent' end, null, o.text, o.planned_at,
       o.answers_seq * 2 + 1
     from outbound o
     where o.organisation_id = $1 and o.conversation_id = c.id and o.planned_at > ${after}
       and o.state in ('sent', 'delivered', 'read')
     order by o.planned_at ${order}, o.answers_seq ${order}, o.id ${order} limit ${limit})
  ) line
  where c.organisation_id = $1 and c.contact_id = $2`;

/** No more are counted, so that a summary that keeps failing does not make each turn dearer. */
const MOST_UNSUMMARISED = 200;

/**
 * The last $3 messages, and with them how many come after $4, $5 at most: where the window is not full, it holds them all,
 * and nothing is counted.
 */
const HISTORY: Statement = {
  name: 'past-history',
  text: `
    with recent as materialized (
      select line.* from ${lines('desc', `'-infinity'::timestamptz`, '$3')}
      order by line.at desc, line.place desc limit $3
    )
    select recent.*, case when (select count(*) from recent) >= $3
      then (select count(*) from (select from ${lines('desc', '$4', '$5')} limit $5) counted)
      else 0 end::int as since
    from recent order by recent.at desc, recent.place desc`,
};

const SINCE_SUMMARY: Statement = {
  name: 'past-since-summary',
  text: `
    select line.* from ${lines('asc', '$3', '$4')}
    order by line.at, line.place limit $4`,
};

interface LineRow {
  id: string;
  sender: PastMessage['from'];
  body: MessageContent | null;
  text: string | null;
  at: Date;
}

/** The last `limit` messages, oldest first, and how many before them no summary holds. Ends the transaction. */
export async function readPast(
  tenancy: Tenancy,
  { contactId, limit, summaryThrough }: { contactId: string; limit: number; summaryThrough: Date | null },
): Promise<{ history: PastMessage[]; unsummarised: number }> {
  const newestFirst = await tenancy.lastRows<LineRow & { since: number }>(HISTORY, [
    tenancy.organisationId,
    contactId,
    limit,
    since(summaryThrough),
    limit + MOST_UNSUMMARISED,
  ]);
  return {
    history: newestFirst.reverse().map(pastMessage),
    unsummarised: Math.max(0, (newestFirst[0]?.since ?? 0) - limit),
  };
}

/** The oldest messages that neither the summary nor the window of `keepLast` holds, oldest first. */
export async function readUnsummarised(
  tenancy: Tenancy,
  options: { contactId: string; keepLast: number; summaryThrough: Date | null },
): Promise<PastMessage[]> {
  const rows = await tenancy.rows<LineRow>(SINCE_SUMMARY, [
    tenancy.organisationId,
    options.contactId,
    since(options.summaryThrough),
    options.keepLast + MOST_UNSUMMARISED,
  ]);
  return wholeInstants(rows.map(pastMessage), rows.length - options.keepLast);
}

/**
 * The first `count` messages, cut where the time changes: the summary is remembered by the time it goes through,
 * and WhatsApp's times are whole seconds, so a cut inside one would forget the rest of it.
 */
function wholeInstants(messages: PastMessage[], count: number): PastMessage[] {
  let end = Math.max(0, count);
  const next = messages[end]?.at.getTime();
  while (end > 0 && messages[end - 1]?.at.getTime() === next) end--;
  return messages.slice(0, end);
}

function pastMessage({ id, sender, body, text, at }: LineRow): PastMessage {
  return { from: sender, content: body ? withFile(body, id) : { kind: 'text', text: text ?? '' }, at };
}

function since(summaryThrough: Date | null): Date | string {
  return summaryThrough ?? '-infinity';
}
