import type { ChatMessage } from './chat-request.ts';
import { textOf } from './chat-request.ts';
import { factFor } from './facts.ts';
import { filled, PHRASES } from './phrases.ts';
import { customerName, nameIn, numberIn, type Reading } from './reading.ts';
import { newestTopics, NUMBERED, type Topic } from './topics.ts';

const QUOTED = 200;
/** Topics on which a fact of the prompt is a better answer than the phrase. */
const FACTUAL: Topic[] = ['billing', 'technical', 'order', 'product'];

/** The answer to the unanswered messages, in the customer's language. */
export function reply(reading: Reading): string {
  const phrases = PHRASES[reading.language];
  const topics = newestTopics(reading);
  const parts = topics.map((topic) => answerTo(topic, reading));
  if (topics.length === 0) {
    const text = reading.newest.join(' / ');
    parts.push(
      factFor(reading.system, text, reading.language, false) ??
        filled(phrases.noted, { text: shortened(text) }),
    );
  } else if (topics.length === 1 && topics[0] === 'greeting') {
    parts.push(phrases.help);
  }
  return disclosed(reading, [...new Set(parts)].join(' '));
}

function answerTo(topic: Topic, reading: Reading): string {
  const phrases = PHRASES[reading.language];
  const question = reading.newest.join('\n');
  const fact = FACTUAL.includes(topic)
    ? factFor(reading.system, question, reading.language, NUMBERED.includes(topic))
    : undefined;
  if (fact !== undefined) return fact;
  switch (topic) {
    case 'greeting': {
      const name = customerName(reading);
      if (name === undefined) return filled(phrases.hello, {});
      return filled(phrases.hello, { name: reading.language === 'ar' ? ` يا ${name}` : `, ${name}` });
    }
    case 'name_told':
      return filled(phrases.nameTold, { text: nameIn(question) ?? '' });
    case 'name_asked': {
      const text = customerName(reading);
      return text === undefined ? phrases.nameUnknown : filled(phrases.nameKnown, { text });
    }
    case 'said_before': {
      const text = reading.earlier.at(-1);
      return text === undefined ? phrases.saidNothing : filled(phrases.saidBefore, { text: shortened(text) });
    }
    case 'order': {
      const number =
        numberIn(question) ??
        reading.earlier
          .toReversed()
          .map(numberIn)
          .find((found) => found !== undefined);
      return number === undefined ? phrases.orderUnknown : filled(phrases.orderKnown, { number });
    }
    case 'human':
    case 'billing':
    case 'technical':
    case 'product':
    case 'attachment':
    case 'thanks':
    case 'bye':
    case 'identity':
      return phrases.simple[topic];
  }
}

/** What the tools brought, told to the customer; `results` are the tool messages at the end of the request. */
export function reportOf(results: ChatMessage[], reading: Reading): string {
  const phrases = PHRASES[reading.language];
  const parts = results.map((result) => {
    const { failed, text } = outcome(textOf(result));
    return filled(failed ? phrases.failed : phrases.done, { text });
  });
  return disclosed(reading, parts.join(' '));
}

function outcome(content: string): { failed: boolean; text: string } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { failed: /^\s*error\b/i.test(content), text: shortened(content) };
  }
  if (value === null || typeof value !== 'object') return { failed: false, text: String(value) };
  const fields = value as Record<string, unknown>;
  const failed = fields.success === false || (fields.error !== undefined && fields.error !== null);
  if (failed) {
    const { error, message } = fields;
    return {
      failed,
      text: shortened(typeof error === 'string' ? error : String(message ?? JSON.stringify(error))),
    };
  }
  const said = fields.summary ?? fields.message;
  if (typeof said === 'string') return { failed, text: shortened(said.replace(/\.$/, '')) };
  const plain = Object.entries(fields).filter(
    ([key, field]) => key !== 'success' && typeof field !== 'object',
  );
  return {
    failed,
    text: shortened(plain.map(([key, field]) => `${key} ${String(field)}`).join(', ') || 'ok'),
  };
}

function disclosed(reading: Reading, text: string): string {
  return reading.first ? `${PHRASES[reading.language].disclosure} ${text}` : text;
}

function shortened(text: string): string {
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}
