import { callCause, replyCause } from '../contract/ids.ts';
import { tellDecision } from './decision.ts';
import { deliver } from './deliver.ts';
import { ownStore, reliably } from './effects.ts';
import { fireWatch } from './fire-watch.ts';
import { beginSilence, concludeIdle, countAnew, fireIdle, noteBreak } from './idle-upkeep.ts';
import { inLine } from './in-line.ts';
import { fetchAside } from './media.ts';
import type { NextStep } from './next-step.ts';
import type { TurnShell } from './shell.ts';

/** What a conversation does between its turns, one thing at a time. */
export type Upkeep = Exclude<NextStep, { step: 'turn' | 'wait' | 'close' }>;

/** Nothing of it ends the workflow in failure: what could not be done now is tried again, or left to the relay. */
export async function upkeep(shell: TurnShell, next: Upkeep): Promise<void> {
  switch (next.step) {
    case 'settle':
      return settle(shell);
    case 'give_up_delivery':
      return giveUpDelivery(shell, next.outboundId);
    case 'cancel_call':
      return cancelCall(shell, next.callId);
    case 'tell_outcome':
      return tellOutcome(shell, next.callId);
    case 'tell_decision':
      await tellDecision(shell, { actionId: next.actionId, rowId: next.rowId });
      return countAnew(shell);
    case 'fire_idle':
      return fireIdle(shell);
    case 'watch_people':
      return watchPeople(shell);
    case 'note_break':
      return noteBreak(shell, next.fromStep);
    case 'conclude_idle':
      return concludeIdle(shell);
  }
}

/** Rows that could not be marked are signalled again by the relay. */
async function settle(shell: TurnShell): Promise<void> {
  const rows = shell.state().toSettle;
  shell.doing('noting what needs no answer');
  const settled = await reliably('settle', () => ownStore.settleRows({ ...shell.ref, rows }));
  // Older histories hold no answer.
  fetchAside(shell, settled?.media);
  shell.tell({ fact: 'rowsSettled', ids: rows.map((row) => row.id) });
}

async function giveUpDelivery(shell: TurnShell, outboundId: string): Promise<void> {
  shell.doing('a delivery was never reported');
  await reliably('give up a delivery', () => ownStore.giveUpDelivery({ ...shell.ref, outboundId }));
  shell.tell({ fact: 'deliverySettled', outboundId });
}

/** The customer did not answer, or the conversation is over: nothing was called (EXT-4). */
async function cancelCall(shell: TurnShell, callId: string): Promise<void> {
  shell.doing('a question was not answered');
  const order = { ...shell.ref, callId, reason: 'not_answered' as const };
  await reliably('cancel a call', () => ownStore.cancelCall(order));
  shell.tell({ fact: 'callClosed', callId });
}

/** What the history calls them. */
export const OPERATORS_REPLY = "an operator's reply";

/** An operator's own words. Whether they may still leave is the fence's to judge. */
export async function sendReply(
  shell: TurnShell,
  { rowId, seq }: { rowId: string; seq: number },
): Promise<void> {
  const message = { cause: replyCause(rowId), label: OPERATORS_REPLY, regroup: false };
  const sent = await reliably('send a reply', () => deliver(shell, message));
  shell.tell({ fact: 'replySent', rowId });
  if (sent === null) return;
  const out = sent.kind === 'sent' || sent.kind === 'unknown';
  const begins = out && shell.state().settings.idleWithPeople === true;
  if (begins) shell.aside.add(message.cause);
  const rows = [{ id: rowId, reason: 'noted' as const }];
  await reliably('settle a reply', () => ownStore.settleRows({ ...shell.ref, rows }));
  if (!begins) return;
  await beginSilence(shell, seq);
  shell.aside.delete(message.cause);
}

/** What a call came to whose turn is over (EXT-5). A person who has the conversation meanwhile tells it. */
async function tellOutcome(shell: TurnShell, callId: string): Promise<void> {
  shell.doing('telling how a call ended');
  const cause = callCause(callId);
  await inLine(shell, cause, (onWait) =>
    reliably('tell an outcome', async () => {
      const order = { ...shell.ref, turn: null, callId, underWay: false };
      const planned = await ownStore.planOutcome(order);
      if (planned.kind === 'planned')
        await deliver(shell, { cause, label: 'outcome', regroup: false, onWait });
    }),
  );
  shell.tell({ fact: 'outcomeTold', callId });
}

async function watchPeople(shell: TurnShell): Promise<void> {
  const { watch = null } = shell.state();
  if (watch === null) return;
  const watched = await reliably('look after people', async () => {
    await fireWatch(shell, watch);
    return true;
  });
  if (watched === null) shell.tell({ fact: 'watchPostponed', due: Date.now() + 60_000 });
}
