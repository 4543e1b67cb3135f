/**
 * Names under which failures cross a process line. Error classes do not survive the wire, names do.
 * `retryable` says whether the same call may be made again without a key: only where nothing happened.
 */
export const FAILURES = {
  MODEL_RATE_LIMITED: { retryable: true },
  MODEL_UNAVAILABLE: { retryable: true },
  MODEL_ANSWER_UNUSABLE: { retryable: true },
  MODEL_REFUSED: { retryable: false },
  STORE_UNAVAILABLE: { retryable: true },
  CONVERSATION_UNKNOWN: { retryable: false },
  CURSOR_UNKNOWN: { retryable: false },
  /** An attempt at a call ended without ending the call: under its key, or after a look, it may be made again. */
  CALL_TRY_AGAIN: { retryable: true },
  /** A file could not be fetched now. */
  MEDIA_TRY_AGAIN: { retryable: true },
  /** The call is no longer to be made; the row says why. */
  CALL_UNKNOWN: { retryable: false },
  UNEXPECTED: { retryable: true },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** Failures after which waiting for the store, not giving up, is right. */
export function isStoreAway(code: string): boolean {
  return code === 'STORE_UNAVAILABLE';
}

/** The one Error that carries a failure's name. Its message is the code: never words of a customer, model or vendor. */
export class ParleyFailure extends Error {
  readonly code: FailureCode;
  readonly retryable: boolean;
  /** How long the other side asked us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: FailureCode,
    options: { retryAfterMs?: number; cause?: unknown; retryable?: boolean } = {},
  ) {
    super(code, { cause: options.cause });
    this.name = 'ParleyFailure';
    this.code = code;
    this.retryable = options.retryable ?? FAILURES[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}
