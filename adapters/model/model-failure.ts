import { APIError } from 'openai';
import { ParleyFailure } from '../../contract/failures.ts';
import { retryAfterMs } from './retry-after.ts';

/** Used-up credit comes as a 429, but no waiting helps: a person must act (OpenAI, error codes). */
const NO_CREDIT = 'insufficient_quota';

/** Whoever is to wait longer is told by the fallback reply that they are not answered now; milliseconds. */
const MOST_PATIENCE = 60_000;

/** What a failed call means to us. Takes nothing over from the error but names, numbers and codes. */
export function modelFailure(error: unknown): ParleyFailure {
  if (error instanceof ParleyFailure) return error;
  if (!(error instanceof APIError) || error.status === undefined) {
    return new ParleyFailure('MODEL_UNAVAILABLE', { cause: withoutWords(error) });
  }
  const { status, code } = error as { status: number; code: unknown };
  const headers = error.headers as Headers | undefined;
  const said = headers?.get('x-should-retry');
  const asked = retryAfterMs(headers);
  const tooLong = asked !== undefined && asked > MOST_PATIENCE;
  const options = {
    retryAfterMs: asked,
    retryable: tooLong || said === 'false' ? false : said === 'true' ? true : undefined,
    cause: withoutWords(error),
  };
  if (code === NO_CREDIT) return new ParleyFailure('MODEL_REFUSED', { ...options, retryable: false });
  if (status === 429) return new ParleyFailure('MODEL_RATE_LIMITED', options);
  const passing = status >= 500 || status === 408 || status === 409 || said === 'true';
  return new ParleyFailure(passing ? 'MODEL_UNAVAILABLE' : 'MODEL_REFUSED', options);
}

/**
 * An error that can be logged: a vendor's message quotes the request, a JSON parser's the answer. Its name says of
 * which kind the first one was; `status`, `code` (the vendor's, or the system's such as ECONNREFUSED) and
 * `requestId` say why it failed, each where it is known.
 */
function withoutWords(error: unknown): Error {
  const safe = new Error('the model call failed');
  if (!(error instanceof Error)) return safe;
  const { status, code, type, requestID } = error as Error & Record<string, unknown>;
  safe.name = error.constructor.name;
  const known = { status, code: code ?? systemCode(error) ?? type, requestId: requestID };
  for (const [key, value] of Object.entries(known)) {
    if (/^[\w.-]{1,64}$/.test(String(value ?? ''))) Object.assign(safe, { [key]: value });
  }
  return safe;
}

/** The client wraps the error of fetch, which wraps the socket's. */
function systemCode(error: Error): unknown {
  for (let inner = error.cause; inner instanceof Error; inner = inner.cause) {
    if ('code' in inner) return inner.code;
  }
  return undefined;
}
