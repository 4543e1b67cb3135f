import { z } from 'zod';
import { hasEnded } from '../domain/call.ts';
import type { CallState } from '../domain/call.ts';
import type { Execution, ExecutionFilter } from './ports.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, time, toPage, toPageQuery } from './shapes.ts';

const EXECUTION_STATUSES = ['pending', 'success', 'failed', 'timeout', 'unknown', 'cancelled'] as const;
type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** How the log names each state (EXT-7). */
const STATUS: Readonly<Record<CallState, ExecutionStatus>> = {
  gathering: 'pending',
  awaiting_confirmation: 'pending',
  awaiting_approval: 'pending',
  planned: 'pending',
  calling: 'pending',
  succeeded: 'success',
  failed: 'failed',
  refused: 'failed',
  timed_out: 'timeout',
  unknown: 'unknown',
  cancelled: 'cancelled',
  superseded: 'cancelled',
};

export const byExecution = z.object({ id, execution: id });

export const execution = z
  .strictObject({
    id,
    external_action_id: id,
    version: z.int(),
    origin: z.enum(['conversation', 'test', 'replay']),
    replay_of: id.nullable(),
    conversation_id: id.nullable(),
    phone: z.string().nullable(),
    original_message: z.string(),
    confidence: z.number().nullable(),
    payload_sent: z.unknown().meta({ description: 'Secrets redacted' }),
    response_received: z.unknown(),
    response_status_code: z.int().nullable(),
    status: z.enum(EXECUTION_STATUSES),
    error_message: z.string().nullable().meta({ description: 'A code' }),
    execution_time_ms: z.int().nullable(),
    retry_count: z.int(),
    idempotency_key: z.string(),
    created_at: time,
  })
  .meta({ id: 'Execution' });

export const listExecutions = operation({
  summary: 'The log of an external action, newest first',
  params: byId,
  query: pageQuery.extend({
    status: z.enum(EXECUTION_STATUSES).optional(),
    from: time.optional(),
    to: time.optional().meta({ description: 'RFC 3339; not included' }),
    conversation: id.optional(),
  }),
  status: 200,
  answer: pageOf(execution),
  async run({ caller, params, query }, { executions }) {
    const { status, from, to, conversation } = query;
    const filter: ExecutionFilter = {
      states: status === undefined ? undefined : statesOf(status),
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      conversation,
    };
    const page = await executions.list(caller, params.id, filter, toPageQuery(query));
    if (page === null) throw unknown('external action');
    return toPage(page, toExecution);
  },
});

export const readExecution = operation({
  summary: 'One execution with what was sent and what came back',
  params: byExecution,
  status: 200,
  answer: execution,
  async run({ caller, params }, { executions }) {
    const found = await executions.read(caller, params.id, params.execution);
    if (found === null) throw unknown('execution');
    return toExecution(found);
  },
});

export function toExecution(row: Execution): z.input<typeof execution> {
  return {
    id: row.id,
    external_action_id: row.externalActionId,
    version: row.version,
    origin: row.origin,
    replay_of: row.replayOf,
    conversation_id: row.conversationId,
    phone: row.phone,
    original_message: row.message,
    confidence: row.confidence,
    payload_sent: row.request,
    response_received: row.response,
    response_status_code: row.statusCode,
    status: STATUS[row.state],
    error_message: row.error,
    execution_time_ms: hasEnded(row.state) ? row.durationMs : null,
    retry_count: Math.max(0, row.attempts - 1),
    idempotency_key: row.idempotencyKey,
    created_at: row.plannedAt.toISOString(),
  };
}

function statesOf(status: ExecutionStatus): CallState[] {
  return (Object.keys(STATUS) as CallState[]).filter((state) => STATUS[state] === status);
}
