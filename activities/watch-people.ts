import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, WatchVerdict } from './ports.ts';

/** A stage as the workflow names it; times in epoch milliseconds. `now` is the workflow's, as in `FireOrder`. */
export interface WatchOrder extends ConversationRef {
  epoch: number;
  seq: number;
  stage: number;
  since: number;
  now: number;
}

export type WatchedVerdict =
  | Exclude<WatchVerdict, { kind: 'not_yet' }>
  /** Epoch milliseconds. */
  | { kind: 'not_yet'; at: number };

/** Judges what is to happen where a customer has waited for a person, and does it short of sending (ESC-6). */
export function makeWatchPeople({ watches, clock }: Pick<ActivityPorts, 'watches' | 'clock'>) {
  return async ({ epoch, seq, stage, since, now, ...ref }: WatchOrder): Promise<WatchedVerdict> => {
    const due = { epoch, seq, stage, since: new Date(since) };
    const verdict = await watches.judge(ref, due, new Date(Math.max(now, clock.now().getTime())));
    return verdict.kind === 'not_yet' ? { kind: 'not_yet', at: verdict.at.getTime() } : verdict;
  };
}
