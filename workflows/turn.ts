import { condition, log } from '@temporalio/workflow';
import type { ComposeVerdict, SendVerdict } from '../activities/index.ts';
import type { ConversationRef, ConversationState } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { failureCode, ownStore, untilStoreIsBack } from './effects.ts';
import type { ModelCalls } from './effects.ts';
import { MAX_SEND_ATTEMPTS, MAX_START_OVERS, sendPauseMs } from './policy.ts';
import type { Fact } from './state.ts';

/** What a turn may touch of its conversation. */
export interface TurnShell {
  ref: ConversationRef;
  modelCalls: ModelCalls;
  /** How long the channel may take to report on a send of unknown outcome. */
  deliveryReportMs: number;
  state(): ConversationState;
  tell(fact: Fact): void;
  /** Shown to whoever opens the running workflow. */
  doing(what: string): void;
}

type Draft = Extract<ComposeVerdict, { kind: 'planned' }> | { kind: 'nothing' };

/**
 * One turn, in the order of CONV-5: understand, speak in the voice of the core intent, reply. A reply that the
 * fence refuses because the customer wrote again starts the turn over with everything untaken (CONV-4).
 */
export async function runTurn(shell: TurnShell): Promise<void> {
  shell.tell({ fact: 'turnBegan' });
  const turn = shell.state().turn;
  for (let startOvers = 0; ; startOvers++) {
    const draft = await draftReply(shell, turn);
    if (draft.kind === 'nothing') return;
    const regroup = shell.state().settings.regroup && startOvers < MAX_START_OVERS;
    const sent = await deliver(shell, turn, regroup);
    if (sent.kind === 'refused' && sent.reason === 'newer_message') continue;
    if (sent.kind === 'unknown') {
      shell.tell({
        fact: 'deliveryAwaited',
        outboundId: sent.outboundId,
        due: Date.now() + shell.deliveryReportMs,
      });
    }
    const answeredSeq = 'answersSeq' in sent ? sent.answersSeq : draft.answersSeq;
    shell.tell({ fact: 'turnAnswered', answeredSeq });
    if (draft.summaryDue) await summarise(shell, turn);
    return;
  }
}

/** A model that fails for good ends in the agent's fallback reply, never in a failed workflow. */
async function draftReply(shell: TurnShell, turn: number): Promise<Draft> {
  try {
    return await composeInVoice(shell, turn);
  } catch (error) {
    const code = failureCode(error, 'MODEL_UNAVAILABLE');
    log.warn('no reply could be composed; the fallback goes out', { turn, code });
    shell.doing(`turn ${turn}: falling back (${code})`);
    const fallback = await untilStoreIsBack(() => ownStore.planFallback({ ...shell.ref, turn, code }));
    return noteTaken(shell, fallback);
  }
}

async function composeInVoice(shell: TurnShell, turn: number): Promise<Draft> {
  let coreIntent: CoreIntent | null = null;
  // Twice at most: only when the agent's settings began to need understanding since the last turn.
  for (let round = 0; round < 2; round++) {
    if (shell.state().settings.understand) {
      shell.doing(`turn ${turn}: understanding`);
      const understood = await untilStoreIsBack(
        () =>
          shell.modelCalls.understandMessages.executeWithOptions({ summary: `turn ${turn}` }, [
            { ...shell.ref, turn },
          ]),
        'MODEL_UNAVAILABLE',
      );
      if (understood.kind === 'nothing') return noteTaken(shell, understood);
      coreIntent = understood.coreIntent;
    }
    shell.doing(`turn ${turn}: composing the reply${coreIntent ? ` (${coreIntent})` : ''}`);
    const compose = () =>
      shell.modelCalls.composeReply.executeWithOptions(
        { summary: `turn ${turn}${coreIntent ? `, ${coreIntent}` : ''}` },
        [{ ...shell.ref, turn, coreIntent }],
      );
    const composed = await untilStoreIsBack(compose, 'MODEL_UNAVAILABLE');
    if (composed.kind !== 'needs_understanding') return noteTaken(shell, composed);
    shell.tell({ fact: 'settingsRead', settings: composed.settings });
  }
  return { kind: 'nothing' };
}

function noteTaken(
  shell: TurnShell,
  verdict: Exclude<ComposeVerdict, { kind: 'needs_understanding' }>,
): Draft {
  if (verdict.kind === 'planned') {
    shell.tell({ fact: 'settingsRead', settings: verdict.settings });
    return verdict;
  }
  shell.tell({ fact: 'nothingTaken', ...verdict });
  return { kind: 'nothing' };
}

/**
 * Tries the send until it ended one way or the other. The channel's "not now" is waited out here, on a timer that
 * shows in the history, and never inside the activity.
 */
async function deliver(
  shell: TurnShell,
  turn: number,
  regroup: boolean,
): Promise<Exclude<SendVerdict, { kind: 'try_again' }>> {
  const cause = turnCause(turn);
  for (let attempt = 1; ; attempt++) {
    shell.doing(`turn ${turn}: sending${attempt === 1 ? '' : `, attempt ${attempt}`}`);
    const verdict = await untilStoreIsBack(() =>
      ownStore.sendReply.executeWithOptions({ summary: `turn ${turn}` }, [
        { ...shell.ref, cause, regroup, lastAttempt: attempt >= MAX_SEND_ATTEMPTS },
      ]),
    );
    if (verdict.kind === 'failed') log.warn('a reply was not delivered', { turn, code: verdict.code });
    if (verdict.kind !== 'try_again') return verdict;
    const pause = sendPauseMs(attempt, verdict.afterMs);
    const asked = verdict.afterMs === null ? '' : ' as the channel asked';
    log.warn('a send is tried again', { turn, code: verdict.code });
    shell.doing(
      `turn ${turn}: ${verdict.code}; waiting ${pause / 1000} s${asked}, then attempt ${attempt + 1}`,
    );
    // A take-over or a resolve ends the wait: the next attempt hears it at the fence.
    const { epoch } = shell.state();
    await condition(() => shell.state().epoch !== epoch, pause, { summary: `turn ${turn}: ${verdict.code}` });
  }
}

/**
 * The rolling summary is a help, not a promise: it is tried once, a customer who writes does not wait for it, and
 * when it fails the next turn tries again. What it says reaches Postgres even when nobody waits any more.
 */
async function summarise(shell: TurnShell, turn: number): Promise<void> {
  shell.doing(`turn ${turn}: summarising what came before`);
  let ended = false;
  const once = { retry: { maximumAttempts: 1 } };
  const summary = shell.modelCalls.summariseConversation.executeWithOptions(once, [{ ...shell.ref, turn }]);
  void summary
    .catch((error) =>
      log.warn('no summary was written', { turn, code: failureCode(error, 'MODEL_UNAVAILABLE') }),
    )
    .finally(() => (ended = true));
  const { epoch } = shell.state();
  await condition(() => ended || shell.state().buffer.length > 0 || shell.state().epoch !== epoch);
}
