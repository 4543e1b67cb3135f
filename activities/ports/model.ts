/** Every assistant message with tool calls is followed by one result for each of them, in any order. */
export type ModelMessage =
  | { role: 'system' | 'user'; content: string; pictures?: readonly Picture[] }
  | { role: 'assistant'; content: string; toolCalls?: readonly ModelToolCall[] }
  | { role: 'tool'; toolCallId: string; content: string };

/** A customer's picture; its bytes travel beside the request, which is kept in the trace. */
export interface Picture {
  file: string;
  mimeType: string;
  size: number;
}

export interface ModelToolCall {
  id: string;
  name: string;
  /** The raw string: it is parsed by the tool's own schema. */
  arguments: string;
}

export interface ModelTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  /** Overrides the installation's model. */
  model?: string;
  temperature?: number;
  messages: ModelMessage[];
  tools?: ModelTool[];
  toolChoice?: 'auto' | 'none';
  /** Asks for a JSON answer of this JSON Schema. */
  schema?: { name: string; schema: Record<string, unknown> };
  maxTokens?: number;
}

export interface ModelAnswer {
  text: string | null;
  toolCalls: ModelToolCall[];
  finishReason: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
}

/** The LLM. Throws ParleyFailure with a MODEL_ code; never retries by itself. */
export interface Model {
  /** @param pictures the bytes of those that the request names; one that is missing is not shown */
  complete(
    request: ModelRequest,
    signal: AbortSignal,
    pictures?: ReadonlyMap<string, Buffer>,
  ): Promise<ModelAnswer>;
}
