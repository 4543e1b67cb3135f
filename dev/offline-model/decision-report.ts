import { textOf, type ChatMessage } from './chat-request.ts';
import { PHRASES, shortened } from './phrases.ts';
import { reportOfResult } from './tool-report.ts';
import type { Language } from './words.ts';

/** What a colleague has decided, as the product hands it over: data behind everything that was said. */
interface Decision {
  decision: string;
  response: string | null;
  call?: { action: string; state: string; result: unknown };
}

/** The decision that the agent's turn is about, as sentences for the customer; undefined: it is about none. */
export function decisionReport(messages: ChatMessage[], language: Language): string | undefined {
  const last = messages.findLast(({ role }) => role === 'user');
  const decided = last === undefined ? undefined : decisionIn(textOf(last));
  if (decided === undefined) return undefined;
  const { approved, denied } = PHRASES[language];
  const { decision, response, call } = decided;
  const said = response === null ? (decision === 'approved' ? approved : denied) : shortened(response);
  if (call === undefined || decision !== 'approved') return said;
  return `${said} ${reportOfResult(call.action, JSON.stringify(call.result), language)}`;
}

function decisionIn(text: string): Decision | undefined {
  if (!text.startsWith('Background data')) return undefined;
  try {
    const data = JSON.parse(text.slice(text.indexOf('{'))) as { decision_of_a_colleague?: Decision };
    return data.decision_of_a_colleague;
  } catch {
    return undefined; // A customer who happens to begin like that.
  }
}
