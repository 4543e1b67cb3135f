import type pg from 'pg';
import type { Readers, TranscriptMessage } from '../../api/ports.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { BY_TIME_AND_PLACE, readCursor, toPage } from './page.ts';

const EXISTS: Statement = {
  name: 'read-messages-conversation',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2',
};

/**
 * Customers' messages by their own time, ours by the time they were planned: neither changes any more. At equal
 * times (WhatsApp counts in seconds) by the order of their commit, an answer behind what it answers.
 */
const MESSAGES: Statement = {
  name: 'read-messages',
  text: `
    select * from (
      (select id, 'customer' as sender, body->>'kind' as kind, body, null as text, provider_message_id,
         coalesce(settled_reason, 'received') as state, turn, at,
         seq * 2 as place
       from inbox
       where organisation_id = $1 and conversation_id = $2 and kind = 'message'
         and at >= $3::timestamptz and (at, seq * 2, id) > ($3, $4::integer, $5::uuid)
       order by at, seq, id limit $6)
      union all
      (select id, case kind when 'operator' then 'operator' when 'notice' then 'system' else 'agent' end, kind,
         null, text, provider_message_id, state, turn, planned_at, answers_seq * 2 + 1
       from outbound
       where organisation_id = $1 and conversation_id = $2
         and planned_at >= $3 and (planned_at, answers_seq * 2 + 1, id) > ($3, $4, $5)
       order by planned_at, answers_seq, id limit $6)
    ) message
    order by at, place, id limit $6`,
};

/** Before every message. */
const BEGINNING = ['-infinity', '0', '00000000-0000-0000-0000-000000000000'];

interface Row {
  id: string;
  sender: TranscriptMessage['from'];
  kind: string;
  body: MessageContent | null;
  text: string | null;
  provider_message_id: string | null;
  state: string;
  turn: number | null;
  at: Date;
  place: number;
}

/** The transcript, oldest first, with what was refused or failed too: its state says so. */
export function readMessages(pool: pg.Pool): Readers['messages'] {
  return async ({ organisationId }, conversationId, { limit, cursor }) => {
    if (!isUuid(conversationId)) return null;
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const found = await tenancy.rows(EXISTS, [organisationId, conversationId]);
      if (found.length === 0) return null;
      const after = readCursor(cursor, BY_TIME_AND_PLACE);
      const [at, place, id] = after ?? BEGINNING;
      const values = [organisationId, conversationId, at, place, id, limit + 1];
      const rows = await tenancy.rows<Row>(MESSAGES, values);
      return toPage(
        rows,
        limit,
        (row) => [row.at.toISOString(), String(row.place), row.id],
        transcriptMessage,
      );
    });
  };
}

function transcriptMessage(row: Row): TranscriptMessage {
  return {
    id: row.id,
    from: row.sender,
    kind: row.kind,
    text: row.body === null ? (row.text ?? '') : describeContent(row.body),
    providerMessageId: row.provider_message_id,
    state: row.state,
    turn: row.turn,
    at: row.at,
  };
}
