import type { ComposeVerdict, Understood } from '../activities/index.ts';
import type { OpenCall } from '../contract/conversation.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { askOperator, waitAside } from './ask-operator.ts';
import { callInTime, callTool } from './call.ts';
import type { FirstAttempt } from './deliver.ts';
import { ownStore, untilStoreIsBack } from './effects.ts';
import { finishCalls } from './finish-calls.ts';
import { fetchAside, fetchForTurn } from './media.ts';
import { MAX_STEPS } from './policy.ts';
import { isEscalated } from './silence.ts';
import type { Decision, Round, TurnShell } from './shell.ts';

/** What a round of a turn came to. */
export type Draft =
  /** The reply is planned; `opens` where it asks the customer something that a call waits for. */
  | {
      kind: 'planned';
      answersSeq: number;
      summaryDue: boolean;
      opens: Question | null;
      /** Made where it was planned; absent: it is still to be tried. */
      first?: FirstAttempt;
      /** The rule that called a person; the reply tells the customer, or tells what is done besides. */
      escalates?: string;
      /** The messages are for the people; the reply only tells the customer so. */
      passesOn?: boolean;
    }
  /** The messages reached the people; nothing is to be said. */
  | { kind: 'quiet'; answersSeq: number }
  | { kind: 'nothing' }
  /** Newer messages, or a change of hands, came before the first effect. */
  | { kind: 'start_over' }
  /** A tool assigned or resolved the conversation: nothing more is the agent's to say but its closing message. */
  | { kind: 'gave_away'; answersSeq: number; closingCause: string | null };

type Question = Pick<OpenCall, 'callId' | 'kind'>;

/** What the agent knows when it begins to speak. */
interface Speech {
  coreIntent: CoreIntent | null;
  wantsHuman: boolean;
  /** The messages were understood in this round: none are taken besides. */
  understood: boolean;
  /** The call the customer did not want. */
  declined: string | null;
  /** What the reply is to ask. */
  asking: Question | null;
  /** What an operator decided, in place of messages (APR-3). */
  decision?: Decision;
}

/** Understands the messages where something depends on it, then acts on what they ask for, or talks. */
export async function act(round: Round): Promise<Draft> {
  const { shell, turn, withdrawn = null } = round;
  const { settings, openCall } = shell.state();
  if (isEscalated(shell.state())) return hold(round);
  if (!settings.understand && openCall === null) return talk(round, SPEAKING_AT_ONCE);
  shell.doing(`turn ${turn}: understanding`);
  const understood = await untilStoreIsBack(
    () =>
      shell.modelCalls.understandMessages.executeWithOptions({ summary: `turn ${turn}` }, [
        {
          ...shell.ref,
          turn,
          round: round.round,
          callIsOpen: openCall !== null,
          ...(withdrawn === null ? {} : { withdrawn }),
        },
      ]),
    'MODEL_UNAVAILABLE',
  );
  if (understood.kind === 'nothing') return noteTaken(shell, understood);
  if (understood.kind === 'needs_media') return fetchForTurn(round, understood.media).then(() => act(round));
  const { coreIntent, wantsHuman, next } = understood;
  round.heard = { coreIntent, wantsHuman };
  const speech = { coreIntent, wantsHuman, understood: true, declined: null, asking: null };
  switch (next.do) {
    case 'talk':
      return talk(round, { ...speech, declined: next.declined });
    case 'ask':
      return talk(round, { ...speech, asking: { callId: next.callId, kind: 'gathering' } });
    case 'confirm':
      return askToConfirm(round, speech, next.callId);
    case 'await':
      if (!next.inOwnWords) return askOperator(round, next);
      await waitAside(round, next.approval);
      return talk(round, speech);
    case 'call':
      return callExternally(round, next, understood.answersSeq);
    case 'run': {
      const stopped = await callTool(round, next, understood.answersSeq);
      return stopped ?? talk(round, speech);
    }
  }
}

export const SPEAKING_AT_ONCE: Speech = {
  coreIntent: null,
  wantsHuman: false,
  understood: false,
  declined: null,
  asking: null,
};

/** A person was called and comes: the model is not asked, and waits for nobody (ESC-3). */
async function hold({ shell, turn }: Round): Promise<Draft> {
  shell.doing(`turn ${turn}: passing on to the people`);
  const held = await untilStoreIsBack(() => ownStore.holdEscalated({ ...shell.ref, turn }));
  fetchAside(shell, held.media);
  if (held.kind === 'quiet') return held;
  const draft = noteTaken(shell, held);
  return draft.kind === 'planned' ? { ...draft, passesOn: true } : draft;
}

