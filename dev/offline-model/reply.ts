import { factFor } from './facts.ts';
import { filled, PHRASES, shortened, type Phrases } from './phrases.ts';
import type { Asking } from './pending.ts';
import { customerName, nameIn, numberIn, type Reading } from './reading.ts';
import { newestTopics, NUMBERED, type Topic } from './topics.ts';

/** Topics on which a fact of the prompt is a better answer than the phrase. */
const FACTUAL: Topic[] = ['billing', 'technical', 'order', 'product'];

/** The question the product told its agent to ask, in the customer's language; undefined: none. */
export function question({ ask, confirm }: Asking, { language }: Reading): string | undefined {
  const phrases = PHRASES[language];
  if (ask !== undefined) return filled(phrases.ask, { action: ask.action, missing: ask.missing.join(', ') });
  if (confirm === undefined) return undefined;
  return filled(confirm.again ? phrases.confirmAgain : phrases.confirm, { action: confirm.action });
}

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
    case 'attachment':
      return aboutAttachment(question, phrases);
    case 'human':
    case 'billing':
    case 'technical':
    case 'product':
    case 'thanks':
    case 'bye':
    case 'identity':
      return phrases.simple[topic];
  }
}

/** Nothing here can see: what can be told without, is. */
function aboutAttachment(question: string, phrases: Phrases): string {
  const shown = /\[shown: ([^\]]+)\]/.exec(question)?.[1];
  if (shown !== undefined) return filled(phrases.pictureShown, { text: shown });
  const refused = /, which was not received: ([^\]]+)\]/.exec(question)?.[1];
  return refused === undefined ? phrases.simple.attachment : filled(phrases.notReceived, { text: refused });
}

/** The text with the notice that an answer of this stand-in begins with. */
export function disclosed(reading: Reading, text: string): string {
  return reading.first ? `${PHRASES[reading.language].disclosure} ${text}` : text;
}
