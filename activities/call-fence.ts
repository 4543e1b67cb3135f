import { ParleyFailure } from '../contract/failures.ts';
import type { CallState } from '../domain/call.ts';
import type { ActivityPorts, CallFence, CallRef, Leaving } from './ports.ts';

/** No attempt takes longer; what an attempt's death leaves open is not tried again before. */
export const HOLD_MS = 5_000;

export type CallVerdict =
  | { kind: 'ended'; state: CallState; leaves: Leaving | null }
  /** Nothing was called: the turn starts over. */
  | { kind: 'refused'; reason: Extract<CallFence, { kind: 'refused' }>['reason'] };

type Ready = Extract<CallFence, { kind: 'ready' }>;

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
      return { kind: 'ended', state: fence.call.state, leaves: leavingOf(fence.call.result) };
    case 'refused':
      return fence;
    case 'too_early':
      throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: fence.afterMs });
    case 'absent':
      throw new ParleyFailure('CALL_UNKNOWN');
  }
}

/** A room tool that ran before says in its result whom the conversation went to. */
export function leavingOf(result: unknown): Leaving | null {
  const leaves = (result as { leaves?: Leaving } | null)?.leaves;
  return leaves ?? null;
}
