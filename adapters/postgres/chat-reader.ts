import type pg from 'pg';
import type { ChatLine, ChatReader, StoredFile } from '../../api/ports.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { CHAT_NOTICES, chatNotice } from './chat-notice.ts';
import { openListener } from './listener.ts';
import { FILE_COLUMNS, mediaOf, NO_FILE, withFile } from './media-of-messages.ts';
import type { FileRow } from './media-of-messages.ts';
import { STORED_FILE } from './read-media.ts';

/** One read brings no more; the reader asks again from the last position. */
const MOST_LINES = 500;

/** Positions are given under the conversation's lock, so none appears behind one that was read. */
const AFTER: Statement = {
  name: 'chat-after',
  text: `
    with room as (
      select id from conversations where organisation_id = $1 and channel_integration_id = $2 and room = $3
    )
    (select i.position, i.id, 'customer' as sender, i.body->>'kind' as kind, i.body, null as text, i.at,
       ${FILE_COLUMNS}
     from room join inbox i on i.organisation_id = $1 and i.conversation_id = room.id
     left join media m on m.organisation_id = $1 and m.message_id = i.id
     where i.position > $4)
    union all
    (select o.position, o.id, case o.kind when 'operator' then 'operator' else 'agent' end, o.kind, null, o.text,
       o.sent_at, ${NO_FILE}
     from room join outbound o on o.organisation_id = $1 and o.conversation_id = room.id
     where o.position > $4)
    order by position limit ${MOST_LINES}`,
};

const VISITORS_FILE: Statement = {
  name: 'chat-file',
  text: `
    ${STORED_FILE}
    join conversations c on c.organisation_id = $1 and c.id = i.conversation_id
    where m.organisation_id = $1 and c.channel_integration_id = $2 and c.room = $3 and m.message_id = $4
      and m.state = 'stored'`,
};

interface LineRow extends FileRow {
  position: number;
  id: string;
  sender: ChatLine['from'];
  kind: string;
  body: MessageContent | null;
  text: string | null;
  at: Date;
}

/** Web chat's way out: visitors' pages read the ledger itself. */
export function openChatReader(pool: pg.Pool, url: string): ChatReader & { close(): Promise<void> } {
  const listener = openListener(url, CHAT_NOTICES);
  return {
    after: ({ organisationId, id }, room, position) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const rows = await tenancy.lastRows<LineRow>(AFTER, [organisationId, id, room, position]);
        return rows.map(chatLine);
      }),
    file: ({ organisationId, id }, room, messageId) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const [file] = await tenancy.lastRows<StoredFile>(VISITORS_FILE, [
          organisationId,
          id,
          room,
          messageId,
        ]);
        return file ?? null;
      }),
    watch: (integration, room, changed) => listener.watch(chatNotice(integration.id, room), changed),
    close: () => listener.close(),
  };
}

function chatLine(row: LineRow): ChatLine {
  const { position, id, sender, kind, body, text, at } = row;
  const content = body && withFile(body, id, row);
  const said = content === null ? (text ?? '') : describeContent(content);
  return { position, id, from: sender, kind, text: said, at, ...mediaOf(content) };
}
