/**
 * Why a call to the outside brought no answer:
 * - `bad_url`: not an absolute http(s) URL, or it carries a user name or password;
 * - `bad_request`: a method or header that cannot go on the wire, or one that only we may set;
 * - `blocked_destination`: the scheme, port, name or address is not one we may call (EXT-6);
 * - `nothing_sent`: no name, no connection or no TLS; the first byte never left;
 * - `timed_out`, `aborted`: the deadline, or the caller, ended it;
 * - `connection_lost`: it broke after the request began to leave.
 */
export type EgressCode =
  | 'bad_url'
  | 'bad_request'
  | 'blocked_destination'
  | 'nothing_sent'
  | 'timed_out'
  | 'aborted'
  | 'connection_lost';

/** A call that ended without a whole answer. Message and fields hold neither the URL nor anything sent or received. */
export class EgressFailure extends Error {
  readonly code: EgressCode;
  /** What stood in the way, as a fixed word of ours or the operating system's code, e.g. `ECONNREFUSED`. */
  readonly reason: string;
  /** False: the other side cannot have seen the request. True: it may have acted on it. */
  readonly mayHaveArrived: boolean;
  /** The status, where the head of an answer came and only its body is missing. */
  readonly status: number | null;

  constructor(
    code: EgressCode,
    reason: string,
    progress: { mayHaveArrived?: boolean; status?: number | null; cause?: unknown } = {},
  ) {
    super(`${code} (${reason})`, { cause: progress.cause });
    this.name = 'EgressFailure';
    this.code = code;
    this.reason = reason;
    this.mayHaveArrived = progress.mayHaveArrived ?? false;
    this.status = progress.status ?? null;
  }
}
