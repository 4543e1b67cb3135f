import { numberIn } from './reading.ts';
import { keywords, type Language } from './words.ts';

const HEADING = /^[#*\s]*(?:facts|knowledge|fakta|pengetahuan|معلومات|حقائق)(?:[^a-z]*|.{0,60}:)[*\s]*$/iu;
const TAG = /^\[(en|ar|id)\]\s*/;

/**
 * The fact of the agent's prompt that shares most words with the question, or undefined. Facts are the `- ` lines
 * below a line that says "Facts" (or its like in Arabic or Indonesian); `[id]` at the start of one keeps it for that
 * language. `numbered` asks for a fact about the very number in the question (an order's, an invoice's) or one
 * without a number. Nothing else of the prompt is ever repeated to a customer.
 */
export function factFor(
  system: string,
  question: string,
  language: Language,
  numbered: boolean,
): string | undefined {
  const asked = new Set(keywords(question));
  const number = numberIn(question);
  let best: string | undefined;
  let most = 0;
  for (const { text, only } of factsIn(system)) {
    if (only !== undefined && only !== language) continue;
    const about = numbered ? numberIn(text) : undefined;
    if (about !== undefined && about !== number) continue;
    const shared = new Set(keywords(text).filter((word) => asked.has(word))).size;
    const score = shared === 0 ? 0 : shared + (only === language ? 0.5 : 0);
    if (score > most) [best, most] = [text, score];
  }
  return best;
}

function factsIn(system: string): { text: string; only: string | undefined }[] {
  if (!system.includes('\n- ')) return [];
  const facts = [];
  let inside = false;
  for (const line of system.split('\n')) {
    const trimmed = line.trim();
    if (inside && trimmed.startsWith('- ')) {
      const text = trimmed.slice(2);
      facts.push({ text: text.replace(TAG, ''), only: TAG.exec(text)?.[1] });
    } else if (trimmed !== '') {
      inside = HEADING.test(trimmed);
    }
  }
  return facts;
}
