import type { Json } from '../../domain/external-action.ts';
import type { AttemptRecord, CallOutcome } from '../ports/calls.ts';
import type { WebhookAnswer } from '../ports/webhooks.ts';
import type { Executed } from './tool.ts';

type Answered = Extract<WebhookAnswer, { kind: 'answered' }>;
type Silent = Extract<WebhookAnswer, { kind: 'no_answer' }>;

/** What a repeat of the request would do. */
export type Repeatable = 'read' | 'keyed' | 'none';

const MOST_SHOWN = 4096;
/** A receiver that asks for more patience than this is not waited for. */
const LONGEST_WAIT_MS = 300_000;
const FOR_GOOD = ['blocked_destination', 'bad_url', 'bad_request', 'no_secret', 'other_origin'];

/**
 * What an answer means to the agent (ACT-9). What may not be repeated ends with its first attempt: the ledger would
 * count a second one as unknown, even where nothing had been sent.
 */
export function readApiAnswer(answer: WebhookAnswer, repeatable: Repeatable, request: Json): Executed {
  const attempt: AttemptRecord = {
    request,
    response: answer.kind === 'answered' ? (shownBody(answer).body ?? null) : null,
    statusCode: answer.kind === 'answered' ? answer.status : null,
    error: codeOf(answer),
    durationMs: answer.durationMs,
  };
  return answer.kind === 'answered'
    ? answered(answer, repeatable, attempt)
    : silent(answer, repeatable, attempt);
}

function codeOf(answer: WebhookAnswer): string | null {
  if (answer.kind === 'no_answer') return answer.code;
  if (answer.status >= 200 && answer.status < 300) return null;
  return answer.status >= 300 && answer.status < 400 ? 'redirected' : `http_${answer.status}`;
}

function answered(answer: Answered, repeatable: Repeatable, attempt: AttemptRecord): Executed {
  const { status, retryAfterMs } = answer;
  const result = { ok: attempt.error === null, status, ...shownBody(answer) };
  if (attempt.error === null) return ended('succeeded', null, result, attempt);
  const mayHelp = status === 408 || status === 429 || status >= 500;
  if (!mayHelp || repeatable === 'none' || (retryAfterMs ?? 0) > LONGEST_WAIT_MS)
    return ended('failed', attempt.error, result, attempt);
  const mayBeDone = repeatable === 'keyed' && status !== 429;
  const code = mayBeDone ? 'outcome_unknown' : attempt.error;
  return { kind: 'try_again', afterMs: retryAfterMs, code, attempt };
}

function silent({ code, mayHaveArrived }: Silent, repeatable: Repeatable, attempt: AttemptRecord): Executed {
  const mayBeDone = mayHaveArrived && repeatable !== 'read';
  if (repeatable !== 'none' && !FOR_GOOD.includes(code))
    return { kind: 'try_again', afterMs: null, code: mayBeDone ? 'outcome_unknown' : code, attempt };
  if (!mayBeDone)
    return ended('failed', code, told('The other system could not be reached. Nothing was done.'), attempt);
  const state = code === 'timed_out' ? 'timed_out' : 'unknown';
  const error = 'It is not known whether this was done. A colleague will check; do not try it again.';
  return ended(state, code, told(error), attempt);
}

function told(error: string): Json {
  return { ok: false, error };
}

function ended(
  state: CallOutcome['state'],
  reason: string | null,
  result: Json,
  attempt: AttemptRecord,
): Executed {
  return { kind: 'ended', outcome: { state, reason, result }, attempt, leaves: null };
}

/** JSON as it is; of what is too long its beginning, as text; of anything else nothing. */
function shownBody({ body, truncated }: Answered): { body?: Json; body_start?: string } {
  if (truncated) return { body_start: body.slice(0, MOST_SHOWN).toWellFormed() };
  try {
    const parsed = JSON.parse(body) as Json;
    return body.length <= MOST_SHOWN
      ? { body: parsed }
      : { body_start: body.slice(0, MOST_SHOWN).toWellFormed() };
  } catch {
    // The parser's message quotes the receiver; what is no JSON is not shown.
    return {};
  }
}
