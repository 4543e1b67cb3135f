import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, DefaultLogger, Worker, type InjectedSinks } from '@temporalio/worker';
import OpenAI from 'openai';
import { pondered } from '../load/pondered.ts';
import type { FloorAnswer, FloorOrder } from './order.ts';
import { bareConversation, messageSignal, type FloorSinks } from './workflow.ts';

// A program: a bare Temporal worker, and in the same process the one who signals it, as cheaply as both can be had:
// one connection for both (the worker's own, in Rust), no HTTP in front, no reply behind, and a turn's end told
// through a sink. Worker settings are the product's, save the sticky queue's patience: the SDK's own costs the floor less.

const QUEUE = 'floor';
const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: setting('TEMPORAL_ADDRESS') });
const client = new Client({ connection });
const openai = new OpenAI({ apiKey: 'stub', baseURL: setting('MODEL_URL'), maxRetries: 0, timeout: 55_000 });
const waiting = new Map<string, () => void>();

const sinks: InjectedSinks<FloorSinks> = {
  turns: {
    over: {
      fn(_info, workflowId) {
        waiting.get(workflowId)?.();
      },
      callDuringReplay: false,
    },
  },
};
const worker = await Worker.create({
  connection,
  taskQueue: QUEUE,
  workflowsPath: fileURLToPath(new URL('workflow.ts', import.meta.url)),
  activities: { callModel },
  sinks,
  maxCachedWorkflows: 1000,
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentActivityTaskExecutions: 100,
});
const running = worker.run();

process.on('message', (order: FloorOrder) => void obey(order));
process.on('disconnect', () => worker.shutdown());
tell({ seconds: null });
await running;
await connection.close();
process.exit(0);

async function callModel(text: string): Promise<string> {
  const completion = await openai.chat.completions.create({
    model: 'stub',
    messages: [
      { role: 'system', content: 'You are a helpful customer-service agent. Answer briefly.' },
      { role: 'user', content: text },
    ],
  });
  return completion.choices[0]?.message.content ?? '';
}

/** All conversations at once; in each the next message follows the end of the former's turn. */
async function obey({ conversations, messages, think }: FloorOrder): Promise<void> {
  const began = performance.now();
  await Promise.all(Array.from({ length: conversations }, () => converse(messages, think)));
  tell({ seconds: (performance.now() - began) / 1000 });
}

async function converse(messages: number, think = 0): Promise<void> {
  const workflowId = `floor/${randomUUID()}`;
  for (let n = 0; n < messages; n += 1) {
    const over = new Promise<void>((resolve) => waiting.set(workflowId, resolve));
    const signalArgs: [string] = [`message ${n}: where is my order?`];
    await client.workflow.signalWithStart(bareConversation, {
      workflowId,
      taskQueue: QUEUE,
      args: [messages],
      signal: messageSignal,
      signalArgs,
    });
    await over;
    await pondered(think);
  }
  waiting.delete(workflowId);
}

function tell(answer: FloorAnswer): void {
  process.send?.(answer);
}
