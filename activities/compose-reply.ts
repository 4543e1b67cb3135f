import type { ConversationRef, TurnSettings } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import { needsUnderstanding, personalityFor } from '../domain/agent.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { callModel } from './call-model.ts';
import type { ActivityPorts, TakenTurn } from './ports.ts';
import { parseReply, replyRequest } from './prompts/reply.ts';
import { turnSettings } from './turn-settings.ts';

export type ComposeVerdict =
  | Extract<TakenTurn, { kind: 'nothing' }>
  /** The agent's settings changed: this turn has to be understood first. */
  | { kind: 'needs_understanding'; settings: TurnSettings }
  | { kind: 'planned'; answersSeq: number; settings: TurnSettings; summaryDue: boolean };

/** Takes the turn's messages, asks the model for the reply in the voice of the core intent, and plans it. */
export function makeComposeReply(ports: ActivityPorts) {
  return async ({
    turn,
    coreIntent,
    ...ref
  }: ConversationRef & { turn: number; coreIntent: CoreIntent | null }): Promise<ComposeVerdict> => {
    const taken = await ports.transcript.take(ref, turn, ports.clock.now());
    if (taken.kind === 'nothing') return taken;
    const settings = turnSettings(taken.settings, taken.externalActions);
    const planned = {
      kind: 'planned' as const,
      answersSeq: taken.lastSeq,
      settings,
      summaryDue: taken.unsummarised >= taken.settings.messageLimit,
    };
    if (taken.plannedAlready) return planned;
    if (coreIntent === null && needsUnderstanding(taken.settings, taken.externalActions)) {
      return { kind: 'needs_understanding', settings };
    }
    const personality = personalityFor(taken.settings, coreIntent ?? 'general');
    const call = { ref, turn, kind: 'answer' as const, request: replyRequest(taken, personality) };
    const { answer: text, step } = await callModel(ports, call, parseReply);
    const reply = {
      turn,
      cause: turnCause(turn),
      kind: 'reply' as const,
      text,
      epoch: taken.epoch,
      answersSeq: taken.lastSeq,
      inReplyTo: taken.messages.map((message) => message.providerMessageId),
    };
    await ports.transcript.plan(ref, reply, step, ports.clock.now());
    return planned;
  };
}
