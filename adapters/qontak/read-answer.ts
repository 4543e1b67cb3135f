import type { CrmAnswer } from '../../activities/ports.ts';
import type { Json } from '../../domain/external-action.ts';
import type { EgressAnswer } from '../egress/exchange.ts';
import type { EgressFailure } from '../egress/egress-failure.ts';
import { retryAfterMs } from '../egress/retry-after.ts';
import { crmMessage } from './crm-message.ts';

/** What an answer of the CRM says about the request. `secrets` are kept out of its message. */
export function readAnswer(answer: EgressAnswer, secrets: readonly string[], now: Date): CrmAnswer {
  const { status } = answer;
  if (status === 429 || status === 503)
    return { kind: 'busy', status, retryAfterMs: retryAfterMs(answer.headers['retry-after'], now) };
  const body = answer.truncated ? undefined : parseJson(answer.body);
  if (status >= 200 && status < 300) {
    // It was done, but which record it made cannot be read: only a look-up can tell.
    return body === undefined ? { kind: 'unknown', code: 'answer_unreadable' } : { kind: 'ok', status, body };
  }
  if (status >= 400 && status < 500) return rejected(status, body, secrets);
  // These ask for the same request elsewhere, so it was not carried out here; the others may follow a deed.
  if (status === 301 || status === 307 || status === 308)
    return {
      kind: 'rejected',
      status,
      message: 'The CRM has moved to another address; redirects are not followed.',
    };
  return { kind: 'unknown', code: status < 400 ? 'redirected' : `status_${status}` };
}

/** What a call without a whole answer says about the request. */
export function readFailure(failure: EgressFailure, now: Date): CrmAnswer {
  if (!failure.mayHaveArrived) return { kind: 'nothing_sent', code: failure.code };
  const status = failure.status ?? 0;
  // The head had come, and it was a refusal.
  if (status >= 400 && status < 500) {
    const head = { status, headers: {}, body: Buffer.alloc(0), truncated: true, durationMs: 0 };
    return readAnswer(head, [], now);
  }
  return { kind: 'unknown', code: failure.code };
}

function rejected(status: number, body: Json | undefined, secrets: readonly string[]): CrmAnswer {
  return { kind: 'rejected', status, message: crmMessage(status, body ?? null, secrets) };
}

/** Undefined: not JSON. Nothing at all is null. */
export function parseJson(body: Buffer): Json | undefined {
  if (body.length === 0) return null;
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
}
