import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey, Message } from './open-journey.ts';

/** Somebody on the seeded web chat page, with the seeded agent. */
async function visitor(journey: Journey) {
  const base = `/chat/${journey.stage.dev().channels.webchat}`;
  const session = await journey.call('POST', `${base}/session`);
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const room = /=([0-9a-f-]{36})\./.exec(cookie)?.[1];
  const conversation = async (): Promise<{ id: string; owner: string; operator_id: string | null }> => {
    const found = await journey.sql<{ id: string; owner: string; operator_id: string | null }>(
      'select id, owner, operator_id from conversations where room = $1',
      [room],
    );
    return found[0] ?? assert.fail('there is no conversation');
  };
  let heard = 0;
  const says = async (text: string): Promise<void> => {
    const said = await journey.call('POST', `${base}/messages`, {
      body: { id: randomUUID(), text },
      headers: { cookie },
    });
    assert.equal(said.status, 202, said.text);
  };
  return {
    conversation,
    says,
    /** The next answer to what is said. */
    async asks(text: string): Promise<string> {
      await says(text);
      const answers = await eventually(`an answer to “${text}” was there`, async () => {
        const { id } = await conversation();
        // What is planned and has not left gives way to what is said next.
        const all = (await journey.messages(id)).filter(
          ({ from, state }: Message) => from === 'agent' && state === 'sent',
        );
        return all.length > heard && all;
      });
      heard = answers.length;
      return answers.at(-1)?.text ?? '';
    },
  };
}

describe('the example shop in web chat', () => {
  let journey: Journey;
  const journal = async (standIn: string): Promise<Record<string, string>[]> =>
    (await journey.standIn('GET', `/${standIn}/journal`))['entries'] as Record<string, string>[];

  before(async () => {
    journey = await openJourney();
    const { agent } = journey.stage.dev();
    const changed = await journey.call('PATCH', `/v1/agents/${agent}`, {
      as: 'builder',
      body: { wait_time_seconds: 0 },
    });
    assert.equal(changed.status, 200, changed.text);
  });
  after(() => journey?.close());

  it('ACT-1 creates a ticket in the CRM when the customer wants one', async () => {
    const you = await visitor(journey);
    const answer = await you.asks('Create a ticket for me: my Aurora lamp flickers');
    const id = /Ticket (\d+) was created\.$/.exec(answer)?.[1];
    assert.ok(id !== undefined, answer);
    const made = (await journal('crm')).filter(
      ({ method, path }) => method === 'POST' && path === '/api/v3.1/tickets',
    );
    const done = made.filter((entry) => String(entry['done']) === 'true');
    assert.equal(done.length, 1);
    assert.equal((JSON.parse(done[0]?.['body'] ?? '') as { name: string }).name, 'my Aurora lamp flickers');
  });

  it('EXT-2 asks for what is missing, calls the shop’s order system and tells its answer', async () => {
    const you = await visitor(journey);
    assert.match(await you.asks('I want to order a Senja lamp'), /I still need: How many pieces\.$/);
    assert.equal(await you.asks('2 pieces'), 'Your order LN-2041 is placed: 2 × Senja lamp. Thank you!');
    const order = (await journal('sink/orders')).at(-1);
    const { event, product, quantity } = JSON.parse(order?.['body'] ?? '') as Record<string, unknown>;
    assert.deepEqual([event, product, quantity], ['new_order', 'Senja lamp', 2]);
  });

  it('INT-2 (EA Test 4) waits, detects, calls and answers: one call and one confirmation for a burst', async () => {
    const { agent } = journey.stage.dev();
    const waits = (seconds: number) =>
      journey.call('PATCH', `/v1/agents/${agent}`, { as: 'builder', body: { wait_time_seconds: seconds } });
    assert.equal((await waits(2)).status, 200);
    try {
      const before = (await journal('sink/orders')).length;
      const you = await visitor(journey);
      await you.says('Hello');
      const answer = await you.asks('I want to order 2 Aurora lamps');
      assert.equal(answer, 'Your order LN-2041 is placed: 2 × Aurora lamps. Thank you!');
      const orders = (await journal('sink/orders')).slice(before);
      assert.equal(orders.length, 1);
      assert.match(orders[0]?.['body'] ?? '', /"product":"Aurora lamps"/);
      const { id } = await you.conversation();
      const spoken = await journey.messages(id);
      assert.deepEqual(
        spoken.map(({ from }) => from),
        ['customer', 'customer', 'agent'],
      );
      const [logged, ...more] = await journey.sql<{ state: string; attempts: number }>(
        'select state, attempts from calls where conversation_id = $1',
        [id],
      );
      assert.deepEqual([logged, more], [{ state: 'succeeded', attempts: 1 }, []]);
    } finally {
      await waits(0);
    }
  });

  it('EXT-4 cancels an order only when the customer agrees', async () => {
    const cancelled = async (): Promise<number> =>
      (await journal('sink/orders')).filter(({ body }) => body?.includes('cancel_order')).length;
    const you = await visitor(journey);
    const question = 'Shall I cancel order 1234? Please answer yes or no.';
    assert.equal(await you.asks('Please cancel my order 1234'), question);
    assert.equal(await you.asks('no'), 'All right: I have not done “Cancel order”.');
    assert.equal(await cancelled(), 0);
    assert.equal(await you.asks('Please cancel my order 1234'), question);
    assert.equal(await you.asks('yes, go ahead'), 'Order 1234 is cancelled.');
    assert.equal(await cancelled(), 1);
  });

  it('ACT-5 gives the conversation to the person who is there', async () => {
    const you = await visitor(journey);
    assert.match(await you.asks('Let me talk to a person please'), /passing you on to a colleague/);
    const { operator_id } = await eventually('a person had the conversation', async () => {
      const now = await you.conversation();
      return now.owner === 'operator' && now;
    });
    const members = await journey.sql<{ id: string }>("select id from members where name = 'Rina'");
    assert.equal(operator_id, members[0]?.id);
  });
});
