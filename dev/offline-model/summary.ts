import { textOf, type ChatMessage, type JsonSchema } from './chat-request.ts';
import { nameIn } from './reading.ts';
import { allows, fill } from './schema-filling.ts';

const LINES = 8;
const LINE = 120;

/**
 * The structured answer named `summary`: an extract, not a summary. The lines that tell a name, then the last lines
 * of what was to be summarised, shortened; written into every text property of the schema.
 */
export function summary(schema: JsonSchema, messages: ChatMessage[]): unknown {
  const text = extract(messages);
  return fill(schema, (_, property) =>
    allows(property, 'string') && property.enum === undefined ? text : undefined,
  );
}

function extract(messages: ChatMessage[]): string {
  const lines = messages
    .filter((message) => message.role === 'user' || message.role === 'assistant')
    .flatMap((message) => textOf(message).split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = lines.filter((line) => nameIn(line) !== undefined).slice(-1);
  const kept = new Set([...names, ...lines.slice(-LINES)]);
  return [...kept].map((line) => (line.length > LINE ? `${line.slice(0, LINE)}…` : line)).join('\n');
}
