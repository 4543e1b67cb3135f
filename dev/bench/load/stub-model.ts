import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A program: an endpoint of chat completions that answers a constant at once, so that a bench measures the product
// and not the model. Tells its parent the port; ends when the parent does.

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function completion(content: string | null, toolCalls: object[] = []): string {
  const message = {
    role: 'assistant',
    content,
    refusal: null,
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  return JSON.stringify({ id: 'stub', object: 'chat.completion', created: 0, model: 'stub', choices, usage });
}

const reply = completion('Thank you, noted.');
const understanding = completion(JSON.stringify({ core_intent: 'sales', wants_human: false }));

/** Each is called once a turn by an agent that has it. */
const TOOLS: [name: string, proposed: object][] = [
  ['qontak_chat_room_tag', { tags: ['bench'] }],
  [
    'submit_action_request',
    { request_type: 'bench', request_details: 'May it?', priority: null, request_data: null },
  ],
];
const callingTool = TOOLS.map(([name, proposed]) => ({
  offered: `"name":"${name}"`,
  calling: completion(null, [
    { id: 'call', type: 'function', function: { name, arguments: JSON.stringify(proposed) } },
  ]),
}));

/** The action of the bench is always meant; what it is about is the newest message's id. */
function match(request: string): string {
  const item = [...request.matchAll(/message ([0-9a-f-]{36})/g)].at(-1)?.[1] ?? '';
  const candidate = { action: 'bench_call', confidence: 1, variables: [{ name: 'item', value: item }] };
  const judged = { core_intent: 'sales', wants_human: false, candidates: [candidate], pending_answer: null };
  return completion(JSON.stringify(judged));
}

function answer(request: string): string {
  if (request.includes('"json_schema"'))
    return request.includes('bench_call') ? match(request) : understanding;
  if (request.includes('"role":"tool"')) return reply;
  return callingTool.find(({ offered }) => request.includes(offered))?.calling ?? reply;
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer(Buffer.concat(chunks).toString('utf8')));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
