import { ParleyFailure, isStoreAway } from '../contract/failures.ts';

/** What the caller may be told of one wrong field. Never the value: it may be a customer's words. */
export interface FieldError {
  field: string;
  message: string;
}

const TITLES = {
  400: ['malformed', 'The request cannot be read'],
  401: ['unauthenticated', 'Who is asking is not known'],
  403: ['forbidden', 'Not allowed'],
  404: ['not-found', 'There is no such thing here'],
  405: ['method-not-allowed', 'There is no such method here'],
  408: ['too-slow', 'The request took too long to arrive'],
  409: ['conflict', 'The state does not allow this'],
  410: ['too-late', 'It is too late for this'],
  413: ['too-large', 'The request is too large'],
  415: ['unsupported-media-type', 'The body is not in a form that is read here'],
  422: ['invalid', 'A field is not valid'],
  429: ['too-many-requests', 'Too many requests'],
  500: ['unexpected', 'Something went wrong here'],
  503: ['unavailable', 'The store is away for the moment'],
} as const;

export type ProblemStatus = keyof typeof TITLES;

/** An answer that is not the wished one, as RFC 9457 has it (DESIGN section 11). Its detail is for the caller to read. */
export class Problem extends Error {
  readonly status: ProblemStatus;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | null;
  /** Members beside the standard ones, e.g. who won a lost race. */
  readonly extra: Record<string, unknown>;

  constructor(
    status: ProblemStatus,
    detail: string,
    more: { errors?: FieldError[]; retryAfterSeconds?: number; extra?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
    this.extra = more.extra ?? {};
  }

  toBody(requestId: string): Record<string, unknown> {
    const [name, title] = TITLES[this.status];
    return {
      type: `urn:parley:problem:${name}`,
      title,
      status: this.status,
      detail: this.message,
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
      ...this.extra,
      request_id: requestId,
    };
  }
}

/** The one answer for a thing that does not exist and for another organisation's: nobody learns which (TEN-1). */
export function unknown(noun: string): Problem {
  return new Problem(404, `No ${noun} with this id.`);
}

/**
 * What the caller is told of a failure. Anything unforeseen is a 500 without detail: its message may quote
 * a customer, a query or a secret.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ParleyFailure) {
    if (isStoreAway(error.code))
      return new Problem(
        503,
        'It is not known whether the request took effect. Repeat it: what has an id or an Idempotency-Key is not done twice.',
        { retryAfterSeconds: 2 },
      );
    if (error.code === 'CURSOR_UNKNOWN')
      return new Problem(422, 'The cursor is none that a list here gave out.', {
        errors: [{ field: 'cursor', message: 'is none that this list gave out' }],
      });
    if (error.code === 'CONVERSATION_UNKNOWN') return unknown('conversation');
  }
  return readingProblem(error) ?? new Problem(500, 'Nothing more can be said here; the request id finds it.');
}

/** The body reader's and the router's own errors, by their status; their messages are not passed on. */
function readingProblem(error: unknown): Problem | null {
  const status = error instanceof Error && 'status' in error ? error.status : null;
  if (status === 413) return new Problem(413, 'The body, unpacked, is larger than this route takes.');
  if (status === 415) return new Problem(415, 'The content encoding or character set is not read here.');
  if (status === 400) return new Problem(400, 'The path or the body cannot be read.');
  return null;
}