/** The customer hears the outcome, or, where it takes too long, that it follows (EXT-5). */
async function callExternally(
  round: Round,
  call: Extract<Understood['next'], { do: 'call' }>,
  answersSeq: number,
): Promise<Draft> {
  const { shell, turn } = round;
  const ended = await callInTime(round, call, answersSeq);
  if (ended === 'start_over') return { kind: 'start_over' };
  const underWay = ended === 'under_way';
  const planned = await untilStoreIsBack(() =>
    ownStore.planOutcome({ ...shell.ref, turn, callId: call.callId, underWay, heard: round.heard }),
  );
  return noteTaken(shell, planned);
}

/** The builder's own words where there are some, otherwise the agent's. */
async function askToConfirm(round: Round, speech: Speech, callId: string): Promise<Draft> {
  const { shell, turn } = round;
  const asking = { callId, kind: 'awaiting_confirmation' as const };
  const { coreIntent, wantsHuman } = speech;
  const order = { ...shell.ref, turn, callId, coreIntent, wantsHuman };
  const planned = await untilStoreIsBack(() => ownStore.planConfirmation(order));
  if (planned.kind === 'in_own_words') return talk(round, { ...speech, asking });
  const draft = noteTaken(shell, planned);
  return draft.kind === 'planned' ? { ...draft, opens: asking } : draft;
}

/**
 * The personality's loop: the model answers, or asks for tools, which run and bring it their results, until it has
 * words or its steps are used up (CONV-5). Messages that come meanwhile are not taken: they start the turn over, or
 * wait for the next.
 */
export async function talk(round: Round, speech: Speech): Promise<Draft> {
  const { shell } = round;
  let asking = speech.asking;
  let done = '';
  for (let step = 1; ; step++) {
    const { epoch } = shell.state();
    const composed = await compose(round, { ...speech, asking }, { step, after: done });
    switch (composed.kind) {
      case 'nothing':
        return noteTaken(shell, composed);
      case 'needs_understanding':
        // The agent's settings began to need it since the last turn.
        shell.tell({ fact: 'settingsRead', settings: composed.settings });
        return act(round);
      case 'needs_media':
        return fetchForTurn(round, composed.media).then(() => act(round));
      case 'planned': {
        const { sent, answersSeq } = composed;
        const first = sent !== undefined && { first: { verdict: sent, epoch, answersSeq } };
        const draft = noteTaken(shell, composed);
        return draft.kind === 'planned' ? { ...draft, opens: asking, ...first } : draft;
      }
      case 'calls': {
        const stopped = await finishCalls(round, composed, epoch);
        if (stopped !== null) return stopped;
        done = shortList(composed.calls.map(({ tool }) => tool));
        const waits = composed.calls.find(({ is }) => is === 'waits');
        if (waits !== undefined) asking = { callId: waits.callId, kind: 'awaiting_confirmation' };
      }
    }
  }
}

/** A line of the history stays short, whatever a model asks for. */
function shortList(names: readonly string[]): string {
  const once = [...new Set(names)];
  return once.length <= 3 ? once.join(', ') : `${once.slice(0, 3).join(', ')} and ${once.length - 3} more`;
}

/** @param after the tools of the step before: the history says what the model knows by now */
function compose(
  round: Round,
  speech: Speech,
  { step, after }: { step: number; after: string },
): Promise<ComposeVerdict> {
  const { shell, turn } = round;
  const { coreIntent, wantsHuman, understood, declined, asking, decision } = speech;
  const voice = coreIntent === null ? '' : `, ${coreIntent}`;
  const later = step === 1 ? '' : `, step ${step} after ${after}`;
  shell.doing(`turn ${turn}: composing the reply${voice}${later}`);
  const order = {
    ...shell.ref,
    turn,
    round: round.round,
    step,
    lastStep: step >= MAX_STEPS,
    mayStartOver: round.mayStartOver,
    // What is said of a decision is sent with the end of its row.
    sendsAtOnce: decision === undefined && shell.sendsAtOnce(),
    coreIntent,
    wantsHuman,
    understood,
    declined,
    asking: asking?.callId ?? null,
    ...(decision === undefined ? {} : { decision }),
  };
  return untilStoreIsBack(
    () =>
      shell.modelCalls.composeReply.executeWithOptions({ summary: `turn ${turn}${voice}${later}` }, [order]),
    'MODEL_UNAVAILABLE',
  );
}

/** What a take said of the conversation, told to its state. */
export function noteTaken(
  shell: TurnShell,
  verdict: Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>,
): Extract<Draft, { kind: 'planned' | 'nothing' }> {
  fetchAside(shell, verdict.media);
  if (verdict.kind === 'planned') {
    shell.tell({ fact: 'settingsRead', settings: verdict.settings });
    return { ...verdict, opens: null };
  }
  shell.tell({ fact: 'nothingTaken', ...verdict });
  return { kind: 'nothing' };
}
