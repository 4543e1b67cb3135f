import { textOf, type ChatMessage, type JsonSchema } from './chat-request.ts';
import { nameIn } from './reading.ts';
import { allows, fill } from './schema-filling.ts';

const LINES = 8;
const LINE = 120;

/**
 * The structured answer named `summary`: the extract, written into every text property of the schema.
 */
export function summary(schema: JsonSchema, messages: ChatMessage[]): unknown {
  const lines = messages
    .filter((message) => message.role === 'user' || message.role === 'assistant')
    .map(textOf);
  const text = extract(lines);
  return fill(schema, (_, property) =>
    allows(property, 'string') && property.enum === undefined ? text : undefined,
  );
}

/**
 * The plain answer to a request whose only data is `{earlier_summary, messages: [{from, text}]}` in JSON: the extract
 * of both. Undefined when this is no such request.
 */
export function plainSummary(messages: ChatMessage[]): string | undefined {
  const last = messages.at(-1);
  const text = last?.role === 'user' ? textOf(last) : '';
  if (!text.startsWith('{') || !text.includes('"earlier_summary"')) return undefined;
  try {
    const { earlier_summary: earlier, messages: said } = JSON.parse(text) as Record<string, unknown>;
    if (!Array.isArray(said)) return undefined;
    const lines = (said as { from?: unknown; text?: unknown }[]).map(
      (one) => `${String(one.from)}: ${String(one.text)}`,
    );
    return extract([typeof earlier === 'string' ? earlier : '', ...lines]);
  } catch {
    return undefined; // A customer's own braces.
  }
}

/** An extract, not a summary: the line that told a name last, then the last lines, shortened. */
function extract(texts: string[]): string {
  const lines = texts
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = lines.filter((line) => nameIn(line) !== undefined).slice(-1);
  const kept = new Set([...names, ...lines.slice(-LINES)]);
  return [...kept].map((line) => (line.length > LINE ? `${line.slice(0, LINE)}…` : line)).join('\n');
}
