import type { SendOutcome } from '../../../activities/ports.ts';
import { asNumber, asObject, parseJson } from './loose-json.ts';

/** Throughput of the number, and call limits of the app or the account: slow down. */
const THROTTLED: ReadonlySet<number> = new Set([4, 80007, 130429]);
/** Too many messages to this one customer: about one in six seconds, Meta suggests waiting 4^n seconds. */
const PAIR_LIMIT = 131056;
/** Meta's own trouble, or a number that is just being moved: the same call may succeed later. */
const PASSING: ReadonlySet<number> = new Set([1, 2, 131000, 131016, 131057, 133004]);
/**
 * Token, permission, policy, unreachable customer, locked account, closed window, spam limit, unsupported type:
 * listed because some of them come with a status (429, 500) that would otherwise invite another try.
 */
const PERMANENT: ReadonlySet<number> = new Set([
  0, 3, 10, 190, 368, 131026, 131031, 131047, 131048, 131051, 131062,
]);
const LONGEST_WAIT_MS = 3_600_000;

export interface GraphRefusal {
  status: number;
  body: Buffer;
  /** From Retry-After. */
  afterMs: number | null;
  /** Which try this was, from 1. */
  attempt: number;
}

/**
 * What an answer other than 2xx means. Meta wants us to go by `error.code`, because its HTTP statuses vary for the
 * same code; the status decides about codes that are not listed here and where there is no readable error.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/
 */
export function outcomeOfRefusal({ status, body, afterMs, attempt }: GraphRefusal): SendOutcome {
  const error = asObject(asObject(parseJson(body))?.['error']);
  const number = asNumber(error?.['code']);
  if (number === null) return outcomeOfStatus(status, afterMs);
  const code = String(number);
  if (number === PAIR_LIMIT) {
    const suggested = Math.min(4 ** Math.min(attempt, 8) * 1000, LONGEST_WAIT_MS);
    return { kind: 'try_again', afterMs: afterMs ?? suggested, code, mayHaveArrived: false };
  }
  if (PERMANENT.has(number)) return { kind: 'failed', code };
  const passes = THROTTLED.has(number) || PASSING.has(number) || error?.['is_transient'] === true;
  if (passes || status === 429 || status >= 500)
    return { kind: 'try_again', afterMs, code, mayHaveArrived: false };
  return { kind: 'failed', code };
}

/**
 * An answer that is not Meta's comes from something in front of it. 502 and 504 are its words for "I passed it on
 * and heard nothing", so the message may be on its way; the other 5xx say that it was refused.
 */
function outcomeOfStatus(status: number, afterMs: number | null): SendOutcome {
  const code = `http_${status}`;
  if (status === 502 || status === 504) return { kind: 'unknown', code };
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'try_again', afterMs, code, mayHaveArrived: false };
  return { kind: 'failed', code };
}
