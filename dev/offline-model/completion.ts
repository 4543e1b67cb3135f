import type { ChatRequest, JsonSchema } from './chat-request.ts';
import { askingIn } from './pending.ts';
import { decisionReport } from './decision-report.ts';
import { filled, PHRASES } from './phrases.ts';
import { read, type Reading } from './reading.ts';
import { disclosed, question, reply } from './reply.ts';
import { fill } from './schema-filling.ts';
import { scriptedReply, type Script, type ScriptLine } from './script.ts';
import { plainSummary, summary } from './summary.ts';
import { chooseTool, type ChosenCall } from './tool-choice.ts';
import { reportOf } from './tool-report.ts';
import { understanding } from './understanding.ts';

/** What a model says: text or calls. */
export interface Completion {
  content: string | null;
  calls: ChosenCall[];
  finishReason: string;
}

/** The answer to a request: the script's where a line fits, else the rules'. */
export function complete(request: ChatRequest, script: Script): Completion {
  const reading = read(request.messages);
  const line = script.lineFor(request, reading);
  return line === undefined ? byRules(request, reading) : scripted(line, request, reading);
}

function scripted(line: ScriptLine, request: ChatRequest, reading: Reading): Completion {
  if (request.response_format?.json_schema !== undefined) {
    const content = typeof line.json === 'string' ? line.json : JSON.stringify(line.json);
    return { content, calls: [], finishReason: line.finish_reason ?? 'stop' };
  }
  const calls = (line.tool_calls ?? []).map(({ name, arguments: given }) => ({
    name,
    arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
  }));
  const content = line.reply === undefined ? null : scriptedReply(line.reply, reading.newest);
  return { content, calls, finishReason: line.finish_reason ?? (calls.length > 0 ? 'tool_calls' : 'stop') };
}

function byRules(request: ChatRequest, reading: Reading): Completion {
  const { name, schema } = request.response_format?.json_schema ?? {};
  if (name !== undefined) {
    return {
      content: JSON.stringify(structured(name, schema ?? {}, request, reading)),
      calls: [],
      finishReason: 'stop',
    };
  }
  if (request.response_format?.type === 'json_object')
    return { content: '{}', calls: [], finishReason: 'stop' };

  const extract = plainSummary(request.messages);
  if (extract !== undefined) return { content: extract, calls: [], finishReason: 'stop' };

  const told = about(request, reading);
  if (told !== undefined) return { content: disclosed(reading, told), calls: [], finishReason: 'stop' };

  const call = chooseTool(request, reading);
  if (call !== undefined) return { content: null, calls: [call], finishReason: 'tool_calls' };
  return { content: reply(reading), calls: [], finishReason: 'stop' };
}

/** What there is to say about an action or a tool before anything else is answered. */
function about({ messages }: ChatRequest, reading: Reading): string | undefined {
  const asking = askingIn(reading.system);
  const { declined } = asking;
  return (
    question(asking, reading) ??
    reportOf(messages, reading.language) ??
    decisionReport(messages, reading.language) ??
    (declined && filled(PHRASES[reading.language].declined, { action: declined }))
  );
}

function structured(name: string, schema: JsonSchema, request: ChatRequest, reading: Reading): unknown {
  if (name === 'understanding') return understanding(schema, reading);
  if (name === 'summary') return summary(schema, request.messages);
  return fill(schema);
}
