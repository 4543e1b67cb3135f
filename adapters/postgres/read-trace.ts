import type pg from 'pg';
import type { Readers, TraceStep } from '../../api/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { readCursor, toPage } from './page.ts';

const CONVERSATION_EXISTS: Statement = {
  name: 'trace-conversation-exists',
  text: 'select from conversations where organisation_id = $1 and id = $2',
};

/** Model calls by their number; a call right behind the step that decided it, which was written in the same moment. */
const TRACE: Statement = {
  name: 'read-trace',
  text: `
    select * from (
      select number::text as id, number as place, turn, kind, model, request, response, input_tokens, output_tokens,
        duration_ms, failure, at
      from turn_steps where organisation_id = $1 and conversation_id = $2
      union all
      select id::text, 900000000000000000 + coalesce(number, 0), turn, case tool when 'external_action' then tool else 'tool' end, null,
        json_build_object('tool', tool, 'external_action_id', external_action_id, 'arguments', arguments,
          'idempotency_key', idempotency_key, 'sent', request),
        json_build_object('state', state, 'result', result, 'answer', response, 'status_code', status_code,
          'attempts', attempts),
        0, 0, coalesce(extract(milliseconds from ended_at - began_at), 0)::integer, reason, planned_at
      from calls where organisation_id = $1 and conversation_id = $2
    ) step
    where $3::timestamptz is null or (at, place, id) > ($3, $4::bigint, $5)
    order by at, place, id limit $6`,
};

const BY_TIME_PLACE_AND_ID = [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, /^\d{1,18}$/, /^[0-9a-f-]{1,36}$/];

interface TraceRow {
  id: string;
  place: string;
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

/** The trace of a conversation, oldest first: what the model was asked, and what was called. */
export function readTrace(pool: pg.Pool): Readers['turns'] {
  return ({ organisationId }, conversationId, { limit, cursor }) =>
    asOrganisation(pool, organisationId, async (tenancy) => {
      if (!isUuid(conversationId)) return null;
      const found = await tenancy.rows(CONVERSATION_EXISTS, [organisationId, conversationId]);
      if (found.length === 0) return null;
      const [at = null, place = null, id = null] = readCursor(cursor, BY_TIME_PLACE_AND_ID) ?? [];
      const values = [organisationId, conversationId, at, place, id, limit + 1];
      const rows = await tenancy.lastRows<TraceRow>(TRACE, values);
      return toPage(rows, limit, (row) => [row.at.toISOString(), row.place, row.id], traceStep);
    });
}

function traceStep(row: TraceRow): TraceStep {
  return {
    id: row.id,
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
