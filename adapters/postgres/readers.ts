import type pg from 'pg';
import type { AuditEntry, Readers, StoredEvent, TraceStep } from '../../api/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { BY_NUMBER, readCursor, toPage } from './page.ts';
import { readConversation, readConversations } from './read-conversations.ts';
import { readMessages } from './read-messages.ts';

const CONVERSATION_EXISTS: Statement = {
  name: 'read-conversation-exists',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2',
};

const TURNS: Statement = {
  name: 'read-turns',
  text: `
    select number::text, turn, kind, model, request, response, input_tokens, output_tokens, duration_ms, failure, at
    from turn_steps
    where organisation_id = $1 and conversation_id = $2 and number > coalesce($3::bigint, 0)
    order by turn_steps.number limit $4`,
};

const EVENTS: Statement = {
  name: 'read-events',
  text: `
    select number::text, name, conversation_id, properties, at from events
    where organisation_id = $1 and number < coalesce($2::bigint, 9223372036854775807)
    order by events.number desc limit $3`,
};

const AUDIT: Statement = {
  name: 'read-audit',
  text: `
    select number::text, actor, action, subject, detail, source, at from audit
    where organisation_id = $1 and number < coalesce($2::bigint, 9223372036854775807)
    order by audit.number desc limit $3`,
};

interface TurnRow {
  number: string;
  turn: number;
  kind: string;
  model: string | null;
  request: unknown;
  response: unknown;
  input_tokens: number;
  output_tokens: number;
  duration_ms: number;
  failure: string | null;
  at: Date;
}

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

    turns: ({ organisationId }, conversationId, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        if (!isUuid(conversationId)) return null;
        const found = await tenancy.rows(CONVERSATION_EXISTS, [organisationId, conversationId]);
        if (found.length === 0) return null;
        const after = readCursor(cursor, BY_NUMBER);
        const values = [organisationId, conversationId, after?.[0] ?? null, limit + 1];
        return toPage(await tenancy.rows<TurnRow>(TURNS, values), limit, (row) => [row.number], traceStep);
      }),

    events: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_NUMBER);
        const values = [organisationId, before?.[0] ?? null, limit + 1];
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

function traceStep(row: TurnRow): TraceStep {
  return {
    id: row.number,
    turn: row.turn,
    kind: row.kind,
    model: row.model,
    request: row.request,
    response: row.response,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    durationMs: row.duration_ms,
    failure: row.failure,
    at: row.at,
  };
}

function storedEvent({ number, name, conversation_id, properties, at }: EventRow): StoredEvent {
  return { id: number, name, conversationId: conversation_id, properties, at };
}

function auditEntry({ number, actor, action, subject, detail, source, at }: AuditRow): AuditEntry {
  return { id: number, actor, action, subject, detail, from: source, at };
}
