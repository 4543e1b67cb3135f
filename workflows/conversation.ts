import {
  condition,
  continueAsNew,
  log,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { awaitAgain } from './ask-operator.ts';
import { callReceiver } from './call.ts';
import type { ExternalCall } from './call.ts';
import type { ConversationInput, ConversationState } from '../contract/conversation.ts';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts';
import { readRows } from '../contract/rows.ts';
import { enteredSignal, getStateQuery } from '../contract/signals.ts';
import { failureCode, insistently, modelCallsOn, ownStore, reliably } from './effects.ts';
import { DELIVERY_REPORT_MS, TURNS_PER_RUN } from './policy.ts';
import { farDeadline, nextStep, viewOf } from './next-step.ts';
import type { NextStep } from './next-step.ts';
import { newState } from './new-state.ts';
import { after } from './state.ts';
import type { Fact } from './fact.ts';
import type { TurnShell } from './shell.ts';
import { runTurn } from './turn.ts';
import { nameOfFarDeadline, whyWaiting } from './why-waiting.ts';
import { OPERATORS_REPLY, sendReply, upkeep } from './upkeep.ts';
import { tellWithdrawn } from './withdrawn.ts';

const statusAttribute = { name: SEARCH_ATTRIBUTES.status, type: 'KEYWORD' } as const;
const assigneeAttribute = { name: SEARCH_ATTRIBUTES.assignee, type: 'KEYWORD' } as const;

/**
 * A customer's conversation. It holds ids, counts and deadlines; the words live in Postgres. Signals push facts
 * into the state, one loop does the next thing, one turn runs at a time.
 */
export async function conversation(input: ConversationInput): Promise<void> {
  const modelCalls = modelCallsOn(input.modelQueue);
  // A run of older code carried what it knew.
  let state: ConversationState = { ...newState(), ...input.state };
  let doing = 'opening';
  let shown = { status: viewOf(state, doing).status, assignee: state.assignee };
  let turnsThisRun = 0;
  let placeholderPosted = Promise.resolve();
  let farTimerFired = false;
  const deliveryReportMs = input.deliveryReportMs ?? DELIVERY_REPORT_MS;
  const ref = { organisationId: input.organisationId, conversationId: input.conversationId };

  const shell: TurnShell = {
    ref,
    modelCalls,
    deliveryReportMs,
    state: () => state,
    tell,
    aside: new Set(),
    readyToSend: () => placeholderPosted,
    // The patch keeps workers of older code from going on with what they would send by a step of its own.
    sendsAtOnce: () =>
      input.modelQueue === undefined && !state.settings.placeholder && patched('sent-where-composed'),
    doing: show,
  };

  // Before the first await: signals may be delivered with the very first task.
  setHandler(enteredSignal, (entered) => {
    for (const row of readRows(entered)) tell({ fact: 'rowEntered', row, now: Date.now() });
  });
  setHandler(getStateQuery, () => viewOf(state, doing));

  if (input.state === undefined) {
    const opened = await insistently('open', () => ownStore.openConversation(ref));
    // Erased.
    if (opened === null) return;
    const due = Date.now() + deliveryReportMs;
    const sending = opened.sending.map(({ outboundId }) => ({ outboundId, due }));
    tell({ fact: 'opened', opened: { ...opened, sending }, now: Date.now() });
    for (const call of opened.underWay) void goOnCalling(call);
    awaitAgain(shell, opened);
  }
  void watchFarDeadline();
  void sendReplies();

  for (;;) {
    showStanding();
    const next = nextStep(state, Date.now());
    switch (next.step) {
      case 'turn':
        await turn();
        break;
      case 'wait':
        show(whyWaiting(state, next.until));
        await wait(next);
        break;
      case 'close':
        if (await confirmedClosed()) return;
        break;
      default:
        await upkeep(shell, next);
    }
    const longEnough = turnsThisRun >= (input.turnsPerRun ?? TURNS_PER_RUN);
    // A call under way would be lost to the next run, which hears of it only from Postgres.
    if (
      (longEnough || workflowInfo().continueAsNewSuggested) &&
      state.callsUnderWay.length + state.toSend.length + shell.aside.size === 0
    ) {
      // The next run takes what is shown for granted.
      showStanding();
      await continueAsNew<typeof conversation>({ ...input, state });
    }
  }

  function tell(fact: Fact): void {
    state = after(state, fact);
  }

  function show(what: string): void {
    doing = what;
    showStanding();
    setCurrentDetails(
      `**${what}**\n\nturn ${state.turn} · ${state.owner} has it · epoch ${state.epoch} · ` +
        `${state.buffer.length} buffered · ${state.awaitedDeliveries.length} deliveries awaited`,
    );
  }

  function showStanding(): void {
    const now = { status: viewOf(state, doing).status, assignee: state.assignee };
    const changes = [
      ...(now.status === shown.status ? [] : [{ key: statusAttribute, value: now.status }]),
      ...(now.assignee === shown.assignee ? [] : [{ key: assigneeAttribute, value: now.assignee }]),
    ];
    if (changes.length === 0) return;
    shown = now;
    upsertSearchAttributes(changes);
  }

  async function turn(): Promise<void> {
    turnsThisRun++;
    const { placeholder } = state.settings;
    if (placeholder) placeholderPosted = postPlaceholder();
    try {
      await runTurn(shell);
    } catch (error) {
      // The rows stay unsettled; the relay signals them again, and the turn begins again under its number.
      log.error('a turn was abandoned', { turn: state.turn, code: failureCode(error) });
      tell({ fact: 'turnAbandoned' });
    }
    if (!placeholder) return;
    // What no answer replaced: a person came between, or there was nothing to say.
    await placeholderPosted;
    await reliably('clear placeholders', () => ownStore.clearPlaceholders(ref));
  }

  /** A courtesy: however it ends, the answer goes out. */
  async function postPlaceholder(): Promise<void> {
    const order = { ...ref, turn: state.turn + 1, epoch: state.epoch };
    await reliably('post a placeholder', () => ownStore.postPlaceholder(order));
  }

  /** An earlier run of this workflow was lost with the call under way: its key tells the receiver that it is the same. */
  async function goOnCalling(call: ExternalCall): Promise<void> {
    const { callId } = call;
    tell({ fact: 'callOutlivedTurn', callId });
    await reliably('go on with a call', () =>
      callReceiver(shell, call, { label: call.name, regroup: false, answersSeq: state.answeredSeq }),
    );
    tell({ fact: 'callEnded', callId });
  }

  /** A message that was committed after the resolve, its signal still on the way, keeps the conversation open. */
  async function confirmedClosed(): Promise<boolean> {
    show('closing');
    // The fence refuses them now.
    await condition(() => shell.aside.size === 0 || !state.resolved);
    if (!state.resolved && patched('what-opens-again-waits-for-nothing')) return false;
    await condition(() => shell.aside.size === 0);
    const truth = await insistently('close', () => ownStore.confirmClose(ref));
    // Erased.
    if (truth === null) return true;
    tell({ fact: 'nothingTaken', ...truth, throughSeq: state.answeredSeq });
    if (!mayClose()) return false;
    await tellWithdrawn(state.openApprovals);
    return mayClose();
  }

  /** A call under way would be lost with the run. */
  function mayClose(): boolean {
    return state.resolved && state.toSettle.length === 0 && state.callsUnderWay.length === 0;
  }

  /**
   * The buffer's timer. It is set for the time that was due when the wait began and looks again when it fires:
   * a message that prolongs the wait costs no timer.
   */
  async function wait(next: Extract<NextStep, { step: 'wait' }>): Promise<void> {
    // The loop has looked at the clock just now: what the far timer had to say is heard.
    farTimerFired = false;
    if (next.until === null) {
      const repliesGoFirst = state.toSend.length > 0;
      await condition(() => farTimerFired || changesWait() || (repliesGoFirst && isDueBehindReplies()));
    } else {
      await condition(() => farTimerFired || changesBuffering(), next.until - Date.now(), {
        summary: 'more messages?',
      });
    }
  }

  function changesWait(): boolean {
    const { owner, resolved, buffer, toSend } = state;
    // What is no turn must not end the wait: the loop would go round in it without end.
    const turnMayCome = owner === 'agent' && !resolved && buffer.length > 0 && toSend.length === 0;
    return nextStep(state, 0).step !== 'wait' || turnMayCome;
  }

  /** The far timer fired while they were sent, and says it only once. */
  function isDueBehindReplies(): boolean {
    return state.toSend.length === 0 && nextStep(state, Date.now()).step !== 'wait';
  }

  function changesBuffering(): boolean {
    return nextStep(state, 0).step !== 'wait' || state.owner !== 'agent';
  }

  /** Operators' replies wait for no turn: its model may think for a minute about what a take-over made needless. */
  async function sendReplies(): Promise<void> {
    for (;;) {
      await condition(() => state.toSend.length > 0);
      const [reply] = state.toSend;
      if (reply === undefined) continue;
      const beside = doing;
      await sendReply(shell, reply);
      // What the loop does, or waits for, it does not show again for this.
      if (doing.startsWith(OPERATORS_REPLY)) show(beside);
    }
  }

  /** The timer for all far deadlines: re-armed only when one moves earlier, otherwise it looks again when it fires. */
  async function watchFarDeadline(): Promise<void> {
    for (;;) {
      await condition(() => farDeadline(state) !== null);
      const armed = farDeadline(state) ?? 0;
      const movedEarlier = () => (farDeadline(state) ?? Infinity) < armed;
      const summary = nameOfFarDeadline(state, armed);
      if (await condition(movedEarlier, Math.max(armed - Date.now(), 1), { summary })) continue;
      farTimerFired = true;
      // A deadline in the past is the loop's to deal with; no timer is set for it again.
      await condition(() => (farDeadline(state) ?? Infinity) > armed);
    }
  }
}
