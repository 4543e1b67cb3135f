import type pg from 'pg';
import type { Readers, TranscriptMessage } from '../../api/ports.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { FILE_COLUMNS, mediaOf, NO_FILE, withFile } from './media-of-messages.ts';
import type { FileRow } from './media-of-messages.ts';
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
      (select i.id, 'customer' as sender, i.body->>'kind' as kind, i.body, null as text, i.provider_message_id,
         coalesce(i.settled_reason, 'received') as state, i.turn, i.at,
         i.seq * 2 as place, ${FILE_COLUMNS}
       from inbox i left join media m on m.organisation_id = $1 and m.message_id = i.id
       where i.organisation_id = $1 and i.conversation_id = $2 and i.kind = 'message'
         and i.at >= $3::timestamptz and (i.at, i.seq * 2, i.id) > ($3, $4::integer, $5::uuid)
       order by i.at, i.seq, i.id limit $6)
      union all
      (select id, case kind when 'operator' then 'operator' when 'notice' then 'system' else 'agent' end, kind,
         null, text, provider_message_id, state, turn, planned_at, answers_seq * 2 + 1, ${NO_FILE}
       from outbound
       where organisation_id = $1 and conversation_id = $2
         and planned_at >= $3 and (planned_at, answers_seq * 2 + 1, id) > ($3, $4, $5)
       order by planned_at, answers_seq, id limit $6)
    ) message
    order by at, place, id limit $6`,
};

/** Before every message. */
const BEGINNING = ['-infinity', '0', '00000000-0000-0000-0000-000000000000'];

interface Row extends FileRow {
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
  const content = row.body && withFile(row.body, row.id, row);
  return {
    id: row.id,
    from: row.sender,
    kind: row.kind,
    text: content === null ? (row.text ?? '') : describeContent(content),
    providerMessageId: row.provider_message_id,
    state: row.state,
    turn: row.turn,
    at: row.at,
    ...mediaOf(content),
  };
}
