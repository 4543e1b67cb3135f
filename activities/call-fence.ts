import { ParleyFailure } from '../contract/failures.ts';
import type { PendingApproval } from '../contract/approval.ts';
import { readFiledResult } from '../domain/approval-request.ts';
import { readWaitingResult } from '../domain/call-approval.ts';
import type { CallState } from '../domain/call.ts';
import type { ActivityPorts, Call, CallFence, CallRef, Leaving } from './ports.ts';

/** No attempt takes longer; what an attempt's death leaves open is not tried again before. */
export const HOLD_MS = 5_000;

export type CallVerdict =
  /** `approval`: an operator was asked; somebody has to wait for the decision (APR-3). */
  | { kind: 'ended'; state: CallState; leaves: Leaving | null; approval?: PendingApproval }
  /** Nothing was called: the turn starts over. */
  | { kind: 'refused'; reason: Extract<CallFence, { kind: 'refused' }>['reason'] };

export type Ready = Extract<CallFence, { kind: 'ready' }>;

/** Passes the fence and makes one attempt, or says why there is none to be made (DESIGN section 5). */
export async function throughFence(
  { calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>,
  ref: CallRef,
  options: { regroup: boolean; answersSeq: number },
  attempt: (ready: Ready) => Promise<CallVerdict>,
): Promise<CallVerdict> {
  const fence = await calls.begin(ref, { ...options, now: clock.now(), holdMs: HOLD_MS });
  switch (fence.kind) {
    case 'ready':
      return attempt(fence);
    case 'ended':
      return endedAs(fence.call, leavingOf(fence.call.result));
    case 'refused':
      return fence;
    case 'too_early':
      throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: fence.afterMs });
    case 'absent':
      throw new ParleyFailure('CALL_UNKNOWN');
  }
}

/**
 * How long the attempt may still take, asked right before it sends. What got here too late sends nothing: another
 * attempt may be under way.
 * @throws ParleyFailure CALL_TRY_AGAIN where the deadline is past
 */
export async function timeLeft(
  { calls, clock }: Pick<ActivityPorts, 'calls' | 'clock'>,
  ref: CallRef,
  { attempt, repeat, deadline }: Ready,
): Promise<number> {
  const now = clock.now();
  const left = deadline.getTime() - now.getTime();
  if (left > 0) return left;
  // Where an attempt before is in doubt, so is the call, and its log stands.
  if (!repeat) await calls.noteAttempt(ref, { ...NOTHING_SENT, attempt, inDoubt: false }, now);
  throw new ParleyFailure('CALL_TRY_AGAIN');
}

const NOTHING_SENT = {
  request: null,
  response: null,
  statusCode: null,
  error: 'out_of_time',
  durationMs: 0,
};

/** A call's end, with what the workflow has to know of it. */
export function endedAs(call: Call, leaves: Leaving | null): Extract<CallVerdict, { kind: 'ended' }> {
  const approval = approvalOf(call);
  return { kind: 'ended', state: call.state, leaves, ...(approval === null ? {} : { approval }) };
}

/** The request to an operator that a call filed, or that it waits for, if there is one. */
export function approvalOf({ tool, state, result }: Call): PendingApproval | null {
  if (state === 'awaiting_approval') return readWaitingResult(result);
  return tool === 'submit_action_request' && state === 'succeeded' ? readFiledResult(result) : null;
}

/** A room tool that ran before says in its result whom the conversation went to. */
export function leavingOf(result: unknown): Leaving | null {
  const leaves = (result as { leaves?: Leaving } | null)?.leaves;
  return leaves ?? null;
}
