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
  operate(conversationId: string, command: 'take-over' | 'hand-back' | 'resolve'): Promise<void>;
  /** `fail`, `script` and `latency_ms` of the offline model; `{ reset: true }` first. */
  model(control: object): Promise<void>;
  /** Faults of the receiver of replies, or of the Graph API's stand-in. */
  receiver(control: object): Promise<void>;
  graph(control: object): Promise<void>;
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

  async function call(method: string, url: string, body: object, key?: string): Promise<unknown> {
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${new URL(url).pathname} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

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

  return {
    temporalAddress: dev.temporal_address,
    agent: async (change) =>
      void (await call('PATCH', `${dev.api}/v1/agents/${dev.agent}`, change, dev.keys.builder)),
    customer,
    operate: async (conversationId, command) =>
      void (await call(
        'POST',
        `${dev.api}/v1/conversations/${conversationId}/${command}`,
        {},
        dev.keys.operator,
      )),
    model: async (control) =>
      void (await call('POST', `${dev.model?.replace(/\/v1$/, '')}/control`, control)),
    receiver: async (control) => void (await call('POST', `${stage.sink}/control`, control)),
    graph: async (control) => void (await call('POST', `${stage.standIns}/whatsapp/control`, control)),
    async close() {
      await database.end();
      await stage.stop();
    },
  };
}
