import { condition, patched } from '@temporalio/workflow';
import type { ComposeVerdict } from '../activities/index.ts';
import type { Draft } from './act.ts';
import { awaitDecision } from './ask-operator.ts';
import { callTool, giveAway } from './call.ts';
import { changedHandsSince } from './changed-hands.ts';
import type { Round } from './shell.ts';

/**
 * The step has tried each of its calls once; what did not end is tried again here, where its waits show.
 * @param began the epoch in which the step began
 */
export async function finishCalls(
  round: Round,
  { acted, refused, leaves, calls, approvals = [], answersSeq }: Extract<ComposeVerdict, { kind: 'calls' }>,
  began: number,
): Promise<Extract<Draft, { kind: 'start_over' | 'gave_away' }> | null> {
  if (acted) round.mayStartOver = false;
  // Histories of before show a turn at once: nobody waited for what was asked before the fence refused another call.
  if (refused && (approvals.length === 0 || !patched('asked-though-refused'))) return { kind: 'start_over' };
  for (const approval of approvals) await awaitDecision(round.shell, approval);
  if (refused) return { kind: 'start_over' };
  if (leaves !== null) return giveAway(round.shell, leaves, answersSeq);
  for (const call of calls.filter(({ is }) => is === 'to_run')) {
    if (call.afterMs !== undefined && !changedHandsSince(round.shell, began))
      await waitAsAsked(round, call.tool, call.afterMs);
    const stopped = await callTool(round, call, answersSeq);
    if (stopped !== null) return stopped;
  }
  return null;
}

/** A change of hands ends the wait: what is left to say of the call the fence knows. */
async function waitAsAsked({ shell, turn }: Round, tool: string, afterMs: number): Promise<void> {
  shell.doing(`turn ${turn}: ${tool} is tried again in ${afterMs / 1000} s, as asked`);
  const { epoch } = shell.state();
  await condition(() => shell.state().epoch !== epoch, afterMs, {
    summary: `turn ${turn}: ${tool} asked to wait`,
  });
}
