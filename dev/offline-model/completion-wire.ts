import type { Answer } from '../stand-ins/faults.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Completion } from './completion.ts';

/** The only model there is, whatever name is asked for. */
export const MODEL = 'parley-offline-1';

/** On every answer, so that nobody takes it for a model. */
export const HONEST_HEADERS = { 'x-offline-model': MODEL };

let made = 0;

/** A completion as the chat completions API words it; token counts are a fourth of the bytes. */
export function completionAnswer(request: ChatRequest, requestBytes: number, completion: Completion): Answer {
  made += 1;
  const { content, calls, finishReason } = completion;
  const written =
    (content?.length ?? 0) + calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  const usage = tokens(requestBytes, written);
  const head = {
    id: `chatcmpl-offline-${made}`,
    created: Math.floor(Date.now() / 1000),
    model: MODEL,
    offline: true,
  };
  const toolCalls = calls.map((call, index) => ({
    id: `call_offline_${made}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  if (request.stream === true) return streamed(request, head, content, toolCalls, finishReason, usage);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...HONEST_HEADERS },
    body: JSON.stringify({
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content,
            refusal: null,
            ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          },
          logprobs: null,
          finish_reason: finishReason === '' ? null : finishReason,
        },
      ],
      usage,
    }),
  };
}

function tokens(requestBytes: number, written: number): object {
  const [prompt, completion] = [Math.ceil(requestBytes / 4), Math.ceil(written / 4)];
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function streamed(
  request: ChatRequest,
  head: object,
  content: string | null,
  toolCalls: object[],
  finishReason: string,
  usage: object,
): Answer {
  const withUsage = request.stream_options?.include_usage === true;
  const piece = (choices: object[], counted: object | null = null): string =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...(withUsage && { usage: counted }) })}\n\n`;
  const delta = (part: object): string =>
    piece([{ index: 0, delta: part, logprobs: null, finish_reason: null }]);

  const body = [delta({ role: 'assistant', content: content === null ? null : '' })];
  for (const words of content?.match(/(?:\S+\s*){1,4}/g) ?? []) body.push(delta({ content: words }));
  for (const [index, call] of toolCalls.entries()) body.push(delta({ tool_calls: [{ index, ...call }] }));
  if (finishReason !== '') {
    body.push(piece([{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }]));
  }
  if (withUsage) body.push(piece([], usage));
  body.push('data: [DONE]\n\n');
  return { status: 200, headers: { 'content-type': 'text/event-stream', ...HONEST_HEADERS }, body };
}

const TYPES: Record<number, [type: string, code: string | null]> = {
  400: ['invalid_request_error', null],
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', null],
  429: ['requests', 'rate_limit_exceeded'],
};

/** An error in the API's own shape. */
export function errorAnswer(status: number, message: string, headers: Record<string, string> = {}): Answer {
  const [type, code] = TYPES[status] ?? ['server_error', null];
  return {
    status,
    headers: { 'content-type': 'application/json', ...HONEST_HEADERS, ...headers },
    body: JSON.stringify({ error: { message, type, param: null, code } }),
  };
}
