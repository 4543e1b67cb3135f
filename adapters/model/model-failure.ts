import { APIError } from 'openai';
import { ParleyFailure } from '../../contract/failures.ts';
import { retryAfterMs } from './retry-after.ts';

/** Used-up credit comes as a 429, but no waiting helps: a person must act (OpenAI, error codes). */
const NO_CREDIT = 'insufficient_quota';

/** What a failed call means to us. Takes nothing over from the error but names, numbers and codes. */
export function modelFailure(error: unknown): ParleyFailure {
  if (error instanceof ParleyFailure) return error;
  if (!(error instanceof APIError) || error.status === undefined) {
    return new ParleyFailure('MODEL_UNAVAILABLE', { cause: withoutWords(error) });
  }
  const { status, code } = error as { status: number; code: unknown };
  const headers = error.headers as Headers | undefined;
  const said = headers?.get('x-should-retry');
  const options = {
    retryAfterMs: retryAfterMs(headers),
    retryable: said === 'true' ? true : said === 'false' ? false : undefined,
    cause: withoutWords(error),
  };
  if (code === NO_CREDIT) return new ParleyFailure('MODEL_REFUSED', { ...options, retryable: false });
  if (status === 429) return new ParleyFailure('MODEL_RATE_LIMITED', options);
  const passing = status >= 500 || status === 408 || status === 409 || said === 'true';
  return new ParleyFailure(passing ? 'MODEL_UNAVAILABLE' : 'MODEL_REFUSED', options);
}

/**
 * An error that can be logged: a vendor's message quotes the request, a JSON parser's the answer. Its name says of
 * which kind the first one was.
 */
function withoutWords(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('the model call failed');
  const { status, code, type, requestID, cause } = error as Error & Record<string, unknown>;
  const system = (cause as { code?: unknown } | undefined)?.code;
  const details = Object.entries({ status, code: code ?? system, type, request: requestID })
    .filter(([, value]) => /^[\w.-]{1,64}$/.test(String(value ?? '')))
    .map(([key, value]) => `${key} ${String(value)}`);
  const safe = new Error(`the model call failed${details.length > 0 ? ` (${details.join(', ')})` : ''}`);
  safe.name = error.constructor.name;
  return safe;
}
