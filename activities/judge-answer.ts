import type { CallOutcome, WebhookAnswer } from './ports.ts';
import type { Json } from '../domain/external-action.ts';
import { readResponse } from '../domain/outcome-message.ts';

/** A receiver that asks for more patience than this is not waited for: the customer is told that it failed. */
const LONGEST_WAIT_MS = 300_000;

export type Judged =
  | { kind: 'ended'; state: CallOutcome['state']; reason: string | null; response: Json | null }
  | { kind: 'again'; code: string; afterMs: number | null };

/**
 * What an answer of a builder's receiver means (EXT-5): 2xx is success; 408, 429, 5xx and no answer are tried again
 * while attempts are left; every other status ends the call, redirects included.
 */
export function judgeAnswer(answer: WebhookAnswer, attemptsLeft: boolean): Judged {
  if (answer.kind === 'no_answer') return judgeSilence(answer, attemptsLeft);
  const { status } = answer;
  if (status >= 200 && status < 300)
    return { kind: 'ended', state: 'succeeded', reason: null, response: readJson(answer) };
  const code = status >= 300 && status < 400 ? 'redirected' : status === 410 ? 'gone' : `http_${status}`;
  const mayHelp = status === 408 || status === 429 || status >= 500;
  const tooLong = (answer.retryAfterMs ?? 0) > LONGEST_WAIT_MS;
  if (mayHelp && attemptsLeft && !tooLong) return { kind: 'again', code, afterMs: answer.retryAfterMs };
  return { kind: 'ended', state: 'failed', reason: code, response: readJson(answer) };
}

const FOR_GOOD = ['blocked_destination', 'bad_url', 'bad_request', 'no_secret', 'other_origin'];

function judgeSilence(
  { code, mayHaveArrived }: Extract<WebhookAnswer, { kind: 'no_answer' }>,
  attemptsLeft: boolean,
): Judged {
  if (attemptsLeft && !FOR_GOOD.includes(code)) return { kind: 'again', code, afterMs: null };
  const state = code === 'timed_out' ? 'timed_out' : mayHaveArrived ? 'unknown' : 'failed';
  return { kind: 'ended', state, reason: code, response: null };
}

/** Null where the answer is not JSON, nested so deeply that it could not be stored, or longer than we read. */
function readJson({ body, truncated }: Extract<WebhookAnswer, { kind: 'answered' }>): Json | null {
  return truncated ? null : readResponse(body);
}
