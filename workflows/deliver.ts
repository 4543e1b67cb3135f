import { condition, log } from '@temporalio/workflow';
import type { SendVerdict } from '../activities/index.ts';
import { changedHandsSince } from './changed-hands.ts';
import { ownStore, untilStoreIsBack } from './effects.ts';
import { MAX_SEND_ATTEMPTS, sendPauseMs } from './policy.ts';
import type { TurnShell } from './shell.ts';

export type Delivered = Exclude<SendVerdict, { kind: 'try_again' }>;

/** The activity that planned a message tried it at once, and this is what came of it. */
export interface FirstAttempt {
  verdict: SendVerdict;
  /** The conversation's when the activity began. */
  epoch: number;
  /** What the message answers: who wrote later is not answered by it. */
  answersSeq: number;
}

interface Sending {
  cause: string;
  /** What the history calls it, e.g. `turn 3`. */
  label: string;
  /** Newer messages of the customer stand in its way. */
  regroup: boolean;
  /** The row that the message tells of: it is settled with the send. */
  settles?: string;
  first?: FirstAttempt;
  /** The channel said "not now". */
  onWait?: () => void;
}

/**
 * Tries the send until it ended one way or the other. The channel's "not now" is waited out here, on a timer that
 * shows in the history, and never inside the activity.
 */
export async function deliver(
  shell: TurnShell,
  { cause, label, regroup, settles, first, onWait }: Sending,
): Promise<Delivered> {
  for (let attempt = 1; ; attempt++) {
    const made = attempt === 1 ? first : undefined;
    const heard = made === undefined ? lastSeq(shell) : made.answersSeq;
    const before = made === undefined ? shell.state().epoch : made.epoch;
    const verdict = made === undefined ? await send(attempt) : made.verdict;
    if (verdict.kind === 'failed') log.warn('a message was not delivered', { cause, code: verdict.code });
    if (verdict.kind === 'unknown') {
      const due = Date.now() + shell.deliveryReportMs;
      shell.tell({ fact: 'deliveryAwaited', outboundId: verdict.outboundId, due });
    }
    if (verdict.kind !== 'try_again') return verdict;
    const pause = sendPauseMs(attempt, verdict.afterMs);
    const asked = verdict.afterMs === null ? '' : ' as the channel asked';
    log.warn('a send is tried again', { cause, code: verdict.code });
    if (changedHandsSince(shell, before)) continue;
    shell.doing(`${label}: ${verdict.code}; waiting ${pause / 1000} s${asked}, then attempt ${attempt + 1}`);
    onWait?.();
    // A take-over or a resolve ends the wait, and what regroups, newer words do: the next attempt hears it at the fence.
    const { epoch } = shell.state();
    const overtaken = () => shell.state().epoch !== epoch || (regroup && lastSeq(shell) > heard);
    await condition(overtaken, pause, { summary: `${label}: ${verdict.code}` });
  }

  function send(attempt: number): Promise<SendVerdict> {
    shell.doing(`${label}: sending${attempt === 1 ? '' : `, attempt ${attempt}`}`);
    return untilStoreIsBack(() =>
      ownStore.sendReply.executeWithOptions({ summary: label }, [
        {
          ...shell.ref,
          cause,
          regroup,
          lastAttempt: attempt >= MAX_SEND_ATTEMPTS,
          ...(settles === undefined ? {} : { settles }),
        },
      ]),
    );
  }
}

/** Of the customer's waiting messages. */
function lastSeq(shell: TurnShell): number {
  return Math.max(0, ...shell.state().buffer.map(({ seq }) => seq));
}
