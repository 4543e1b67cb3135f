import type pg from 'pg';
import type { AuditEntry, Readers, StoredEvent } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { BY_NUMBER, readCursor, toPage } from './page.ts';
import { readConversation, readConversations } from './read-conversations.ts';
import { readFile } from './read-media.ts';
import { readMessages } from './read-messages.ts';
import { readTrace } from './read-trace.ts';

const EVENTS: Statement = {
  name: 'read-events',
  text: `
    select number::text, name, conversation_id, properties, at from events
    where organisation_id = $1 and number < coalesce($2::bigint, 9223372036854775807)
      and ($4::uuid is null or conversation_id = $4) and ($5::text is null or name = $5)
    order by events.number desc limit $3`,
};

const AUDIT: Statement = {
  name: 'read-audit',
  text: `
    select number::text, actor, action, subject, detail, source, at from audit
    where organisation_id = $1 and number < coalesce($2::bigint, 9223372036854775807)
    order by audit.number desc limit $3`,
};

interface EventRow {
  number: string;
  name: string;
  conversation_id: string | null;
  properties: Record<string, unknown>;
  at: Date;
}

interface AuditRow {
  number: string;
  actor: string;
  action: string;
  subject: string | null;
  detail: Record<string, unknown>;
  source: string | null;
  at: Date;
}

/** Reading for people and programs. Transcripts and traces run forwards, all other lists backwards from now. */
export function openReaders(pool: pg.Pool): Readers {
  return {
    conversations: readConversations(pool),
    conversation: readConversation(pool),
    messages: readMessages(pool),
    file: readFile(pool),

    turns: readTrace(pool),

    events: ({ organisationId }, { conversation, name }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_NUMBER);
        const values = [organisationId, before?.[0] ?? null, limit + 1, conversation ?? null, name ?? null];
        return toPage(
          await tenancy.rows<EventRow>(EVENTS, values),
          limit,
          (row) => [row.number],
          storedEvent,
        );
      }),

    audit: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_NUMBER);
        const values = [organisationId, before?.[0] ?? null, limit + 1];
        return toPage(await tenancy.rows<AuditRow>(AUDIT, values), limit, (row) => [row.number], auditEntry);
      }),
  };
}

function storedEvent({ number, name, conversation_id, properties, at }: EventRow): StoredEvent {
  return { id: number, name, conversationId: conversation_id, properties, at };
}

function auditEntry({ number, actor, action, subject, detail, source, at }: AuditRow): AuditEntry {
  return { id: number, actor, action, subject, detail, from: source, at };
}
