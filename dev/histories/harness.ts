import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openStage } from '../stage.ts';
import { until } from '../until.ts';

/** An installation with a customer who writes, a builder who sets things, and switches for the outside world. */
export interface Harness {
  temporalAddress: string;
  /** Changes the seeded agent; it counts from the next turn on. */
  agent(settings: Record<string, unknown>): Promise<void>;
  /** A customer who has not written yet. */
  customer(channel: 'generic' | 'whatsapp'): Customer;
  /** The agent waits this long for an answer to a question: shorter than the API would let a builder make it. */
  answersWithin(seconds: number): Promise<void>;
  /** The same of a request to operators: until the first reminder, and until it expires. */
  decidesWithin(reminderSeconds: number, expirySeconds: number): Promise<void>;
  /** Asks the API under the seeded key of a role. */
  ask(as: Role, method: 'GET' | 'PUT' | 'POST', path: string, body?: object): Promise<unknown>;
  /** Waits until so many events of this name are stored for the conversation. */
  happened(conversationId: string, event: string, times: number): Promise<void>;
  /** Runs `play` while the customers of the generic channel can have this done: a receiver answers with an order's number. */
  withExternalAction<T>(fields: object, play: () => Promise<T>): Promise<T>;
  operate(
    conversationId: string,
    command: 'take-over' | 'hand-back' | 'resolve' | 'assign',
    body?: object,
  ): Promise<void>;
  /** A division whose only operator is away, until they come. */
  division(): Promise<{ id: string; operatorComes(): Promise<void> }>;
  /** Waits until the conversation's newest call is in this state. */
  callIs(conversationId: string, state: string): Promise<void>;
  /** `fail`, `script` and `latency_ms` of the offline model; `{ reset: true }` first. */
  model(control: object): Promise<void>;
  /** Faults of the receiver of replies, of the Graph API's stand-in, of the CRM's, or of the external action's receiver. */
  receiver(control: object): Promise<void>;
  graph(control: object): Promise<void>;
  crm(control: object): Promise<void>;
  orders(control: object): Promise<void>;
  close(): Promise<void>;
}

export interface Customer {
  /** Posts a message; resolves to its conversation. */
  says(text: string): Promise<string>;
  /** Waits until the newest messages to the customer have these states, oldest first. */
  hears(...states: string[]): Promise<void>;
  /** Waits until no row waits for a turn. */
  isDoneWith(): Promise<void>;
}

type Role = 'admin' | 'builder' | 'operator';

const PATIENCE_MS = 30_000;

