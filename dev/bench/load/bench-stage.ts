import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import type { AgentSettings } from '../../../domain/agent.ts';
import { openProgress } from '../../progress.ts';
import { openStage, type Stage, type StageOptions } from '../../stage.ts';
import { STATEMENT_LOG } from '../measure/statements.ts';
import { startProgram } from './child-program.ts';
import { openReceiver, type Receiver } from './receiver.ts';

/** An installation under load: the processes of `npm start`, with stubs for the model and the receiver. */
export interface BenchStage {
  stage: Stage;
  receiver: Receiver;
  /** The product's processes and the two servers it stands on, by name. */
  pids(): Record<ProductPart, number>;
  /** Makes an agent with these settings and a generic channel of its own. */
  channel(settings: AgentSetting): Promise<BenchChannel>;
  /** Asks the API under the seeded key of a role. @throws Error when it refuses */
  ask(
    as: 'admin' | 'operator',
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    body?: object,
  ): Promise<unknown>;
  close(): Promise<void>;
}

export type ProductPart = 'api' | 'worker' | 'postgres' | 'temporal';

/** One channel integration as its provider's program sees it. */
export interface BenchChannel {
  /** Gives it the external action that the stub of the model always means, calling the receiver's hook. */
  addAction(): Promise<void>;
  /** Changes settings of its agent; conversations follow from their next turn. */
  change(settings: AgentSetting): Promise<void>;
  /** Posts a message; resolves with the conversation's id and the milliseconds until its 202. */
  post(room: string, messageId: string): Promise<{ conversationId: string; ackMs: number }>;
}

/** As `POST /v1/agents` wants them. */
export type AgentSetting = Partial<{
  wait_time_seconds: number;
  wait_cap_seconds: number;
  message_limit: number;
  tools: { node_type: string; fields: object }[];
  ai_agent_sequential_idle: boolean;
  idle_rule: { steps: { action: 'follow_up'; duration: number; message: string }[] };
  personalities: Partial<Record<keyof AgentSettings['personalities'], { name: string; prompt: string }>>;
}>;

const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CONNECTIONS = 64;

/** @throws Error that says which part did not start; nothing is left running. */
export async function openBenchStage(
  options: Pick<StageOptions, 'processEnv' | 'signal'> = {},
): Promise<BenchStage> {
  const model = await startProgram<{ port: number }>('load/stub-model.ts');
  const receiver = await openReceiver();
  const closing: (() => Promise<unknown>)[] = [() => receiver.close(), () => model.end()];
  const close = async () => {
    for (const part of closing) await part();
  };
  try {
    const stage = await openStage({
      ...options,
      bare: true,
      env: {
        OPENAI_BASE_URL: `http://127.0.0.1:${model.ready.port}/v1`,
        OPENAI_API_KEY: 'stub',
        EGRESS_ALLOW: receiver.host,
      },
      postgresSettings: STATEMENT_LOG,
      progress: openProgress((line) => console.log(line)),
    });
    closing.unshift(() => stage.stop());
    const { api, keys } = stage.dev();
    const pool = new Pool(api, { connections: CONNECTIONS, pipelining: 1 });
    closing.unshift(() => pool.close());
    await allowNudges(pool, keys.admin);
    return {
      stage,
      receiver,
      pids: () => {
        const { api, worker, postgres, temporal } = stage.pids() as Record<ProductPart, number>;
        return { api, worker, postgres, temporal };
      },
      async channel(settings) {
        const { id: agent_id } = await make(pool, keys.admin, '/v1/agents', { name: 'bench', ...settings });
        const { id } = await make(pool, keys.admin, '/v1/channels', {
          kind: 'generic',
          name: 'bench',
          agent_id,
          settings: { reply_url: receiver.url },
          secrets: { signing_secret: SIGNING_SECRET },
        });
        return {
          ...providerOf(pool, keys.gateway, `/v1/channels/${id}/messages`),
          change: (changed) => change(pool, keys.admin, `/v1/agents/${agent_id}`, changed),
          addAction: async () =>
            void (await make(pool, keys.builder, '/v1/external-actions', action(id, receiver))),
        };
      },
      ask: (as, method, path, body) => ask(pool, keys[as], method, path, body),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A bench sends more of them in a minute than a shop in a month: the breaker is to stop none (IDLE-11). */
async function allowNudges(pool: Pool, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ daily_limit: 100_000_000 });
  const answer = await pool.request({ method: 'PUT', path: '/v1/proactive', headers, body });
  const answered = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`the limit was answered ${answer.statusCode}: ${answered}`);
}

function action(channel: string, receiver: Receiver): object {
  return {
    channel_integration: channel,
    action_name: 'bench_call',
    display_name: 'Bench call',
    webhook_url: receiver.hookUrl,
    payload_template: { item: '{{item}}' },
    variables: [{ name: 'item', prompt: 'What it is about', required: true }],
    success_message: 'Done.',
    rate_limit_per_minute: 10_000,
  };
}

function providerOf(pool: Pool, key: string, path: string): Pick<BenchChannel, 'post'> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return {
    async post(room, messageId) {
      const text = `message ${messageId}: where is my order?`;
      const body = JSON.stringify({ id: messageId, room, customer: { id: room, name: 'Bench' }, text });
      const began = performance.now();
      const answer = await pool.request({ method: 'POST', path, headers, body });
      const answered = await answer.body.text();
      if (answer.statusCode !== 202)
        throw new Error(`a message was answered ${answer.statusCode}: ${answered}`);
      const ackMs = performance.now() - began;
      const { conversation_id: conversationId } = JSON.parse(answered) as { conversation_id: string };
      return { conversationId, ackMs };
    },
  };
}

async function make(pool: Pool, key: string, path: string, body: object): Promise<{ id: string }> {
  return (await ask(pool, key, 'POST', path, body)) as { id: string };
}

async function change(pool: Pool, key: string, path: string, body: object): Promise<void> {
  await ask(pool, key, 'PATCH', path, body);
}

async function ask(
  pool: Pool,
  key: string,
  method: 'GET' | 'PUT' | 'PATCH' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await pool.request({ method, path, headers, ...sent });
  const text = await answer.body.text();
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
