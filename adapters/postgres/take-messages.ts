import type pg from 'pg';
import type { PastMessage, TakenMessage, TakenTurn, Transcript } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { turnCause } from '../../contract/ids.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { inTurnOrder } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { BEGIN_TURN, knownOfTurn } from './begin-turn.ts';
import type { TurnRow } from './begin-turn.ts';
import { dueAmong, readFiles, withFile } from './media-of-messages.ts';
import { readPast } from './past-messages.ts';
import { replyLeft } from './reply-left.ts';

/**
 * A turn whose message has left `planned` takes nothing more: its reply answers what it answers. Neither does a
 * turn that a later one has overtaken, a late retry: nobody would answer what it took. Nor one that has made a call, or
 * asked an operator about one, in this round ($7), whose worker then died: what the customer wrote since knows nothing of
 * it (CONV-4). $6: whether it may grow. What was committed in an earlier epoch than the conversation's ($8) was left to
 * people by the change of hands since, whether its signal has come or not; a reply on its way still answers it.
 */
const TAKE: Statement = {
  name: 'take',
  text: `
    with reply as (
      select state, in_reply_to, epoch, escalates from outbound
      where organisation_id = $1 and conversation_id = $2 and cause = $4 and part = 0
    ),
    mine as (
      select id, seq, provider_message_id, at, body from inbox
      where organisation_id = $1 and conversation_id = $2 and kind = 'message' and settled_at is null
        and turn = $3 and (epoch >= $8 or exists (select from reply where state <> 'planned'))
    ),
    left_to_people as (
      update inbox set settled_at = $5, settled_reason = 'superseded'
      where organisation_id = $1 and conversation_id = $2 and kind = 'message' and settled_at is null
        and epoch < $8 and (turn is null or turn = $3 and not exists (select from reply where state <> 'planned'))
    ),
    taken as (
      update inbox set turn = $3, taken_at = $5
      where organisation_id = $1 and conversation_id = $2 and kind = 'message' and settled_at is null
        and turn is null and epoch >= $8 and $6 and not exists (select from reply where state <> 'planned')
        and not exists (
          select from calls
          where organisation_id = $1 and conversation_id = $2 and turn = $3 and round >= $7
            and (attempts > 0 or asked_at is not null))
      returning id, seq, provider_message_id, at, body
    )
    select m.*, r.state, r.in_reply_to, r.epoch as reply_epoch, r.escalates
    from (select * from mine union all select * from taken) m left join reply r on true`,
};

/** What a reply on its way answers, or a closing message that is still to go out, is settled by that. */
const SETTLE_UNANSWERED: Statement = {
  name: 'take-settle',
  text: `
    update inbox i set settled_at = $5, settled_reason = $6
    where i.organisation_id = $1 and i.conversation_id = $2 and i.kind = 'message' and i.settled_at is null
      and (i.turn is null or i.turn = $3 and not exists (
        select from outbound o
        where o.organisation_id = $1 and o.conversation_id = $2
          and (o.cause = $4 and o.state <> 'planned' or o.turn = $3 and o.kind = 'closing')))
    returning i.id, i.body`,
};

const FIRST_UNTAKEN: Statement = {
  name: 'take-first-untaken',
  text: `
    select min(seq) as seq from inbox
    where organisation_id = $1 and conversation_id = $2 and kind = 'message' and settled_at is null
      and turn is null`,
};

interface TakenRow {
  id: string;
  seq: number;
  provider_message_id: string;
  at: Date;
  body: MessageContent;
  state: DeliveryState | null;
  in_reply_to: string[] | null;
  reply_epoch: number | null;
  escalates: string | null;
}

