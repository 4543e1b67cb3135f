import { textOf, type ChatMessage } from './chat-request.ts';
import { filled, PHRASES, shortened } from './phrases.ts';
import type { Language } from './words.ts';

const RECORDS: [RegExp, 'ticket' | 'deal'][] = [
  [/ticket/, 'ticket'],
  [/deal/, 'deal'],
];

/** What the tools brought since the customer last wrote, as sentences for the customer; undefined: nothing was called. */
export function reportOf(messages: ChatMessage[], language: Language): string | undefined {
  const since = messages.slice(messages.findLastIndex((message) => message.role === 'user') + 1);
  const names = new Map(
    since.flatMap((message) => message.tool_calls ?? []).map((call) => [call.id, call.function.name]),
  );
  const said = since
    .filter((message) => message.role === 'tool')
    .map((result) => reportOfResult(names.get(result.tool_call_id ?? '') ?? '', textOf(result), language));
  return said.length === 0 ? undefined : [...new Set(said)].join(' ');
}

/** One result as a sentence. */
export function reportOfResult(tool: string, content: string, language: Language): string {
  const { done, failed, unsure, waits } = PHRASES[language];
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return filled(/^\s*error\b/i.test(content) ? failed : done, { text: shortened(content) });
  }
  if (value === null || typeof value !== 'object') return filled(done, { text: String(value) });
  const fields = value as Record<string, unknown>;
  const { error, message } = fields;
  if (fields.state === 'unknown' || /^It is not known whether/.test(String(error))) return unsure;
  if (fields.waiting !== undefined && fields.action_id !== undefined) return waits;
  if (fields.ok === false || fields.success === false || (error !== undefined && error !== null)) {
    const why = [message, error].find((text) => typeof text === 'string') ?? JSON.stringify(error);
    return filled(failed, { text: shortened(String(why).replace(/\.$/, '')) });
  }
  return ofItsKind(tool, fields, language) ?? filled(done, { text: plainly(fields) });
}

/** The tools the product brings have sentences of their own. */
function ofItsKind(tool: string, fields: Record<string, unknown>, language: Language): string | undefined {
  const phrases = PHRASES[language];
  const record = RECORDS.find(([inName]) => inName.test(tool))?.[1];
  const id =
    record && [fields.id, fields[`${record}_id`], inside(fields.data), inside(fields[record])].find(isId);
  if (record !== undefined && id !== undefined) {
    const values = { what: phrases[record], id: String(id) };
    return filled(tool.includes('update') ? phrases.updated : phrases.created, values);
  }
  if (/assign/.test(tool)) return fields.queued === true ? phrases.queued : phrases.assigned;
  return undefined;
}

const inside = (value: unknown): unknown => (value as { id?: unknown } | null | undefined)?.id;
const isId = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

function plainly(fields: Record<string, unknown>): string {
  const said = fields.summary ?? fields.message;
  if (typeof said === 'string') return shortened(said.replace(/\.$/, ''));
  const plain = Object.entries(fields).filter(
    ([key, field]) => key !== 'success' && key !== 'ok' && typeof field !== 'object',
  );
  return shortened(plain.map(([key, field]) => `${key} ${String(field)}`).join(', ') || 'ok');
}
