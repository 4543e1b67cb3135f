import { log } from '@temporalio/workflow';
import type { IdleOutcome, SendVerdict } from '../activities/index.ts';
import type { Silence } from '../contract/conversation.ts';
import { deliver } from './deliver.ts';
import { ownStore, untilStoreIsBack } from './effects.ts';
import type { TurnShell } from './shell.ts';

/**
 * Fires the step that is due (IDLE-4 to IDLE-7). Postgres judges it against the customer's messages by the order of
 * their commits; here is only what follows from its verdict.
 */
export async function fireIdleStep(shell: TurnShell, silence: Silence): Promise<void> {
  const { step, seenSeq, since } = silence;
  const label = `idle step ${step + 1}`;
  shell.doing(label);
  const due = { ...shell.ref, step, seenSeq, since };
  const { epoch } = shell.state();
  const verdict = await untilStoreIsBack(() =>
    ownStore.fireIdle.executeWithOptions({ summary: label }, [{ ...due, now: Date.now() }]),
  );
  switch (verdict.kind) {
    case 'planned':
      return nudge(shell, silence, { ...verdict, epoch });
    case 'done': {
      const { leaves } = verdict;
      if (leaves !== null) {
        const { closingCause, ...ownership } = leaves;
        shell.tell({ fact: 'gaveAway', ...ownership, at: Date.now() });
        if (closingCause !== null) await deliver(shell, { cause: closingCause, label, regroup: false });
      }
      return shell.tell({ fact: 'idleStepDone', at: Date.now(), ownEpoch: leaves?.epoch ?? null });
    }
    case 'skipped':
      log.info('an idle step is skipped', { step, reason: verdict.reason });
      return shell.tell({ fact: 'idleStepDone', at: Date.now(), ownEpoch: null });
    case 'not_yet':
      return shell.tell({ fact: 'idlePostponed', due: verdict.at });
    case 'reset':
    case 'left':
    case 'off':
      return shell.tell({ fact: 'idleStopped' });
  }
}

/** A failed nudge does not advance the sequence: the next window tries the step again (IDLE-6). */
async function nudge(
  shell: TurnShell,
  { step, seenSeq, since, due }: Silence,
  { cause, sent: first, epoch }: { cause: string; sent?: SendVerdict; epoch: number },
): Promise<void> {
  const message = { cause, label: `idle step ${step + 1}`, regroup: true };
  const made = first === undefined ? {} : { first: { verdict: first, epoch, answersSeq: seenSeq } };
  const sent = await deliver(shell, { ...message, ...made });
  // The customer wrote first, or a person came: what they did goes on with the conversation.
  if (sent.kind === 'refused') return shell.tell({ fact: 'idleStopped' });
  const outcome: IdleOutcome = sent.kind === 'failed' ? { failed: sent.code } : 'fired';
  if (first === undefined || first.kind === 'try_again')
    await untilStoreIsBack(() => ownStore.noteNudge({ ...shell.ref, step, seenSeq, since, outcome }));
  if (outcome === 'fired') return shell.tell({ fact: 'idleStepDone', at: Date.now(), ownEpoch: null });
  const window = Math.max((due ?? since) - since, 60_000);
  shell.tell({ fact: 'idlePostponed', due: Date.now() + window });
}
