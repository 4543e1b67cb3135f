import type {
  ChatCompletion,
  ChatCompletionContentPart,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Model, ModelAnswer, ModelMessage, ModelRequest } from '../../activities/ports.ts';
import { CALL_TIMEOUT_MS, openClient, withinDeadline } from './client.ts';
import type { ModelConfig } from './client.ts';
import { modelFailure } from './model-failure.ts';

/**
 * The LLM behind any OpenAI-compatible endpoint, by chat completions. One call is one attempt: retries, and the wait
 * that Retry-After asks for, belong to whoever called. Throws ParleyFailure MODEL_RATE_LIMITED, MODEL_UNAVAILABLE
 * (5xx, no connection, no answer in time, an answer that cannot be read or that ends without a reason) or
 * MODEL_REFUSED (any other 4xx); none of them, nor its cause, holds words of the prompt, the answer or the key.
 * When `signal` aborts, its reason is thrown.
 */
export function openModel(config: ModelConfig): Model {
  const { timeoutMs = CALL_TIMEOUT_MS } = config;
  const client = openClient(config);
  return {
    complete: (request, signal, pictures = new Map()) => {
      const body = toBody(request, request.model ?? config.name, pictures);
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

type Bytes = ReadonlyMap<string, Buffer>;

function toBody(
  request: ModelRequest,
  model: string,
  pictures: Bytes,
): ChatCompletionCreateParamsNonStreaming {
  const { messages, temperature, tools, toolChoice, schema, maxTokens } = request;
  return {
    model,
    messages: messages.map((message) => toMessage(message, pictures)),
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

function toMessage(message: ModelMessage, pictures: Bytes): ChatCompletionMessageParam {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
  if (message.role === 'user') return { role: 'user', content: withPictures(message, pictures) };
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

/** Words alone stay words: some endpoints take no parts. */
function withPictures(
  { content, pictures = [] }: Extract<ModelMessage, { role: 'system' | 'user' }>,
  bytesOf: Bytes,
): string | ChatCompletionContentPart[] {
  const parts = pictures.flatMap(({ file, mimeType }) => {
    const bytes = bytesOf.get(file);
    const url = `data:${mimeType};base64,${bytes?.toString('base64')}`;
    return bytes === undefined ? [] : [{ type: 'image_url' as const, image_url: { url } }];
  });
  return parts.length === 0 ? content : [{ type: 'text', text: content }, ...parts];
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
