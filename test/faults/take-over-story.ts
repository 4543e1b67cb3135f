import { strict as assert } from 'node:assert';
import type { ConversationView } from '../../contract/conversation.ts';
import type { Arrived } from '../journey/generic-customer.ts';
import { eventually } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';
import type { ActingCustomer } from '../journey/acting-customer.ts';
import type { Scene } from './take-over-scenes.ts';

export interface TakenOver {
  /** When the 200 was there. Epoch milliseconds. */
  at: number;
  inFlight: string[];
}

/** A line of the table. */
export interface Told {
  point: string;
  in_flight: number;
  /** Of those, how many arrived behind the 200. */
  arrived_later: number;
  /** What became of the agent's messages. */
  messages: string;
  next_turn?: number;
}

interface Sent {
  id: string;
  cause: string;
  kind: string;
  state: string;
}

export async function takesOver(journey: Journey, customer: ActingCustomer): Promise<TakenOver> {
  const path = `/v1/conversations/${customer.conversation()}/take-over`;
  const answer = await journey.call('POST', path, { as: 'operator', body: {} });
  const at = Date.now();
  assert.equal(answer.status, 200, answer.text);
  return { at, inFlight: answer.body['in_flight'] as string[] };
}

const sentBy = (journey: Journey, conversation: string) =>
  journey.sql<Sent>(
    `select id, cause, kind, state from outbound where conversation_id = $1 order by planned_at`,
    [conversation],
  );

/** Waits until nothing is left of what the take-over came between, and judges what the customer got since. */
export async function quietAfter(
  journey: Journey,
  customer: ActingCustomer,
  taken: TakenOver,
): Promise<Omit<Told, 'point'>> {
  const conversation = customer.conversation();
  const handle = journey.client.workflow.getHandle(`conversation/${conversation}`);
  await eventually('nothing of the agent is under way', async () => {
    const waiting = await journey.sql(
      `select id from inbox where conversation_id = $1 and settled_at is null
       union all select id from outbound where conversation_id = $1 and state = 'sending'`,
      [conversation],
    );
    const { doing } = await handle.query<ConversationView>('getState');
    const { raw } = await handle.describe();
    // Slack may be away: what is said to people stands in nobody's way.
    const pending = (raw.pendingActivities ?? []).filter(
      ({ activityType }) => activityType?.name !== 'tellHuman',
    );
    const idle = pending.length === 0 && doing.startsWith('silent');
    if (waiting.length > 0 || !idle) throw new Error(`${doing}; ${waiting.length} rows`);
    return true;
  });
  const later = agents(await customer.arrived()).filter(({ at }) => at > taken.at);
  const unnamed = later.filter(({ body }) => !taken.inFlight.includes(body.message_id));
  assert.deepEqual(
    unnamed.map(({ body }) => body),
    [],
    `${unnamed.length} messages of the agent began behind the 200`,
  );
  const messages = await sentBy(journey, conversation);
  const ended = new Set(agents(await customer.arrived()).map(({ body }) => body.message_id));
  const refused = messages.filter(({ id, state }) => state === 'refused' && ended.has(id));
  assert.deepEqual(refused, [], 'what was refused arrived');
  return {
    in_flight: taken.inFlight.length,
    arrived_later: later.length,
    messages: messages.map(({ cause, kind, state }) => `${short(cause)} ${kind} ${state}`).join(', '),
  };
}

/** The person answers and hands back; the next message is answered by the next turn, once, and nobody is called again. */
export async function handsBack(
  journey: Journey,
  { customer, action, calm, next = 'And now?' }: Scene,
  taken: TakenOver,
): Promise<{ next_turn: number }> {
  const conversation = customer.conversation();
  const path = `/v1/conversations/${conversation}`;
  const reply = await journey.call('POST', `${path}/reply`, { as: 'operator', body: { text: 'I am Olga' } });
  assert.equal(reply.status, 202, reply.text);
  await eventually('the person is heard', async () =>
    (await customer.arrived()).some(({ body }) => body.message_id === reply.body['message_id']),
  );
  const calls = await escalations(journey, conversation);
  const orders = (await action?.taken())?.length;
  await journey.model('POST', '/control', { reset: true });
  await calm?.();
  assert.equal((await customer.operate('hand-back')).status, 200);
  const before = await customer.arrived();
  const turn = await lastTurn(journey, conversation);
  const id = await customer.says(`${next} (${customer.word})`);
  await customer.isDone();
  const [row] = await journey.sql<{ turn: number; settled_reason: string }>(
    'select turn, settled_reason from inbox where conversation_id = $1 and provider_message_id = $2',
    [conversation, id],
  );
  assert.deepEqual([row?.turn, row?.settled_reason], [turn + 1, 'answered']);
  const heard = (await customer.arrived()).slice(before.length);
  const told = JSON.stringify(heard.map(({ body }) => body));
  assert.equal(heard.length, 1, told);
  assert.deepEqual([heard[0]?.body.kind, heard[0]?.body.in_reply_to], ['reply', [id]], told);
  assert.ok((heard[0]?.at ?? 0) > taken.at);
  assert.deepEqual(await escalations(journey, conversation), calls, 'nobody is called again');
  assert.equal((await action?.taken())?.length, orders, 'nothing is ordered by an old question');
  return { next_turn: turn + 1 };
}

const agents = (all: readonly Arrived[]) => all.filter(({ body }) => body.kind !== 'operator');

async function lastTurn(journey: Journey, conversation: string): Promise<number> {
  const [row] = await journey.sql<{ turn: number }>('select turn from conversations where id = $1', [
    conversation,
  ]);
  return row?.turn ?? 0;
}

async function escalations(journey: Journey, conversation: string): Promise<number> {
  const rows = await journey.sql(
    `select number from events where conversation_id = $1 and name = 'conversation_escalated'`,
    [conversation],
  );
  return rows.length;
}

/** Without the ids, which tell nobody anything. */
function short(cause: string): string {
  return cause.startsWith('turn:') ? cause : (cause.split(':')[0] ?? cause);
}
