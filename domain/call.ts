/** The life of one call: an external action's, or a tool's (DESIGN section 5). */
export const CALL_STATES = [
  /** The customer is asked for what is missing. */
  'gathering',
  /** The customer is asked whether to go ahead. */
  'awaiting_confirmation',
  /** An operator is asked whether it may be made (APR-5). */
  'awaiting_approval',
  'planned',
  /** It passed the fence: its effect may exist. */
  'calling',
  'succeeded',
  'failed',
  /** The last attempt brought no answer in time. */
  'timed_out',
  /** It may have happened, and nobody can tell: a person decides. */
  'unknown',
  /** Never called: a gate, a rule or a bad argument stood in the way. */
  'refused',
  /** Never called: the customer or an operator said no, turned to something else, or did not answer. */
  'cancelled',
  /** Never called: the turn started over with newer messages. */
  'superseded',
] as const;
export type CallState = (typeof CALL_STATES)[number];

/**
 * What may be done with a call whose outcome is unknown:
 * - `keyed`: made again under its Idempotency-Key;
 * - `lookup`: first asked whether it happened;
 * - `none`: not made again; it stays `unknown`.
 */
export type Reliability = 'keyed' | 'lookup' | 'none';

/** Reads run side by side, writes one after the other in the order they were proposed (ACT-8). */
export type Effect = 'read' | 'write';

/** Where a call comes from. Tests and replays are a builder's, without a customer behind them. */
export type CallOrigin = 'conversation' | 'test' | 'replay';

const STILL_OPEN: ReadonlySet<CallState> = new Set([
  'gathering',
  'awaiting_confirmation',
  'awaiting_approval',
  'planned',
  'calling',
]);

export function hasEnded(state: CallState): boolean {
  return !STILL_OPEN.has(state);
}
