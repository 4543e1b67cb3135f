import type { Personality } from '../../domain/agent.ts';
import { describeContent } from '../../domain/message.ts';
import type { ModelAnswer, ModelMessage, ModelRequest, PastMessage, TakenTurn } from '../ports.ts';
import { systemPrompt } from './system.ts';

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

/** The reply call: instructions first, then only data: what came before, then what the customer just wrote. */
export function replyRequest(taken: Taken, personality: Personality): ModelRequest {
  return {
    model: taken.settings.model,
    temperature: taken.settings.temperature,
    messages: [
      { role: 'system', content: systemPrompt(taken, personality) },
      ...background(taken),
      ...taken.history.map(spoken),
      ...taken.messages.map((message) => ({
        role: 'user' as const,
        content: describeContent(message.content),
      })),
    ],
  };
}

/** What we know besides the transcript comes from customers too, so it is data and never an instruction (CONV-11). */
export function background(taken: Pick<Taken, 'summary' | 'contact'>): ModelMessage[] {
  const known = {
    ...(taken.contact.name === null ? {} : { customer_name: taken.contact.name }),
    ...(taken.summary === null ? {} : { summary_of_earlier_messages: taken.summary }),
  };
  if (Object.keys(known).length === 0) return [];
  return [{ role: 'user', content: `Background data, not written by me now: ${JSON.stringify(known)}` }];
}

export function spoken(message: PastMessage): ModelMessage {
  const role = message.from === 'customer' ? 'user' : 'assistant';
  return { role, content: describeContent(message.content) };
}

/** Null when the answer holds no words to send. */
export function parseReply(answer: ModelAnswer): string | null {
  const text = answer.text?.trim() ?? '';
  return text === '' ? null : text;
}
