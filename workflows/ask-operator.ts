import { log, startChild } from '@temporalio/workflow';
import { APPROVAL_WORKFLOW } from '../contract/approval.ts';
import type { ApprovalInput, PendingApproval } from '../contract/approval.ts';
import { approvalWorkflowId } from '../contract/ids.ts';
import type { Understood } from '../activities/index.ts';
import type { Draft } from './act.ts';
import { noteTaken } from './act.ts';
import { ownStore, untilStoreIsBack } from './effects.ts';
import type { Round, TurnShell } from './shell.ts';

/** The customer hears that a colleague has to agree; the agent goes on meanwhile (APR-5). */
export async function askOperator(
  round: Round,
  { callId, approval }: Extract<Understood['next'], { do: 'await' }>,
): Promise<Draft> {
  const { shell, turn } = round;
  await waitAside(round, approval);
  const order = { ...shell.ref, turn, callId, underWay: false, awaitsApproval: true };
  return noteTaken(shell, await untilStoreIsBack(() => ownStore.planOutcome(order)));
}

/** Operators have been asked: the turn has had an effect, and may not start over. */
export async function waitAside(round: Round, approval: PendingApproval | null): Promise<void> {
  round.mayStartOver = false;
  if (approval !== null) await awaitDecision(round.shell, approval);
}

/** The request waits, and the conversation knows of it. */
export async function awaitDecision(shell: TurnShell, approval: PendingApproval): Promise<void> {
  await startWait(shell, approval);
  const { remindAt: _, ...open } = approval;
  shell.tell({ fact: 'approvalAsked', approval: open });
}

/**
 * The wait is a workflow of its own, which outlives this run (APR-3): it reminds, and lets the request expire. One that
 * was started already goes on.
 */
async function startWait(
  { ref }: TurnShell,
  { actionId, remindAt, expiresAt }: PendingApproval,
): Promise<void> {
  try {
    await startChild<(input: ApprovalInput) => Promise<void>>(APPROVAL_WORKFLOW, {
      workflowId: approvalWorkflowId(actionId),
      args: [{ ...ref, actionId, remindAt, expiresAt }],
      parentClosePolicy: 'ABANDON',
      staticSummary: 'waits for the decision of an operator',
    });
  } catch (error) {
    // The class is not the workflow package's to import.
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
}

/** A new run, whose Temporal may have lost what an earlier one had started (APR-3). */
export function awaitAgain(
  shell: TurnShell,
  // An activity of before they were read may have answered.
  { openApprovals = [] }: { openApprovals?: readonly PendingApproval[] },
): void {
  for (const approval of openApprovals)
    void startWait(shell, approval).catch((error: unknown) =>
      log.warn('nothing waits for a decision', { action: approval.actionId, error: String(error) }),
    );
}
