/** A request of the chat completions API, as far as it is looked at here. */
export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  tools?: ChatTool[];
  tool_choice?: 'auto' | 'none' | 'required' | { type: 'function'; function: { name: string } };
  response_format?: {
    type: string;
    json_schema?: { name: string; schema?: JsonSchema; strict?: boolean | null };
  };
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
}

export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | { type: string; text?: string; image_url?: { url: string } }[] | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface ChatTool {
  type: 'function';
  function: { name: string; description?: string; parameters?: JsonSchema; strict?: boolean | null };
}

export interface JsonSchema {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  default?: unknown;
  description?: string;
  minimum?: number;
  minItems?: number;
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool']);
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * What the real service would refuse, as a sentence, or undefined: roles, the pairing of tool calls with their
 * results, names, and the rules for strict schemas (every property required, no additional ones).
 */
export function whatIsWrongWithChat(request: ChatRequest): string | undefined {
  if (typeof request.model !== 'string' || request.model === '') return 'you must provide a model parameter';
  if (!Array.isArray(request.messages) || request.messages.length === 0)
    return "'messages' must not be empty";
  const { response_format: format, tools } = request;
  if (format?.type === 'json_schema') {
    const { name, schema, strict } = format.json_schema ?? {};
    if (name === undefined || !NAME.test(name))
      return "'response_format.json_schema.name' is missing or invalid";
    if (strict === true && !isStrict(schema)) return `Invalid schema for response_format '${name}'`;
  }
  for (const tool of tools ?? []) {
    const { name, parameters, strict } = tool.function ?? { name: '' };
    if (tool.type !== 'function' || !NAME.test(name)) return "'tools[].function.name' is missing or invalid";
    if (strict === true && !isStrict(parameters)) return `Invalid schema for function '${name}'`;
  }
  if (request.tool_choice !== undefined && !tools?.length)
    return "'tool_choice' is only allowed with 'tools'";
  return wrongMessages(request.messages);
}

function wrongMessages(messages: ChatMessage[]): string | undefined {
  let open = new Set<string>();
  for (const [at, message] of messages.entries()) {
    if (!ROLES.has(message?.role)) return `messages[${at}].role is invalid`;
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id ?? '')) {
        return `messages[${at}]: a tool message must respond to a preceding message with 'tool_calls'`;
      }
      continue;
    }
    if (open.size > 0)
      return `messages[${at}]: an assistant message with 'tool_calls' must be followed by its results`;
    if (message.role === 'assistant' && message.tool_calls?.length) {
      open = new Set(message.tool_calls.map((call) => call.id));
    } else if (message.content === undefined || message.content === null) {
      return `messages[${at}].content is missing`;
    }
  }
  return open.size > 0 ? "an assistant message with 'tool_calls' must be followed by its results" : undefined;
}

function isStrict(schema: JsonSchema | undefined, depth = 0): boolean {
  if (schema === undefined || depth > 10) return false;
  const below = [
    ...(schema.anyOf ?? []),
    ...Object.values(schema.$defs ?? {}),
    ...(schema.items ? [schema.items] : []),
  ];
  if (schema.type === 'object' || schema.properties !== undefined) {
    const names = Object.keys(schema.properties ?? {});
    const required = new Set(schema.required ?? []);
    if (schema.additionalProperties !== false || !names.every((name) => required.has(name))) return false;
    below.push(...Object.values(schema.properties ?? {}));
  }
  return below.every((part) => isStrict(part, depth + 1));
}

/** The text of a message, whatever form its content has; of a picture what can be told without seeing it. */
export function textOf(message: ChatMessage): string {
  const { content } = message;
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content
    .map((part) => (part.type === 'text' ? (part.text ?? '') : `[shown: ${partIn(part.image_url?.url)}]`))
    .join('\n');
}

function partIn(url = ''): string {
  const [, type = 'a picture', data = ''] = /^data:([a-z/+-]+);base64,(.*)$/s.exec(url) ?? [];
  return `${type}, ${Buffer.byteLength(data, 'base64')} bytes`;
}
