import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { openStage, type Stage, type StageOptions } from '../../dev/stage.ts';
import { until } from '../../dev/until.ts';

export type KeyHolder = 'owner' | 'admin' | 'builder' | 'operator' | 'viewer' | 'gateway';

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else `{}`. */
  body: Record<string, unknown>;
  text: string;
}

export interface Call {
  /** One of the seeded keys by its role, or a key as it stands. */
  as?: KeyHolder | { key: string };
  /** Anything but text and bytes is sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Message {
  id: string;
  from: string;
  kind: string;
  text: string;
  provider_message_id: string | null;
  state: string;
  turn: number | null;
  at: string;
}

export interface Step {
  turn: number;
  kind: string;
  model: string | null;
  request: { messages: { role: string; content: string }[]; schema?: { name: string } };
  response: { text: string | null } | null;
  input_tokens: number;
  output_tokens: number;
  duration_ms: number;
  failure: string | null;
  at: string;
}

/** The product as it runs, reached by HTTP, with a look into its database, its Temporal and the stand-ins. */
export interface Journey {
  stage: Stage;
  api: string;
  client: Client;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** Rows of the whole installation: the login is the administrator's. */
  sql<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  makeAgent(settings?: Record<string, unknown>): Promise<string>;
  makeChannel(channel: Record<string, unknown>): Promise<string>;
  /** Transcript, oldest first. */
  messages(conversation: string): Promise<Message[]>;
  /** Trace, oldest first. */
  steps(conversation: string): Promise<Step[]>;
  /** Asks or sets something of a stand-in, below its address. */
  standIn(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, unknown>>;
  model(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const DEFAULTS = { wait_time_seconds: 0, personalities: {}, natural_language_escalation: false };

export async function openJourney(options: StageOptions = {}): Promise<Journey> {
  const stage = await openStage({ postgresSettings: ['fsync=off'], ...options });
  const { api, keys, model: modelUrl, database_url, temporal_address } = stage.dev();
  const database = new pg.Pool({ connectionString: database_url, max: 2 });
  const connection = await Connection.connect({ address: temporal_address });

  async function call(method: string, path: string, { as, body, headers = {} }: Call = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const key = typeof as === 'object' ? as.key : as && keys[as];
    const response = await fetch(api + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
    };
  }

  async function made(path: string, as: KeyHolder, body: object): Promise<string> {
    const answer = await call('POST', path, { as, body });
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body['id'] as string;
  }

  async function everyPage<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await call('GET', `${path}?limit=100${more}`, { as: 'viewer' });
      if (answer.status !== 200) throw new Error(`GET ${path} answered ${answer.status}: ${answer.text}`);
      all.push(...(answer.body['data'] as T[]));
      cursor = answer.body['next_cursor'] as string | null;
    } while (cursor !== null);
    return all;
  }

  return {
    stage,
    api,
    client: new Client({ connection }),
    call,
    sql: async (text, values) => (await database.query(text, values)).rows,
    makeAgent: (settings = {}) =>
      made('/v1/agents', 'builder', { name: `Agent ${randomUUID()}`, ...DEFAULTS, ...settings }),
    makeChannel: (channel) => made('/v1/channels', 'admin', { name: `Channel ${randomUUID()}`, ...channel }),
    messages: async (conversation) =>
      inTimeOrder(await everyPage<Message>(`/v1/conversations/${conversation}/messages`)),
    steps: async (conversation) =>
      inTimeOrder(await everyPage<Step>(`/v1/conversations/${conversation}/turns`)),
    standIn: (method, path, body) => askJson(method, `${stage.standIns}${path}`, body),
    model: (method, path, body) => askJson(method, `${modelUrl?.replace(/\/v1$/, '')}${path}`, body),
    async close() {
      await connection.close();
      await database.end();
      await stage.stop();
    },
  };
}

/** Whichever way the API lists them. */
function inTimeOrder<T extends { at: string }>(items: T[]): T[] {
  return items.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

async function askJson(method: string, url: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** Waits until `look` finds something; the failure says what was looked for and what was seen last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | null | false>,
  deadlineMs = 20_000,
): Promise<T> {
  let found: T | undefined | null | false;
  let trouble: unknown;
  const came = await until(async () => {
    try {
      found = await look();
      trouble = undefined;
    } catch (error) {
      trouble = error;
      return false;
    }
    return found !== undefined && found !== null && found !== false;
  }, deadlineMs);
  if (!came) throw new Error(`it never came that ${what}`, { cause: trouble });
  return found as T;
}

/** A word nobody else says, so that switches of the stand-ins meet this test alone. */
export function rareWord(): string {
  return `w${randomBytes(6).toString('hex')}`;
}
