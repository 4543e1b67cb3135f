import { log } from '@temporalio/workflow';
import { approvalCause } from '../contract/ids.ts';
import { SPEAKING_AT_ONCE, talk } from './act.ts';
import type { Draft } from './act.ts';
import { deliver } from './deliver.ts';
import { failureCode, ownStore, untilStoreIsBack } from './effects.ts';
import type { Decision, Round, TurnShell } from './shell.ts';

/**
 * A turn of the agent's own about a decision, without a message of the customer's (APR-3): it may use its tools, and its
 * words are what the customer hears. Newer messages wait for the next turn. False: nothing is said, and the row that tells of
 * the decision is still to be settled.
 */
export async function speakOfDecision(
  shell: TurnShell,
  decision: Decision,
  onWait: () => void,
): Promise<boolean> {
  shell.tell({ fact: 'turnBegan' });
  const { turn } = shell.state();
  const round: Round = { shell, turn, round: 0, mayStartOver: false, heard: null };
  const draft = await draftAbout(round, decision);
  const label = `turn ${turn}: decision`;
  if (draft.kind === 'gave_away' && draft.closingCause !== null)
    await deliver(shell, { cause: draft.closingCause, label, regroup: false, onWait });
  if (draft.kind !== 'planned') return false;
  const cause = approvalCause(decision.actionId);
  const sent = await deliver(shell, { cause, label, regroup: false, settles: decision.rowId, onWait });
  if (draft.opens === null || sent.kind === 'refused') return true;
  const due = Date.now() + shell.state().settings.confirmMs;
  shell.tell({ fact: 'callOpened', call: { ...draft.opens, due } });
  return true;
}

/** Where the model fails the operator's own words go out, or a plain sentence. */
async function draftAbout(round: Round, decision: Decision): Promise<Draft> {
  const { shell, turn } = round;
  try {
    return await talk(round, { ...SPEAKING_AT_ONCE, decision });
  } catch (error) {
    const code = failureCode(error, 'MODEL_UNAVAILABLE');
    log.warn('the agent has no words for a decision', { turn, code });
    shell.doing(`turn ${turn}: telling a decision plainly (${code})`);
    const order = { ...shell.ref, actionId: decision.actionId, failed: { turn, code } };
    const { planned } = await untilStoreIsBack(() => ownStore.planDecision(order));
    const { answeredSeq: answersSeq } = shell.state();
    return planned ? { kind: 'planned', answersSeq, summaryDue: false, opens: null } : { kind: 'nothing' };
  }
}