/** Gives the waiting messages to a turn, in three round trips; see `Transcript.take`. */
export function makeTake(pool: pg.Pool): Transcript['take'] {
  return async (ref, turn, now, { grow = true, round = 0 } = {}) => {
    const found = await asOrganisation(pool, ref.organisationId, async (tenancy): Promise<TakenTurn> => {
      const key = [ref.organisationId, ref.conversationId, turn];
      const [conversation] = await tenancy.rows<TurnRow>(BEGIN_TURN, key);
      if (conversation === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
      if (conversation.status === 'resolved' || conversation.owner === 'operator') {
        const reason = conversation.status === 'resolved' ? 'resolved' : 'operator_has_it';
        const values = [...key, turnCause(turn), now, reason];
        const settled = await tenancy.rows<Pick<TakenRow, 'id' | 'body'>>(SETTLE_UNANSWERED, values);
        const media = dueAmong(settled.map(({ id, body }) => ({ id, content: withFile(body, id) })));
        const taken =
          (await replyLeft(tenancy, ref, conversation, { turn, now })) ??
          nothing(conversation, conversation.last_message_seq);
        return { ...taken, ...(media.length > 0 && { media }) };
      }
      const mayGrow = grow && conversation.turn === turn;
      const rows = await tenancy.rows<TakenRow>(TAKE, [
        ...key,
        turnCause(turn),
        now,
        mayGrow,
        round,
        conversation.epoch,
      ]);
      if (rows.length === 0)
        return (
          (await replyLeft(tenancy, ref, conversation, { turn, now })) ??
          nothing(conversation, await lookedThrough(tenancy, conversation, key))
        );
      return taken(tenancy, conversation, rows, turn);
    });
    if (found.kind === 'nothing') return found;
    const read = await readFiles(pool, ref.organisationId, [...found.messages, ...found.history]);
    const messages = read.slice(0, found.messages.length) as TakenMessage[];
    return { ...found, messages, history: read.slice(found.messages.length) as PastMessage[] };
  };
}

function nothing(conversation: TurnRow, throughSeq: number): Extract<TakenTurn, { kind: 'nothing' }> {
  const { epoch, owner, status } = conversation;
  return { kind: 'nothing', epoch, owner, resolved: status === 'resolved', throughSeq };
}

/** What a finished or overtaken turn could not take is still there: the workflow must not forget it. */
async function lookedThrough(tenancy: Tenancy, conversation: TurnRow, key: unknown[]): Promise<number> {
  const [first] = await tenancy.rows<{ seq: number | null }>(FIRST_UNTAKEN, key.slice(0, 2));
  return first === undefined || first.seq === null ? conversation.last_message_seq : first.seq - 1;
}

async function taken(
  tenancy: Tenancy,
  conversation: TurnRow,
  rows: TakenRow[],
  turn: number,
): Promise<TakenTurn> {
  const lastSeq = Math.max(...rows.map((row) => row.seq));
  const read = knownOfTurn(conversation, turn);
  const plannedAlready = hasReply(rows, conversation.epoch);
  const past = plannedAlready
    ? { history: [], unsummarised: 0 }
    : await readPast(tenancy, {
        contactId: conversation.contact_id,
        limit: read.settings.messageLimit,
        summaryThrough: conversation.summary_through,
      });
  return {
    ...read,
    messages: inTurnOrder(rows.map(takenMessage)),
    lastSeq,
    plannedAlready,
    replyIsOut: rows.every(({ state }) => state !== null && state !== 'planned'),
    escalates: plannedAlready ? (rows[0]?.escalates ?? null) : null,
    ...past,
  };
}

/**
 * A reply on its way stands as it is; a planned one only if it answers every one of these messages, in this very
 * epoch. The highest seq would not tell: a message that an earlier turn lost and gave back has a lower one.
 */
function hasReply(rows: readonly TakenRow[], epoch: number): boolean {
  return rows.every(({ state, in_reply_to, reply_epoch, provider_message_id }) => {
    if (state !== 'planned') return state !== null;
    return reply_epoch === epoch && in_reply_to?.includes(provider_message_id) === true;
  });
}

function takenMessage(row: TakenRow): TakenMessage {
  return {
    id: row.id,
    seq: row.seq,
    providerMessageId: row.provider_message_id,
    at: row.at,
    content: withFile(row.body, row.id),
  };
}
