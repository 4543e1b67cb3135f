import type { ChatRequest } from './chat-request.ts';
import type { Reading } from './reading.ts';

/** One line of a script: what to answer, instead of the rules' own answer, when the customer's words hold `when`. */
export interface ScriptLine {
  /** Any case; '' fits always. */
  when: string;
  /** Only for a structured answer of this name; without it, and with `json`, for any structured answer. */
  schema?: string;
  /** Default: as often as it fits. */
  times?: number;
  /** `{{messages}}` stands for the unanswered messages, `{{count}}` for how many there are. */
  reply?: string;
  /** Arguments as a string go out as they are, so that they may be broken. Not given after a tool's result. */
  tool_calls?: { name: string; arguments: unknown }[];
  /** Gives `tool_calls` after a tool's result too: a loop without an end. */
  again?: boolean;
  /** Gives `tool_calls` although the request forbids calls. */
  unruly?: boolean;
  /** Answer to a request for structured output; a string goes out as it is. */
  json?: unknown;
  finish_reason?: string;
}

export interface Script {
  /** Throws an Error that names the first bad line. */
  set(lines: ScriptLine[]): void;
  lineFor(request: ChatRequest, reading: Reading): ScriptLine | undefined;
  left(): ScriptLine[];
}

const KEYS = new Set([
  'when',
  'schema',
  'times',
  'reply',
  'tool_calls',
  'again',
  'unruly',
  'json',
  'finish_reason',
]);

export function openScript(): Script {
  let lines: { line: ScriptLine; when: string; left: number }[] = [];
  return {
    set(given) {
      if (!Array.isArray(given)) throw new Error('script is not a list');
      for (const line of given) {
        const unknown = Object.keys(line).find((key) => !KEYS.has(key));
        if (unknown !== undefined) throw new Error(`a script line has no ${unknown}`);
        if (typeof line.when !== 'string') throw new Error('a script line needs when, a text');
      }
      lines = given.map((line) => ({ line, when: line.when.toLowerCase(), left: line.times ?? Infinity }));
    },
    lineFor(request, reading) {
      if (lines.length === 0) return undefined;
      const said = reading.newest.join('\n').toLowerCase();
      const found = lines.find(
        ({ line, when, left }) => left > 0 && said.includes(when) && isForm(line, request),
      );
      if (found === undefined) return undefined;
      found.left -= 1;
      return found.line;
    },
    left: () => lines.filter(({ left }) => left > 0).map(({ line }) => line),
  };
}

function isForm(line: ScriptLine, request: ChatRequest): boolean {
  const asked = request.response_format?.json_schema?.name;
  if (asked !== undefined)
    return line.json !== undefined && (line.schema === undefined || line.schema === asked);
  if (line.schema !== undefined) return false;
  if (line.tool_calls !== undefined && request.tool_choice === 'none' && !line.unruly) return false;
  if (line.tool_calls !== undefined) return line.again === true || request.messages.at(-1)?.role !== 'tool';
  return line.reply !== undefined;
}

/** The reply of a line with its two placeholders filled. */
export function scriptedReply(template: string, newest: string[]): string {
  if (!template.includes('{{')) return template;
  return template.replace(/\{\{(messages|count)\}\}/g, (_, key) =>
    key === 'count' ? String(newest.length) : newest.join(' | '),
  );
}
