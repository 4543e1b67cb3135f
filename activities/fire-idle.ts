import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, DueStep, IdleVerdict } from './ports.ts';

/** A step as the workflow names it; times in epoch milliseconds. */
export interface IdleOrder extends ConversationRef {
  step: number;
  seenSeq: number;
  since: number;
}

/** `now` is the workflow's: by its clock the step is due, and a worker's clock may lag behind. */
export type FireOrder = IdleOrder & { now: number };

export type FiredVerdict =
  | Exclude<IdleVerdict, { kind: 'not_yet' }>
  /** Epoch milliseconds. */
  | { kind: 'not_yet'; at: number };

/** Judges the step of an idle sequence that is due, and does what it says short of sending (IDLE-4). */
export function makeFireIdle({ idle, clock }: Pick<ActivityPorts, 'idle' | 'clock'>) {
  return async ({ now, ...order }: FireOrder): Promise<FiredVerdict> => {
    const { ref, due } = dueStep(order);
    const verdict = await idle.fire(ref, due, new Date(Math.max(now, clock.now().getTime())));
    return verdict.kind === 'not_yet' ? { kind: 'not_yet', at: verdict.at.getTime() } : verdict;
  };
}

export function dueStep({ step, seenSeq, since, ...ref }: IdleOrder): { ref: ConversationRef; due: DueStep } {
  return { ref, due: { step, seenSeq, since: new Date(since) } };
}
