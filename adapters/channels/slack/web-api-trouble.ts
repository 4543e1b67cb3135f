import type { EgressFailure } from '../../egress/egress-failure.ts';

/** How a call ended that did not end well. */
export type Trouble =
  /** Nothing happened; it may be tried again, after so many milliseconds where Slack says so. */
  | { kind: 'not_now'; code: string; afterMs: number | null }
  /** Nothing happened, and nothing will. */
  | { kind: 'never'; code: string }
  /** It may have happened. */
  | { kind: 'unknown'; code: string };

/** Throttled, or not begun: the call was not carried out. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);
/** "It's possible some aspect of the operation succeeded before the error was raised." */
const MAYBE: ReadonlySet<string> = new Set(['fatal_error', 'internal_error']);
const LONGEST_WAIT_MS = 3_600_000;
const ERROR_NAME = /^[a-z0-9_]{1,40}$/;

/**
 * What became of a call, from what was seen of it: Slack's error, which comes with status 200; a status, mostly of
 * something in front of Slack; or no answer. Any error that is not listed is a refusal: archived or unknown channel,
 * revoked token, missing scope, deleted message.
 * https://docs.slack.dev/reference/methods/chat.update#errors
 */
export function troubleOf(
  seen: { failure: EgressFailure } | { status: number; error: string | null; afterMs: number | null },
): Trouble {
  if ('failure' in seen) return troubleOfFailure(seen.failure);
  const { status, error } = seen;
  const afterMs = seen.afterMs === null ? null : Math.min(seen.afterMs, LONGEST_WAIT_MS);
  if (status === 429) return { kind: 'not_now', code: 'ratelimited', afterMs };
  if (status === 408 || status >= 500) return { kind: 'unknown', code: `http_${status}` };
  if (status < 200 || status >= 300) return { kind: 'never', code: `http_${status}` };
  // The client calls the whole text of an answer that is no JSON its error.
  if (error === null || !ERROR_NAME.test(error)) return { kind: 'unknown', code: 'answer_unreadable' };
  if (NOT_NOW.has(error)) return { kind: 'not_now', code: error, afterMs };
  return { kind: MAYBE.has(error) ? 'unknown' : 'never', code: error };
}

function troubleOfFailure(failure: EgressFailure): Trouble {
  if (failure.mayHaveArrived) return { kind: 'unknown', code: 'outcome_unknown' };
  if (failure.code === 'bad_request') return { kind: 'never', code: 'bad_bot_token' };
  if (failure.code === 'bad_url' || failure.code === 'blocked_destination')
    return { kind: 'never', code: failure.code };
  return { kind: 'not_now', code: failure.code, afterMs: null };
}
