import { randomUUID } from 'node:crypto';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { eventually } from '../../journey/open-journey.ts';
import type { Answer, Journey } from '../../journey/open-journey.ts';

/** A request as it came to a receiver of the stand-in. */
export interface Came {
  at: number;
  headers: Record<string, string>;
  /** Parsed where it is JSON. */
  body: Record<string, unknown>;
  signature: string;
}

/** An entry of the log, as far as these tests look at it. */
export interface Execution {
  id: string;
  origin: string;
  replay_of: string | null;
  conversation_id: string | null;
  phone: string | null;
  original_message: string;
  confidence: number | null;
  payload_sent: { url: string; headers: Record<string, string>; body: Record<string, unknown> } | null;
  response_received: unknown;
  response_status_code: number | null;
  status: string;
  error_message: string | null;
  execution_time_ms: number | null;
  retry_count: number;
  idempotency_key: string;
  created_at: string;
}

/** An external action with a receiver of its own. */
export interface OrderAction {
  id: string;
  path: string;
  signingSecret: string;
  /** Of the sink that plays the receiver. */
  receiverName: string;
  /** What the receiver answers, and how it misbehaves: the stand-in's switches. */
  receiver(settings: Record<string, unknown>): Promise<void>;
  /** Requests that the receiver took. */
  taken(): Promise<Came[]>;
  /** Requests that it turned away. */
  turnedAway(): Promise<Came[]>;
  executions(query?: string): Promise<Execution[]>;
  /** Waits until the newest entry of the log has ended. */
  ended(): Promise<Execution>;
  change(fields: Record<string, unknown>): Promise<Answer>;
}

export const EXAMPLES = [
  { text: 'I want to order a lamp', language: 'en' },
  { text: 'أريد شراء مصباح', language: 'ar' },
  { text: 'Saya mau pesan lampu', language: 'id' },
];

export const PRODUCT = { name: 'product', prompt: 'Name of the product' };
export const QUANTITY = { name: 'quantity', prompt: 'How many pieces', type: 'whole_number' };

/** Makes one at the customer's channel, whose receiver answers with an order's number. */
export async function orderAction(
  journey: Journey,
  customer: GenericCustomer,
  fields: Record<string, unknown> = {},
): Promise<OrderAction> {
  const sink = randomUUID();
  const made = await journey.call('POST', '/v1/external-actions', {
    as: 'builder',
    body: {
      channel_integration: customer.channel,
      action_name: 'create_order',
      display_name: 'Create order',
      training_examples: EXAMPLES,
      webhook_url: `${journey.stage.standIns}/sink/${sink}`,
      payload_template: { product: '{{product}}', quantity: '{{quantity}}', said: '{{message_text}}' },
      variables: [PRODUCT, QUANTITY],
      success_message: 'Order {{response.order_id}}: {{quantity}} of {{product}}',
      failure_message: 'No order was placed.',
      retry_delay_seconds: 0,
      ...fields,
    },
  });
  if (made.status !== 201) throw new Error(`the action was answered ${made.status}: ${made.text}`);
  const id = made.body['id'] as string;
  const path = `/v1/external-actions/${id}`;
  const journal = async (name: string): Promise<Came[]> => {
    const { entries } = await journey.standIn('GET', `/sink/${sink}/${name}`);
    return (entries as (Omit<Came, 'body'> & { body: string })[]).map((entry) => ({
      ...entry,
      body: parsed(entry.body),
    }));
  };
  const executions = async (query = ''): Promise<Execution[]> => {
    const log = await journey.call('GET', `${path}/executions${query}`, { as: 'builder' });
    if (log.status !== 200) throw new Error(`the log was answered ${log.status}: ${log.text}`);
    return log.body['data'] as Execution[];
  };
  const action: OrderAction = {
    id,
    path,
    signingSecret: made.body['signing_secret'] as string,
    receiverName: sink,
    receiver: async (settings) => void (await journey.standIn('POST', `/sink/${sink}/control`, settings)),
    taken: () => journal('journal'),
    turnedAway: () => journal('refused'),
    executions,
    ended: () =>
      eventually('the execution ends', async () => {
        const [newest] = await executions();
        return newest !== undefined && newest.status !== 'pending' && newest;
      }),
    change: (changed) => journey.call('PATCH', path, { as: 'builder', body: changed }),
  };
  await action.receiver({
    secret: action.signingSecret,
    answer: { status: 200, body: { order_id: 'A-7' } },
  });
  return action;
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The kinds and texts of what the customer heard. */
export async function heard(customer: GenericCustomer, count: number): Promise<[string, string][]> {
  return (await customer.hears(count)).map(({ body }) => [body.kind, body.text]);
}
