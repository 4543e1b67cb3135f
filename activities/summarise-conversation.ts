import type { ConversationRef } from '../contract/conversation.ts';
import { callModel } from './call-model.ts';
import type { ActivityPorts } from './ports.ts';
import { parseSummary, summaryRequest } from './prompts/summary.ts';

/** Folds the messages that left the model's window into the rolling summary (CONV-10). */
export function makeSummariseConversation(ports: ActivityPorts) {
  return async ({ turn, ...ref }: ConversationRef & { turn: number }): Promise<void> => {
    const due = await ports.transcript.unsummarised(ref);
    const last = due.messages.at(-1);
    if (last === undefined) return;
    const call = { ref, turn, kind: 'summarise' as const, request: summaryRequest(due) };
    const { answer: text, step } = await callModel(ports, call, parseSummary);
    await ports.transcript.recordStep(ref, step, ports.clock.now());
    await ports.transcript.saveSummary(ref, { text, through: last.at });
  };
}
