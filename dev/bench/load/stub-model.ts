import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A program: an endpoint of chat completions that answers a constant at once, so that a bench measures the product
// and not the model. Tells its parent the port; ends when the parent does.

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function completion(content: string): string {
  const message = { role: 'assistant', content, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  return JSON.stringify({ id: 'stub', object: 'chat.completion', created: 0, model: 'stub', choices, usage });
}

const reply = completion('Thank you, noted.');
const understanding = completion(JSON.stringify({ core_intent: 'sales', wants_human: false }));

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const structured = chunks.some((chunk) => chunk.includes('"json_schema"'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(structured ? understanding : reply);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
