import type { ConversationRef } from '../contract/conversation.ts';
import type { IdleOutcome } from './note-idle.ts';
import type { ActivityPorts, DueStep, IdleVerdict } from './ports.ts';
import { makeSendReply } from './send-reply.ts';
import type { SendVerdict } from './send-reply.ts';

/** A step as the workflow names it; times in epoch milliseconds. */
export interface IdleOrder extends ConversationRef {
  step: number;
  seenSeq: number;
  since: number;
}

/** `now` is the workflow's: by its clock the step is due, and a worker's clock may lag behind. */
export type FireOrder = IdleOrder & { now: number };

export type FiredVerdict =
  | Exclude<IdleVerdict, { kind: 'not_yet' | 'planned' }>
  | (Extract<IdleVerdict, { kind: 'planned' }> & {
      /**
       * What came of the first attempt at the nudge, which is noted unless it may be made again. Absent in histories
       * from when the workflow sent and noted it by steps of their own.
       */
      sent?: SendVerdict;
    })
  /** Epoch milliseconds. */
  | { kind: 'not_yet'; at: number };

type Ports = Pick<ActivityPorts, 'idle' | 'ledger' | 'transcript' | 'channels' | 'clock' | 'failpoint'>;

/**
 * Judges the step of an idle sequence that is due, and does what it says; of a nudge the first attempt at sending it
 * (IDLE-4). All in one: thousands may be due at once, and each step of its own costs the worker as much again.
 */
export function makeFireIdle(ports: Ports) {
  const { idle, clock } = ports;
  const send = makeSendReply(ports);
  return async ({ now, ...order }: FireOrder): Promise<FiredVerdict> => {
    const { ref, due } = dueStep(order);
    const verdict = await idle.fire(ref, due, new Date(Math.max(now, clock.now().getTime())));
    if (verdict.kind === 'not_yet') return { kind: 'not_yet', at: verdict.at.getTime() };
    if (verdict.kind !== 'planned') return verdict;
    const sent = await send({ ...ref, cause: verdict.cause, regroup: true, lastAttempt: false });
    const outcome = outcomeOf(sent);
    if (outcome !== null) await idle.noteNudge(ref, due, outcome, clock.now());
    return { ...verdict, sent };
  };
}

/** Null: nothing is to be noted, because the customer wrote or a person came first, or not yet. */
function outcomeOf(sent: SendVerdict): IdleOutcome | null {
  if (sent.kind === 'refused' || sent.kind === 'try_again') return null;
  return sent.kind === 'failed' ? { failed: sent.code } : 'fired';
}

export function dueStep({ step, seenSeq, since, ...ref }: IdleOrder): { ref: ConversationRef; due: DueStep } {
  return { ref, due: { step, seenSeq, since: new Date(since) } };
}
