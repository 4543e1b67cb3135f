import type { ConversationRef } from '../contract/conversation.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { ActivityPorts, Delivery, FenceVerdict, SendOutcome } from './ports.ts';

/** The channel does not begin a call later than this after the fence, and one call takes no longer. */
const HOLD_MS = 5_000;

export type SendVerdict =
  | { kind: 'sent'; answersSeq: number }
  | { kind: 'refused'; reason: Extract<FenceVerdict, { kind: 'refused' }>['reason'] | 'absent' }
  | { kind: 'failed'; code: string }
  /** `answersSeq` as in `sent`: what waits for word of this message is no longer the turn's. */
  | { kind: 'unknown'; outboundId: string; answersSeq: number }
  | { kind: 'try_again'; afterMs: number | null; code: string };

type Ports = Pick<ActivityPorts, 'ledger' | 'transcript' | 'channels' | 'clock' | 'failpoint'>;

interface Attempt extends ConversationRef {
  cause: string;
  regroup: boolean;
  lastAttempt: boolean;
}

/** One attempt at a planned message, and the end of the row that it tells of, if there is one, once it has ended. */
export function makeSendReply(ports: Ports) {
  const attempt = makeAttempt(ports);
  return async ({ settles, ...order }: Attempt & { settles?: string }): Promise<SendVerdict> => {
    const verdict = await attempt(order);
    if (settles === undefined || verdict.kind === 'try_again') return verdict;
    await ports.transcript.settle(order, [{ id: settles, reason: 'noted' }], ports.clock.now());
    return verdict;
  };
}

/**
 * The fence, the channel, the record. It may run again at any line: the fence finds what the earlier run left and says
 * what may still be done (DESIGN section 5).
 */
function makeAttempt(ports: Ports) {
  return async ({ cause, regroup, lastAttempt, ...ref }: Attempt): Promise<SendVerdict> => {
    await ports.failpoint('send.before_fence', ref.conversationId);
    const fence = await ports.ledger.passFence(ref, cause, {
      regroup,
      now: ports.clock.now(),
      holdMs: HOLD_MS,
    });
    switch (fence.kind) {
      case 'absent':
        return { kind: 'refused', reason: 'absent' };
      case 'refused':
        return fence;
      case 'done':
        return ended(fence.state, fence.answersSeq);
      case 'unknown': {
        const unknown = { kind: 'unknown' as const, code: 'earlier_try_died' };
        const state = await ports.ledger.record(ref, fence.outboundId, unknown, ports.clock.now());
        return nowKnown(state, fence);
      }
      case 'ready':
    }
    const { delivery } = fence;
    await ports.failpoint('send.before_call');
    const answered = await ports.channels.send(delivery, AbortSignal.timeout(HOLD_MS));
    await ports.failpoint('send.after_call');
    const known = inDoubt(answered, delivery);
    const outcome = lastAttempt ? givenUp(known) : known;
    const { outboundId, answersSeq, attempt } = delivery;
    const state = await ports.ledger.record(ref, outboundId, outcome, ports.clock.now(), attempt);
    await ports.failpoint('send.after_record');
    switch (outcome.kind) {
      case 'sent':
        return { kind: 'sent', answersSeq };
      case 'unknown':
        return nowKnown(state, delivery);
      case 'failed':
        // It says nothing of an attempt that another run began meanwhile.
        return state === 'failed' || state === null ? outcome : nowKnown(state, delivery);
      case 'try_again':
        return { kind: 'try_again', afterMs: outcome.afterMs, code: outcome.code };
    }
  };
}

/** What an attempt came to that does not know it itself: a status report may have been quicker than its answer. */
function nowKnown(
  state: DeliveryState | null,
  { outboundId, answersSeq }: { outboundId: string; answersSeq: number },
): SendVerdict {
  const isOpen = state === null || state === 'planned' || state === 'sending';
  return isOpen ? { kind: 'unknown', outboundId, answersSeq } : ended(state, answersSeq);
}

function ended(state: DeliveryState, answersSeq: number): SendVerdict {
  return state === 'failed' ? { kind: 'failed', code: 'already_failed' } : { kind: 'sent', answersSeq };
}

/**
 * That nothing happened this time says nothing of the try before it. Were the message called unsent, a newer one of
 * the customer's would get it new words under a new id, and the receiver, who may have the first, would have both.
 */
function inDoubt(answered: SendOutcome, { repeat }: Delivery): SendOutcome {
  if (!repeat) return answered;
  if (answered.kind === 'try_again') return { ...answered, mayHaveArrived: true };
  if (answered.kind === 'failed') return { kind: 'unknown', code: answered.code };
  return answered;
}

/** The last attempt's "not now" is final: the customer did not get it, or nobody knows. */
function givenUp(outcome: SendOutcome): SendOutcome {
  if (outcome.kind !== 'try_again') return outcome;
  return { kind: outcome.mayHaveArrived ? 'unknown' : 'failed', code: outcome.code };
}
