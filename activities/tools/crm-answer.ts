import type { Json } from '../../domain/external-action.ts';
import type { AttemptRecord, CallOutcome } from '../ports/calls.ts';
import type { Crm, CrmAnswer, CrmRequest } from '../ports/crm.ts';
import type { Attempt, Executed, ToolPorts } from './tool.ts';

type Ended = Extract<Executed, { kind: 'ended' }>;
type NotDone = Exclude<CrmAnswer, { kind: 'ok' }>;

/** What became of a request: the answer, and what the log keeps of it. */
export interface Exchange {
  answer: CrmAnswer;
  record: AttemptRecord;
}

const MOST_LOGGED = 4096;

/** Sends the requests of one attempt, which together may take as long as the attempt. */
export function openExchanges(
  { crm, clock }: { crm: Crm; clock: ToolPorts['clock'] },
  { call, signal, timeoutMs }: Attempt,
): (request: Omit<CrmRequest, 'timeoutMs'>) => Promise<Exchange> {
  const began = clock.now().getTime();
  return async (request) => {
    const before = clock.now().getTime();
    const left = began + timeoutMs - before;
    const answer: CrmAnswer =
      left <= 0
        ? { kind: 'nothing_sent', code: 'out_of_time' }
        : await crm.request(call.organisationId, { ...request, timeoutMs: left }, signal);
    const durationMs = clock.now().getTime() - before;
    return { answer, record: recordOf(request, answer, durationMs) };
  };
}

/** What the log keeps: neither the token, which only the adapter knows, nor a large answer. */
function recordOf(
  { method, path, query, body }: Omit<CrmRequest, 'timeoutMs'>,
  answer: CrmAnswer,
  durationMs: number,
): AttemptRecord {
  return {
    request: { method, path, ...(query && { query }), ...(body !== undefined && { body }) },
    response: answer.kind === 'ok' ? small(answer.body) : null,
    statusCode: 'status' in answer ? answer.status : null,
    error: answer.kind === 'ok' ? null : codeOf(answer),
    durationMs,
  };
}

function small(body: Json): Json {
  return JSON.stringify(body).length <= MOST_LOGGED ? body : null;
}

function codeOf(answer: NotDone): string {
  switch (answer.kind) {
    case 'rejected':
      return `crm_${answer.status}`;
    case 'busy':
      return 'crm_busy';
    case 'unknown':
    case 'nothing_sent':
      return answer.code;
    case 'not_connected':
      return 'not_connected';
  }
}

/** What follows from a write that was not confirmed. What the CRM refused is told with its own words (ACT-2). */
export function notDone(answer: NotDone, record: AttemptRecord): Executed {
  switch (answer.kind) {
    case 'rejected':
      return failed(codeOf(answer), answer.message, record);
    case 'busy':
      return { kind: 'try_again', afterMs: answer.retryAfterMs, code: 'crm_busy', attempt: record };
    case 'nothing_sent':
      return { kind: 'try_again', afterMs: null, code: answer.code, attempt: record };
    case 'unknown':
      return { kind: 'try_again', afterMs: null, code: 'outcome_unknown', attempt: record };
    case 'not_connected':
      return failed('not_connected', 'The CRM is not connected. Nothing was done.', record);
  }
}

/** What follows when the look for an earlier attempt's effect brought nothing: that attempt's outcome stays open. */
export function notFoundOut(answer: CrmAnswer, record: AttemptRecord): Executed {
  switch (answer.kind) {
    case 'busy':
      return { kind: 'try_again', afterMs: answer.retryAfterMs, code: 'outcome_unknown', attempt: record };
    case 'unknown':
    case 'nothing_sent':
      return { kind: 'try_again', afterMs: null, code: 'outcome_unknown', attempt: record };
    case 'ok':
    case 'rejected':
    case 'not_connected':
      return unknown(record);
  }
}

export function succeeded(
  result: Json,
  made: CallOutcome['record'] | null,
  attempt: AttemptRecord | null,
): Ended {
  const outcome = { state: 'succeeded' as const, reason: null, result, ...(made && { record: made }) };
  return { kind: 'ended', outcome, attempt, leaves: null };
}

function failed(reason: string, error: string, attempt: AttemptRecord): Ended {
  const outcome = { state: 'failed' as const, reason, result: { ok: false, error } };
  return { kind: 'ended', outcome, attempt, leaves: null };
}

function unknown(attempt: AttemptRecord): Ended {
  const error = 'It is not known whether this was done. A colleague will check; do not try it again.';
  const outcome = { state: 'unknown' as const, reason: 'outcome_unknown', result: { ok: false, error } };
  return { kind: 'ended', outcome, attempt, leaves: null };
}
