import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { ApprovedCall } from '../activities/index.ts';
import { approvalCause, approvalWorkflowId } from '../contract/ids.ts';
import { decidedSignal } from '../contract/signals.ts';
import { callReceiver, callTool } from './call.ts';
import { speakOfDecision } from './decision-turn.ts';
import { deliver } from './deliver.ts';
import { ownStore, reliably } from './effects.ts';
import { inLine } from './in-line.ts';
import type { Decision, TurnShell } from './shell.ts';

/**
 * What an operator decided (APR-3): an approved call is made, then the customer hears what came of it. Its row is
 * settled last, so that whatever is lost on the way is done again from the row, each effect once.
 */
export async function tellDecision(shell: TurnShell, decision: Decision): Promise<void> {
  shell.doing('telling what was decided');
  await inLine(shell, approvalCause(decision.actionId), (onWait) =>
    reliably('tell a decision', () => carryOut(shell, decision, onWait)),
  );
  shell.tell({ fact: 'decisionTold', actionId: decision.actionId });
}

async function carryOut(shell: TurnShell, decision: Decision, onWait: () => void): Promise<void> {
  const { actionId, rowId } = decision;
  const verdict = await ownStore.planDecision({ ...shell.ref, actionId });
  const { planned, run, speaks = false, settlesOnSend = false } = verdict;
  if (run !== undefined) return makeAside(shell, run, decision);
  if (speaks && (await speakOfDecision(shell, decision, onWait))) return;
  if (planned) {
    const settles = settlesOnSend ? { settles: rowId } : {};
    const message = { cause: approvalCause(actionId), label: 'decision', regroup: false };
    await deliver(shell, { ...message, ...settles, onWait });
    if (settlesOnSend) return;
  }
  await ownStore.settleRows({ ...shell.ref, rows: [{ id: rowId, reason: 'noted' }] });
}

/** An approved call is made beside the conversation, which goes on; then the decision is there to be told (APR-5). */
function makeAside(shell: TurnShell, call: ApprovedCall, decision: Decision): void {
  const { callId } = call;
  // The row was signalled again.
  if (shell.state().callsUnderWay.includes(callId)) return;
  shell.tell({ fact: 'approvedCallBegan', callId });
  void reliably('make an approved call', async () => {
    await make(shell, call);
    return decision;
  }).then((ended) =>
    // What could not be done is left to the relay: the row is signalled again.
    shell.tell({ fact: 'approvedCallEnded', callId, decision: ended }),
  );
}

/** It is fenced as any call: made once, and not at all where the conversation was resolved first. */
async function make(shell: TurnShell, { tool, ...call }: ApprovedCall): Promise<void> {
  const { turn, answeredSeq } = shell.state();
  if (tool === null) {
    await callReceiver(shell, call, {
      label: `approved: ${call.name}`,
      regroup: false,
      answersSeq: answeredSeq,
    });
    return;
  }
  const round = { shell, turn, round: 0, mayStartOver: false, heard: null };
  const stopped = await callTool(round, { callId: call.callId, tool }, answeredSeq);
  if (stopped?.kind !== 'gave_away' || stopped.closingCause === null) return;
  await deliver(shell, { cause: stopped.closingCause, label: 'closing', regroup: false });
}

/**
 * The customer has written: calls that are not to wait any longer are withdrawn, and the customer hears it, before the
 * turn looks at what was written (APR-5). Returns the call that may be proposed anew with it.
 */
export async function withdrawOvertaken(shell: TurnShell): Promise<string | null> {
  const open = shell.state().openApprovals.filter(({ onNewMessage }) => onNewMessage !== undefined);
  if (open.length === 0) return null;
  const order = { ...shell.ref, actionIds: open.map(({ actionId }) => actionId) };
  const withdrawn = (await reliably('withdraw', () => ownStore.withdrawApprovals(order))) ?? [];
  for (const { actionId, rowId } of withdrawn) {
    void endWait(actionId);
    await tellDecision(shell, { actionId, rowId });
  }
  const askAgain = open.filter(({ onNewMessage }) => onNewMessage === 'ask_again');
  const again = withdrawn.find(({ actionId }) => askAgain.some((open) => open.actionId === actionId));
  return again?.callId ?? null;
}

/** Should it not hear, it looks by itself at its next reminder. */
async function endWait(actionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(approvalWorkflowId(actionId)).signal(decidedSignal);
  } catch (error) {
    log.info('nothing waited for a decision', { error: String(error) });
  }
}
