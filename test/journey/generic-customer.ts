import { randomBytes, randomUUID } from 'node:crypto';
import { eventually, type Answer, type Journey } from './open-journey.ts';

/** What arrived at the receiver of a generic channel's replies. */
export interface Arrived {
  at: number;
  headers: Record<string, string>;
  raw: string;
  body: {
    conversation_id: string;
    room: string;
    message_id: string;
    kind: string;
    text: string;
    in_reply_to: string[];
    at: string;
  };
  /** How often the same webhook-id had come before. */
  repeat: number;
}

/** A customer of their own agent, on a generic channel of their own, whose replies nobody else's mix with. */
export interface GenericCustomer {
  agent: string;
  channel: string;
  room: string;
  /** `whsec_…`, with which replies are signed. */
  secret: string;
  post(message: Record<string, unknown>): Promise<Answer>;
  /** Posts a message; resolves to its id once it is on disk. */
  says(text: string, more?: Record<string, unknown>): Promise<string>;
  conversation(): string;
  arrived(): Promise<Arrived[]>;
  /** Waits until so many replies have arrived; exactly so many. */
  hears(count: number): Promise<Arrived[]>;
  /** Waits until no message waits for a turn or a delivery. */
  isDone(): Promise<void>;
  operate(command: 'take-over' | 'hand-back' | 'resolve'): Promise<Answer>;
  change(settings: Record<string, unknown>): Promise<void>;
}

export async function genericCustomer(
  journey: Journey,
  settings: Record<string, unknown> = {},
): Promise<GenericCustomer> {
  const { call, sql } = journey;
  const room = randomUUID();
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const agent = await journey.makeAgent(settings);
  const channel = await journey.makeChannel({
    kind: 'generic',
    agent_id: agent,
    settings: { reply_url: `${journey.stage.standIns}/sink/${room}` },
    secrets: { signing_secret: secret },
  });
  let conversation = '';

  const post = (message: Record<string, unknown>) =>
    call('POST', `/v1/channels/${channel}/messages`, {
      as: 'gateway',
      body: { room, customer: { id: `customer of ${room}` }, ...message },
    });

  async function arrived(): Promise<Arrived[]> {
    const { entries } = await journey.standIn('GET', `/sink/${room}/journal`);
    return (entries as (Omit<Arrived, 'body' | 'raw'> & { body: string })[]).map((entry) => ({
      ...entry,
      raw: entry.body,
      body: JSON.parse(entry.body) as Arrived['body'],
    }));
  }

  return {
    agent,
    channel,
    room,
    secret,
    post,
    async says(text, more = {}) {
      const id = randomUUID();
      const answer = await post({ id, text, ...more });
      if (answer.status !== 202) throw new Error(`a message was answered ${answer.status}: ${answer.text}`);
      conversation = answer.body['conversation_id'] as string;
      return id;
    },
    conversation: () => conversation,
    arrived,
    hears: (count) =>
      eventually(`${count} replies arrive`, async () => {
        const all = await arrived();
        if (all.length > count) throw new Error(`${all.length} replies arrived, not ${count}`);
        return all.length === count && all;
      }),
    isDone: async () =>
      void (await eventually('nothing waits any more', async () => {
        const waiting = await sql(
          `select id from inbox where conversation_id = $1 and settled_at is null
           union all select id from outbound where conversation_id = $1 and state in ('planned', 'sending')`,
          [conversation],
        );
        return waiting.length === 0;
      })),
    operate: (command) =>
      call('POST', `/v1/conversations/${conversation}/${command}`, { as: 'operator', body: {} }),
    async change(more) {
      const answer = await call('PATCH', `/v1/agents/${agent}`, { as: 'builder', body: more });
      if (answer.status !== 200) throw new Error(`the agent was not changed: ${answer.text}`);
    },
  };
}
