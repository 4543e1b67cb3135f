export interface ModelMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
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
  /** Arguments are the raw string: they are parsed by the tool's own schema. */
  toolCalls: { id: string; name: string; arguments: string }[];
  finishReason: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
}

/** The LLM. Throws ParleyFailure with a MODEL_ code; never retries by itself. */
export interface Model {
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>;
}
