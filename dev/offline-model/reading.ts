import { textOf, type ChatMessage } from './chat-request.ts';
import { languageOf, normalised, type Language } from './words.ts';

/** What the rules look at in a conversation. */
export interface Reading {
  /** Everything the product itself said: system and developer messages. */
  system: string;
  /** The customer's messages that nobody has answered yet, oldest first. */
  newest: string[];
  /** The customer's messages before those, oldest first. */
  earlier: string[];
  /** What the product knows of the customer besides: data it sends ahead of the messages. */
  known: { name?: string; summary?: string };
  /** Whether no answer was given in this conversation so far. */
  first: boolean;
  language: Language;
}

/** Reads the messages of a request. */
export function read(messages: ChatMessage[]): Reading {
  const lastAnswer = messages.findLastIndex(
    (message) => message.role === 'assistant' && !message.tool_calls?.length,
  );
  const system: string[] = [];
  const newest: string[] = [];
  const earlier: string[] = [];
  let known: Reading['known'] = {};
  for (const [at, message] of messages.entries()) {
    if (message.role === 'system' || message.role === 'developer') {
      system.push(textOf(message));
    } else if (message.role === 'user') {
      const text = textOf(message);
      const data = backgroundIn(text);
      if (data !== undefined) known = data;
      else (at > lastAnswer ? newest : earlier).push(text);
    }
  }
  const newestFirst = [...earlier, ...newest].reverse();
  return {
    system: system.join('\n'),
    newest,
    earlier,
    known,
    first: lastAnswer < 0,
    language: languageOf(newestFirst),
  };
}

/** The message by which the product hands over what it knows: JSON after the words "Background data". */
function backgroundIn(text: string): Reading['known'] | undefined {
  if (!text.startsWith('Background data')) return undefined;
  try {
    const data = JSON.parse(text.slice(text.indexOf('{'))) as Record<string, unknown>;
    const { customer_name: name, summary_of_earlier_messages: summary } = data;
    return {
      name: typeof name === 'string' ? name : undefined,
      summary: typeof summary === 'string' ? summary : undefined,
    };
  } catch {
    return undefined; // A customer who happens to begin like that.
  }
}

const NAME = /([\p{L}][\p{L}\p{M}'-]{0,30}(?:[ \t]+\p{Lu}[\p{L}\p{M}'-]{1,30})?)/u.source;
const NAME_TOLD = [
  new RegExp(`\\bmy name(?:'s| is)[ \\t]+${NAME}`, 'iu'),
  new RegExp(`\\b(?:please )?call me[ \\t]+${NAME}`, 'iu'),
  new RegExp(`\\bnama (?:saya|aku|ku)[ \\t]+(?:adalah[ \\t]+)?${NAME}`, 'iu'),
  new RegExp(`\\b(?:namaku|saya bernama|panggil (?:saya|aku))[ \\t]+${NAME}`, 'iu'),
  new RegExp(`(?:إسمي|اسمي)[ \\t]+(?:هو[ \\t]+)?${NAME}`, 'u'),
];
const NOT_A_NAME = /^(?:siapa|apa|what|who|not|ما|من)$/iu;

/** The name a text tells, as it was written. */
export function nameIn(text: string): string | undefined {
  for (const pattern of NAME_TOLD) {
    const name = pattern.exec(text)?.[1]?.trim();
    if (name !== undefined && !NOT_A_NAME.test(name)) return name;
  }
  return undefined;
}

/** The customer's name: as last told in the conversation, told before by its summary, or known to the product. */
export function customerName(reading: Reading): string | undefined {
  for (const text of [...reading.earlier, ...reading.newest].reverse()) {
    const name = nameIn(text);
    if (name !== undefined) return name;
  }
  return nameIn(reading.known.summary ?? '') ?? reading.known.name;
}

/** An order or invoice number: digits, three at least, with or without letters before them. */
export function numberIn(text: string): string | undefined {
  return /(?<![\p{L}\d])(?:[a-z]{1,5}-?)?\d{3,12}(?!\d)/iu.exec(normalised(text))?.[0].toUpperCase();
}
