import type { Execution } from '../../api/ports.ts';
import type { CallOrigin, CallState } from '../../domain/call.ts';
import type { Json } from '../../domain/external-action.ts';
import type { Statement } from './as-organisation.ts';

/** A row of `calls` as the log of executions shows it. */
export interface ExecutionRow {
  id: string;
  external_action_id: string;
  external_action_version: number;
  origin: CallOrigin;
  conversation_id: string | null;
  phone: string | null;
  message: string;
  confidence: number | null;
  arguments: Json;
  missing: string[];
  request: Json | null;
  response: Json | null;
  status_code: number | null;
  state: CallState;
  error: string | null;
  duration_ms: number | null;
  attempts: number;
  idempotency_key: string;
  replay_of: string | null;
  planned_at: Date;
}

/** `reason` of a call that waits says why it waits, which is no error. */
const COLUMNS = `
  c.id, c.external_action_id, c.external_action_version, c.origin, c.conversation_id, k.phone, c.message,
  c.confidence, c.arguments, c.missing, c.request, c.response, c.status_code, c.state,
  case when c.state in ('gathering', 'awaiting_confirmation', 'awaiting_approval', 'planned', 'calling') then c.error
       else coalesce(c.reason, c.error) end as error,
  (extract(epoch from c.ended_at - c.began_at) * 1000)::integer as duration_ms,
  c.attempts, c.idempotency_key, c.replay_of, c.planned_at
  from calls c
  left join conversations v on v.organisation_id = $1 and v.id = c.conversation_id
  left join contacts k on k.organisation_id = $1 and k.id = v.contact_id`;

/** A builder's preview calls nobody, so it is no execution; a turn that started over has another row. */
export const LIST: Statement = {
  name: 'executions-list',
  text: `
    select ${COLUMNS}
    where c.organisation_id = $1 and c.external_action_id = $2
      and ($3::timestamptz is null or (c.planned_at, c.id) < ($3, $4::uuid))
      and ($5::text[] is null or c.state = any ($5))
      and ($6::timestamptz is null or c.planned_at >= $6)
      and ($7::timestamptz is null or c.planned_at < $7)
      and ($8::uuid is null or c.conversation_id = $8)
      and c.state <> 'superseded' and (c.origin <> 'test' or c.began_at is not null)
    order by c.planned_at desc, c.id desc limit $9`,
};

export const ONE: Statement = {
  name: 'executions-one',
  text: `select ${COLUMNS} where c.organisation_id = $1 and c.external_action_id = $2 and c.id = $3`,
};

export function execution(row: ExecutionRow): Execution {
  return {
    id: row.id,
    externalActionId: row.external_action_id,
    version: row.external_action_version,
    origin: row.origin,
    conversationId: row.conversation_id,
    phone: row.phone,
    message: row.message,
    confidence: row.confidence,
    arguments: row.arguments,
    missing: row.missing,
    request: row.request,
    response: row.response,
    statusCode: row.status_code,
    state: row.state,
    error: row.error,
    durationMs: row.duration_ms,
    attempts: row.attempts,
    idempotencyKey: row.idempotency_key,
    replayOf: row.replay_of,
    plannedAt: row.planned_at,
  };
}
