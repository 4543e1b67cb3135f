import { condition, log } from '@temporalio/workflow';
import type { EscalatedVerdict } from '../activities/index.ts';
import { turnCause } from '../contract/ids.ts';
import { act, noteTaken } from './act.ts';
import type { Draft } from './act.ts';
import { changedHandsSince } from './changed-hands.ts';
import { withdrawOvertaken } from './decision.ts';
import { deliver } from './deliver.ts';
import type { FirstAttempt } from './deliver.ts';
import { failureCode, ownStore, people, reliably, untilStoreIsBack } from './effects.ts';
import { MAX_START_OVERS } from './policy.ts';
import type { Round, TurnShell } from './shell.ts';

/**
 * One turn, in the order of CONV-5: understand, act or speak, reply. Before its first effect outside, newer messages
 * start it over with everything untaken, as another round (CONV-4).
 */
export async function runTurn(shell: TurnShell): Promise<void> {
  shell.tell({ fact: 'turnBegan' });
  await noteBrokenSilence(shell);
  const withdrawn = await withdrawOvertaken(shell);
  const { turn, settings, epoch, openCall: waited } = shell.state();
  // Whatever the customer said to it, a question is asked once; until the turn is over it may start over with it.
  const closeQuestion = () => {
    if (waited !== null) shell.tell({ fact: 'callClosed', callId: waited.callId });
  };
  for (let number = 0; ; number++) {
    const mayStartOver = settings.regroup && number < MAX_START_OVERS;
    const round: Round = { shell, turn, round: number, mayStartOver, heard: null, withdrawn };
    const draft = await draftReply(round);
    if (draft.kind === 'nothing') return;
    if (draft.kind === 'start_over') continue;
    if (draft.kind === 'quiet') {
      shell.tell({ fact: 'turnAnswered', answeredSeq: draft.answersSeq });
      return tellHuman(shell, turn, epoch);
    }
    if (draft.kind === 'gave_away') {
      if (draft.closingCause !== null) await say(round, draft.closingCause);
      closeQuestion();
      shell.tell({ fact: 'turnAnswered', answeredSeq: draft.answersSeq });
      return;
    }
    const sent = await say(round, turnCause(turn), draft.first);
    if (sent.kind === 'refused' && sent.reason === 'newer_message') continue;
    closeQuestion();
    if (draft.opens !== null && sent.kind !== 'refused') {
      // Where a person was called instead, the question was never asked: its call is cancelled at once.
      const due = Date.now() + (draft.escalates === undefined ? shell.state().settings.confirmMs : 0);
      shell.tell({ fact: 'callOpened', call: { ...draft.opens, due } });
    }
    const answeredSeq = 'answersSeq' in sent ? sent.answersSeq : draft.answersSeq;
    shell.tell({ fact: 'turnAnswered', answeredSeq });
    const { escalates } = draft;
    // The customer has been answered: whatever fails from here on, the turn is over.
    if (escalates !== undefined && sent.kind !== 'refused')
      await reliably('call a person', () => escalate(shell, turn, escalates));
    if (draft.passesOn === true) await tellHuman(shell, turn, epoch);
    if (draft.summaryDue) await summarise(shell, turn, epoch);
    return;
  }
}

/** The turn's message is out; now a person is called (ESC-2). */
async function escalate(shell: TurnShell, turn: number, rule: string): Promise<void> {
  shell.doing(`turn ${turn}: calling a person`);
  const escalated = await untilStoreIsBack(() => ownStore.escalate({ ...shell.ref, turn, rule }));
  if (escalated === null) return;
  const { epoch, noticeCause, takenOver = false } = readEscalated(escalated);
  // Of an epoch that is over it marks nothing; what it begins is the watch over whoever has the conversation now.
  shell.tell({ fact: 'escalated', epoch, at: Date.now() });
  if (takenOver) return;
  if (noticeCause !== null)
    await deliver(shell, { cause: noticeCause, label: `turn ${turn}: a person is called`, regroup: false });
  await tellHuman(shell, turn, epoch);
}

/** In histories of older code the verdict is the epoch alone. */
function readEscalated(verdict: EscalatedVerdict | number): EscalatedVerdict {
  return typeof verdict === 'number' ? { epoch: verdict, noticeCause: null } : verdict;
}

/**
 * Tried a few times and never in the way: whoever looks at the conversations sees it without. Who writes, answers or
 * takes it over meanwhile does not wait for it; who has taken it over since `called` need not be told.
 */
async function tellHuman(shell: TurnShell, turn: number, called: number): Promise<void> {
  if (changedHandsSince(shell, called)) return;
  shell.doing(`turn ${turn}: telling a person`);
  let ended = false;
  const tell = () => people.tellHuman.executeWithOptions({ summary: `turn ${turn}` }, [shell.ref]);
  void untilStoreIsBack(tell, 'CALL_TRY_AGAIN')
    .then(({ told, code }) => {
      if (!told && code !== null) log.warn('nobody could be told', { turn, code });
    })
    .catch((error) => log.warn('nobody could be told', { turn, code: failureCode(error, 'CALL_TRY_AGAIN') }))
    .finally(() => (ended = true));
  const { epoch } = shell.state();
  await condition(() => ended || shell.state().buffer.length > 0 || shell.state().epoch !== epoch);
}

/** The customer answered a nudge, or came back after one: the sequence starts anew (IDLE-5). */
async function noteBrokenSilence(shell: TurnShell): Promise<void> {
  const { brokenAt } = shell.state();
  if (brokenAt === null) return;
  await untilStoreIsBack(() => ownStore.noteIdleReset({ ...shell.ref, fromStep: brokenAt }));
  shell.tell({ fact: 'breakNoted' });
}

async function say({ shell, turn, mayStartOver }: Round, cause: string, first?: FirstAttempt) {
  await shell.readyToSend();
  return deliver(shell, { cause, label: `turn ${turn}`, regroup: mayStartOver, ...(first && { first }) });
}

/** A model that fails for good ends in the agent's fallback reply, never in a failed workflow. */
async function draftReply(round: Round): Promise<Draft> {
  const { shell, turn } = round;
  try {
    return await act(round);
  } catch (error) {
    const code = failureCode(error, 'MODEL_UNAVAILABLE');
    log.warn('no reply could be composed; the fallback goes out', { turn, code });
    shell.doing(`turn ${turn}: falling back (${code})`);
    const { callsUnderWay } = shell.state();
    const order = { ...shell.ref, turn, code, callsUnderWay, heard: round.heard };
    const fallback = await untilStoreIsBack(() => ownStore.planFallback(order));
    return noteTaken(shell, fallback);
  }
}

/**
 * The rolling summary is a help, not a promise: it is tried once, a customer who writes does not wait for it, and
 * when it fails the next turn tries again. What it says reaches Postgres even when nobody waits any more.
 */
async function summarise(shell: TurnShell, turn: number, began: number): Promise<void> {
  shell.doing(`turn ${turn}: summarising what came before`);
  let ended = false;
  const once = { retry: { maximumAttempts: 1 } };
  const summary = shell.modelCalls.summariseConversation.executeWithOptions(once, [{ ...shell.ref, turn }]);
  void summary
    .catch((error) =>
      log.warn('no summary was written', { turn, code: failureCode(error, 'MODEL_UNAVAILABLE') }),
    )
    .finally(() => (ended = true));
  if (changedHandsSince(shell, began)) return;
  const { epoch } = shell.state();
  await condition(() => ended || shell.state().buffer.length > 0 || shell.state().epoch !== epoch);
}
