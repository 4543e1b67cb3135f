import { condition, log } from '@temporalio/workflow';
import type { CallVerdict } from '../activities/index.ts';
import { awaitDecision } from './ask-operator.ts';
import { externalCall, failureCode, ownStore, toolCalls, untilStoreIsBack } from './effects.ts';
import type { Draft } from './act.ts';
import type { Round, TurnShell } from './shell.ts';

export interface ExternalCall {
  callId: string;
  /** The action's name, for the history. */
  name: string;
  /** How often the receiver is called at most, and how long we wait before the second time. */
  attempts: number;
  delayMs: number;
}

/**
 * Calls a builder's receiver and waits as long as the customer should (EXT-5). A call that takes longer goes on; its
 * end is told to the state.
 */
export async function callInTime(
  round: Round,
  call: ExternalCall,
  answersSeq: number,
): Promise<'ended' | 'start_over' | 'under_way'> {
  const { shell, turn } = round;
  shell.doing(`turn ${turn}: calling ${call.name}`);
  let verdict: CallVerdict | null = null;
  const order = { label: `turn ${turn}: ${call.name}`, answersSeq };
  const calling = callReceiver(shell, call, { ...order, regroup: round.mayStartOver }).then(
    (ended) => (verdict = ended),
  );
  // It may fail before anybody awaits it: unhandled, that would fail the task.
  calling.catch(() => undefined);
  const inTime = await condition(() => verdict !== null, shell.state().settings.patienceMs, {
    summary: `turn ${turn}: told when it takes longer`,
  });
  if (!inTime) {
    round.mayStartOver = false;
    shell.tell({ fact: 'callOutlivedTurn', callId: call.callId });
    const ended = () => shell.tell({ fact: 'callEnded', callId: call.callId });
    // Whatever came of it is in its row.
    void calling.then((verdict) => callAfterAll(shell, call, order, verdict)).then(ended, ended);
    return 'under_way';
  }
  const ended = await calling;
  if (ended.kind === 'refused') return 'start_over';
  round.mayStartOver = false;
  return 'ended';
}

/** The customer was told that it is under way: newer messages, for which the fence held it back, put it off no more. */
async function callAfterAll(
  shell: TurnShell,
  call: ExternalCall,
  order: { label: string; answersSeq: number },
  verdict: CallVerdict,
): Promise<void> {
  if (verdict.kind === 'refused' && verdict.reason === 'newer_message')
    await callReceiver(shell, call, { ...order, regroup: false });
}

/** Every attempt until the call ended. What Temporal gives up on is ended here: nobody waits for it any more. */
export async function callReceiver(
  shell: Pick<TurnShell, 'ref'>,
  call: ExternalCall,
  { label, regroup, answersSeq }: { label: string; regroup: boolean; answersSeq: number },
): Promise<CallVerdict> {
  const order = { ...shell.ref, callId: call.callId, attempts: call.attempts, regroup, answersSeq };
  try {
    return await untilStoreIsBack(
      () => externalCall(call).callExternalAction.executeWithOptions({ summary: label }, [order]),
      'CALL_TRY_AGAIN',
    );
  } catch (error) {
    return giveUp(shell, call.callId, failureCode(error, 'CALL_TRY_AGAIN'));
  }
}

/** Runs one of the agent's tools to its end. Null: the turn goes on. */
export async function callTool(
  round: Round,
  call: { callId: string; tool: string },
  answersSeq: number,
): Promise<Extract<Draft, { kind: 'start_over' | 'gave_away' }> | null> {
  const { shell, turn } = round;
  shell.doing(`turn ${turn}: ${call.tool}`);
  const verdict = await runTool(round, call, answersSeq);
  if (verdict.kind === 'refused') return { kind: 'start_over' };
  if (verdict.approval !== undefined) await awaitDecision(shell, verdict.approval);
  round.mayStartOver = false;
  return verdict.leaves === null ? null : giveAway(shell, verdict.leaves, answersSeq);
}

/** A tool assigned or resolved the conversation: its closing message is all that is left to say. */
export function giveAway(
  shell: TurnShell,
  { closingCause, ...ownership }: NonNullable<Extract<CallVerdict, { kind: 'ended' }>['leaves']>,
  answersSeq: number,
): Extract<Draft, { kind: 'gave_away' }> {
  shell.tell({ fact: 'gaveAway', ...ownership, at: Date.now() });
  return { kind: 'gave_away', answersSeq, closingCause };
}

async function runTool(
  { shell, turn, mayStartOver }: Round,
  { callId, tool }: { callId: string; tool: string },
  answersSeq: number,
): Promise<CallVerdict> {
  const order = { ...shell.ref, callId, regroup: mayStartOver, answersSeq };
  try {
    return await untilStoreIsBack(
      () => toolCalls.callTool.executeWithOptions({ summary: `turn ${turn}: ${tool}` }, [order]),
      'CALL_TRY_AGAIN',
    );
  } catch (error) {
    return giveUp(shell, callId, failureCode(error, 'CALL_TRY_AGAIN'));
  }
}

async function giveUp(shell: Pick<TurnShell, 'ref'>, callId: string, code: string): Promise<CallVerdict> {
  log.warn('a call is given up', { callId, code });
  return untilStoreIsBack(() => ownStore.giveUpCall({ organisationId: shell.ref.organisationId, callId }));
}
