import OpenAI from 'openai';
import type {
  ChatCompletion,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Model, ModelAnswer, ModelMessage, ModelRequest } from '../../activities/ports.ts';
import { modelFailure } from './model-failure.ts';

export interface ModelConfig {
  apiKey: string;
  /** Any OpenAI-compatible endpoint, `/v1` included; OpenAI's own when left out. */
  baseUrl?: string;
  /** The model asked for when a request names none. */
  name: string;
  /** For the whole call, body included. Default 55 s, so that it ends before a one-minute activity does. */
  timeoutMs?: number;
}

/**
 * The LLM behind any OpenAI-compatible endpoint, by chat completions. One call is one attempt: retries, and the wait
 * that Retry-After asks for, belong to whoever called. Throws ParleyFailure MODEL_RATE_LIMITED, MODEL_UNAVAILABLE
 * (5xx, no connection, no answer in time, an answer that cannot be read or that ends without a reason) or
 * MODEL_REFUSED (any other 4xx); none of them, nor its cause, holds words of the prompt, the answer or the key.
 * When `signal` aborts, its reason is thrown.
 */
export function openModel(config: ModelConfig): Model {
  const { timeoutMs = 55_000 } = config;
  // What is not named here the client would read from the environment, which only config.ts may.
  const client = new OpenAI({
    apiKey: config.apiKey,
    baseURL: config.baseUrl ?? 'https://api.openai.com/v1',
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
  });
  return {
    complete: (request, signal) => {
      const body = toBody(request, request.model ?? config.name);
      return withinDeadline(timeoutMs, signal, async (deadline) => {
        try {
          return toAnswer(await client.chat.completions.create(body, { signal: deadline }));
        } catch (error) {
          signal.throwIfAborted();
          throw modelFailure(error);
        }
      });
    },
  };
}

/** The client's own timeout does not cover the body of an error answer; this one covers everything. */
async function withinDeadline<T>(
  ms: number,
  signal: AbortSignal,
  call: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function toBody(request: ModelRequest, model: string): ChatCompletionCreateParamsNonStreaming {
  const { messages, temperature, tools, toolChoice, schema, maxTokens } = request;
  return {
    model,
    messages: messages.map(toMessage),
    temperature,
    max_completion_tokens: maxTokens,
    ...(tools !== undefined &&
      tools.length > 0 && {
        tools: tools.map((tool) => ({ type: 'function' as const, function: tool })),
        tool_choice: toolChoice,
      }),
    ...(schema !== undefined && {
      response_format: { type: 'json_schema' as const, json_schema: { ...schema, strict: true } },
    }),
  };
}

function toMessage(message: ModelMessage): ChatCompletionMessageParam {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
  if (message.role !== 'assistant' || !message.toolCalls?.length) {
    return { role: message.role, content: message.content };
  }
  return {
    role: 'assistant',
    // Some endpoints take an empty text beside calls for an answer.
    content: message.content === '' ? null : message.content,
    tool_calls: message.toolCalls.map(({ id, ...call }) => ({
      id,
      type: 'function' as const,
      function: call,
    })),
  };
}

function toAnswer(completion: ChatCompletion): ModelAnswer {
  const choice = completion.choices?.[0];
  // Without a reason to stop the answer was cut somewhere: half a reply must not reach a customer.
  if (!choice?.message || !choice.finish_reason) {
    throw new ParleyFailure('MODEL_UNAVAILABLE', {
      cause: new Error('the answer has no choice or no finish_reason'),
    });
  }
  const { content, refusal, tool_calls: calls = [] } = choice.message;
  return {
    text: content ?? refusal ?? null,
    toolCalls: calls.flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, arguments: call.function.arguments }]
        : [],
    ),
    finishReason: choice.finish_reason,
    model: completion.model,
    inputTokens: completion.usage?.prompt_tokens ?? 0,
    outputTokens: completion.usage?.completion_tokens ?? 0,
  };
}
