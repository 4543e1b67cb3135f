import { patched } from '@temporalio/workflow';
import { ownStore, reliably } from './effects.ts';
import { fireIdleStep } from './fire-idle.ts';
import type { TurnShell } from './shell.ts';

/** What is told of a decision ends the wait for it long before. */
const LOOK_AGAIN_MS = 60_000;

export async function fireIdle(shell: TurnShell): Promise<void> {
  const { silence, openApprovals } = shell.state();
  if (silence === null) return;
  // The timer is left as it was armed; histories from before fired all the same (IDLE-9).
  if (openApprovals.length > 0 && patched('idle-waits-for-approvals')) {
    const due = Math.max(...openApprovals.map(({ expiresAt }) => expiresAt)) + LOOK_AGAIN_MS;
    // Behind it only Postgres knows whether anybody is still waited for.
    if (due > Date.now()) return shell.tell({ fact: 'idlePostponed', due });
  }
  const fired = await reliably('fire an idle step', async () => {
    await fireIdleStep(shell, silence);
    return true;
  });
  // It will be looked at again; nothing was decided.
  if (fired === null) shell.tell({ fact: 'idleUndecided', due: Date.now() + LOOK_AGAIN_MS });
}

/** Of what a dead worker left on the wire the channel may still report; what had not left never will (IDLE-5). */
export async function concludeIdle(shell: TurnShell): Promise<void> {
  // Histories from before show a turn at once, where a message came in the task in which a step was due.
  if (!patched('idle-step-in-doubt')) return shell.tell({ fact: 'idleConcluded', fired: false });
  shell.doing('finding out whether an idle step had fired');
  const concluded = await reliably('conclude idle steps', () => ownStore.concludeIdle(shell.ref));
  const due = Date.now() + shell.deliveryReportMs;
  for (const outboundId of concluded?.sending ?? []) shell.tell({ fact: 'deliveryAwaited', outboundId, due });
  shell.tell({ fact: 'idleConcluded', fired: concluded?.fired ?? false });
}

/** Behind the wait for operators the customer's silence counts from what they were told last (IDLE-9). */
export function countAnew(shell: TurnShell): void {
  const { silence, openApprovals } = shell.state();
  if (silence === null || silence.due === null || openApprovals.length > 0) return;
  if (patched('idle-waits-for-approvals')) shell.tell({ fact: 'waitEnded', at: Date.now() });
}

/** By the settings of this moment: while a person has the conversation, no turn reads them. */
export async function beginSilence(shell: TurnShell, seenSeq: number): Promise<void> {
  const at = Date.now();
  const order = { ...shell.ref, seenSeq, at };
  const idleMs = await reliably('begin a silence', () => ownStore.idleBehindReply(order));
  shell.tell({ fact: 'personAnswered', seenSeq, at, idleMs: idleMs ?? [] });
}

/** The customer answered a nudge while a person has the conversation (IDLE-5). */
export async function noteBreak(shell: TurnShell, fromStep: number): Promise<void> {
  shell.doing('noting that the customer is back');
  await reliably('note a break', () => ownStore.noteIdleReset({ ...shell.ref, fromStep }));
  shell.tell({ fact: 'breakWithPersonNoted' });
}
