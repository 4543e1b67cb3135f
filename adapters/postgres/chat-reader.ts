import type pg from 'pg';
import type { ChatLine, ChatReader } from '../../api/ports.ts';
import { describeContent } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { CHAT_NOTICES, chatNotice } from './chat-notice.ts';
import { openListener } from './listener.ts';

/** One read brings no more; the reader asks again from the last position. */
const MOST_LINES = 500;

/** Positions are given under the conversation's lock, so none appears behind one that was read. */
const AFTER: Statement = {
  name: 'chat-after',
  text: `
    with room as (
      select id from conversations where organisation_id = $1 and channel_integration_id = $2 and room = $3
    )
    (select i.position, i.id, 'customer' as sender, i.body->>'kind' as kind, i.body, null as text, i.at
     from room join inbox i on i.organisation_id = $1 and i.conversation_id = room.id
     where i.position > $4)
    union all
    (select o.position, o.id, case o.kind when 'operator' then 'operator' else 'agent' end, o.kind, null, o.text,
       o.sent_at
     from room join outbound o on o.organisation_id = $1 and o.conversation_id = room.id
     where o.position > $4)
    order by position limit ${MOST_LINES}`,
};

interface LineRow {
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
        return rows.map(({ sender, body, text, ...line }) => ({
          ...line,
          from: sender,
          text: body === null ? (text ?? '') : describeContent(body),
        }));
      }),
    watch: (integration, room, changed) => listener.watch(chatNotice(integration.id, room), changed),
    close: () => listener.close(),
  };
}
