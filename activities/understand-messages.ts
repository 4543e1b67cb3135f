import type { ConversationRef } from '../contract/conversation.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { callModel } from './call-model.ts';
import type { ActivityPorts, TakenTurn } from './ports.ts';
import { parseUnderstanding, understandingRequest } from './prompts/understanding.ts';

export type UnderstandVerdict =
  Extract<TakenTurn, { kind: 'nothing' }> | { kind: 'understood'; coreIntent: CoreIntent };

/** Takes the turn's messages and asks the model once what they are about (INT-4). */
export function makeUnderstandMessages(ports: ActivityPorts) {
  return async ({ turn, ...ref }: ConversationRef & { turn: number }): Promise<UnderstandVerdict> => {
    const taken = await ports.transcript.take(ref, turn, ports.clock.now());
    if (taken.kind === 'nothing') return taken;
    if (taken.plannedAlready) return { kind: 'understood', coreIntent: 'general' };
    const call = { ref, turn, kind: 'understand' as const, request: understandingRequest(taken) };
    const { answer: understanding, step } = await callModel(ports, call, parseUnderstanding);
    await ports.transcript.recordStep(ref, step, ports.clock.now());
    return { kind: 'understood', coreIntent: understanding.coreIntent };
  };
}