/** Short waits, and runs of three turns where asked, so that a recording takes seconds. */
export async function openHarness(env: Record<string, string> = {}): Promise<Harness> {
  const settings = { DELIVERY_REPORT_SECONDS: '2', WORKFLOW_TASK_TIMEOUT_SECONDS: '3', ...env };
  const stage = await openStage({ processEnv: { api: settings, worker: settings } });
  const dev = stage.dev();
  const database = new pg.Client(dev.database_url);
  await database.connect();
  // With them every turn would begin with understanding; a shape that wants one switches it on.
  await database.query('update external_actions set is_active = false');

  const orders = `${stage.standIns}/sink/${randomUUID()}`;

  async function call(method: string, url: string, body?: object, key?: string): Promise<unknown> {
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${new URL(url).pathname} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  const made = async (path: string, as: 'admin' | 'builder', body: object): Promise<Record<string, string>> =>
    (await call('POST', `${dev.api}${path}`, body, dev.keys[as])) as Record<string, string>;

  async function withExternalAction<T>(fields: object, play: () => Promise<T>): Promise<T> {
    const { id } = await made('/v1/external-actions', 'builder', {
      channel_integration: dev.channels.generic,
      action_name: `order_${randomUUID().slice(0, 8)}`,
      display_name: 'Order',
      training_examples: [{ text: 'I want to order a lamp', language: 'en' }],
      webhook_url: orders,
      payload_template: { product: '{{product}}', quantity: '{{quantity}}' },
      variables: [
        { name: 'product', prompt: 'Name of the product' },
        { name: 'quantity', prompt: 'How many pieces', type: 'whole_number' },
      ],
      success_message: 'Order {{response.order_id}} is placed.',
      retry_delay_seconds: 0,
      ...fields,
    });
    try {
      return await play();
    } finally {
      await database.query('update external_actions set is_active = false where id = $1', [id]);
    }
  }

  const stored = async (settings: object): Promise<void> =>
    void (await database.query('update agents set settings = settings || $2 where id = $1', [
      dev.agent,
      settings,
    ]));

  async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
    if (!(await until(holds, PATIENCE_MS, 50))) throw new Error(`it never came that ${what}`);
  }

  function customer(channel: 'generic' | 'whatsapp'): Customer {
    const id = channel === 'generic' ? randomUUID() : String(620000000000 + Math.floor(Math.random() * 1e9));
    let conversation = '';
    return {
      async says(text) {
        if (channel === 'generic') {
          const message = { id: randomUUID(), room: id, customer: { id }, text };
          const url = `${dev.api}/v1/channels/${dev.channels.generic}/messages`;
          const received = await call('POST', url, message, dev.keys.gateway);
          conversation = (received as { conversation_id: string }).conversation_id;
        } else {
          const { rows } = await database.query<{ number: string }>(
            `select settings ->> 'phone_number_id' as number from channel_integrations where id = $1`,
            [dev.channels.whatsapp],
          );
          const message = { phone_number_id: rows[0]?.number, wa_id: id, text };
          await call('POST', `${stage.standIns}/whatsapp/customer`, message);
          const found = await database.query<{ id: string }>(
            `select c.id from conversations c join contact_identities i on i.contact_id = c.contact_id
             where i.external_id = $1`,
            [id],
          );
          conversation = found.rows[0]?.id ?? '';
        }
        return conversation;
      },
      hears: (...states) =>
        eventually(`the customer hears ${states.join(', ')}`, async () => {
          const { rows } = await database.query<{ state: string }>(
            'select state from outbound where conversation_id = $1 order by planned_at desc limit $2',
            [conversation, states.length],
          );
          return (
            rows
              .map((row) => row.state)
              .reverse()
              .join() === states.join()
          );
        }),
      isDoneWith: () =>
        eventually('no row waits', async () => {
          const { rowCount } = await database.query(
            'select from inbox where conversation_id = $1 and settled_at is null',
            [conversation],
          );
          return rowCount === 0;
        }),
    };
  }

  await call('POST', `${orders}/control`, { answer: { status: 200, body: { order_id: 'A-7' } } });

  return {
    temporalAddress: dev.temporal_address,
    agent: async (change) =>
      void (await call('PATCH', `${dev.api}/v1/agents/${dev.agent}`, change, dev.keys.builder)),
    customer,
    withExternalAction,
    answersWithin: (seconds) => stored({ confirmationTimeoutSeconds: seconds }),
    decidesWithin: (reminderSeconds, expirySeconds) =>
      stored({ approvalReminderSeconds: reminderSeconds, approvalExpirySeconds: expirySeconds }),
    ask: (as, method, path, body) => call(method, `${dev.api}${path}`, body, dev.keys[as]),
    happened: (conversationId, event, times) =>
      eventually(`${event} happens ${times} times`, async () => {
        const { rowCount } = await database.query(
          'select from events where conversation_id = $1 and name = $2',
          [conversationId, event],
        );
        return rowCount === times;
      }),
    operate: async (conversationId, command, body = {}) =>
      void (await call(
        'POST',
        `${dev.api}/v1/conversations/${conversationId}/${command}`,
        body,
        dev.keys.operator,
      )),
    async division() {
      const { id = '' } = await made('/v1/divisions', 'admin', { name: randomUUID() });
      const person = { name: 'Olga', role: 'operator', divisions: [id] };
      const { id: member_id } = await made('/v1/members', 'admin', person);
      const { key } = await made('/v1/keys', 'admin', { name: 'Olga', role: 'operator', member_id });
      return {
        id,
        operatorComes: async () =>
          void (await call('PUT', `${dev.api}/v1/me/presence`, { online: true }, key)),
      };
    },
    callIs: (conversationId, state) =>
      eventually(`a call is ${state}`, async () => {
        const { rows } = await database.query<{ state: string }>(
          'select state from calls where conversation_id = $1 order by planned_at desc, number desc limit 1',
          [conversationId],
        );
        return rows[0]?.state === state;
      }),
    model: async (control) =>
      void (await call('POST', `${dev.model?.replace(/\/v1$/, '')}/control`, control)),
    receiver: async (control) => void (await call('POST', `${stage.sink}/control`, control)),
    graph: async (control) => void (await call('POST', `${stage.standIns}/whatsapp/control`, control)),
    crm: async (control) => void (await call('POST', `${stage.standIns}/crm/control`, control)),
    orders: async (control) => void (await call('POST', `${orders}/control`, control)),
    async close() {
      await database.end();
      await stage.stop();
    },
  };
}
