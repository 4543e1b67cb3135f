import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { actingCustomer, crmOf, script, TAG } from './acting-customer.ts';
import type { ActingCustomer, MadeCall } from './acting-customer.ts';
import { openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const NEW = { crm_pipeline_id: 1, crm_stage_id: 11 };
const KINDS = ['deal', 'ticket'] as const;

describe('an effect that was wanted once', () => {
  let journey: Journey;
  let crm: ReturnType<typeof crmOf>;
  before(async () => {
    journey = await openJourney();
    crm = crmOf(journey);
    await crm.connect();
  });
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const toolFor = (kind: string) => ({ node_type: `qontak_crm_${kind}_create`, fields: NEW });
  const create = (kind: string, name = 'Lamps') => ({
    name: `qontak_crm_${kind}_create`,
    arguments: { name },
  });
  const verdicts = async (customer: ActingCustomer) =>
    (await customer.calls()).map(({ state, reason }) => [state, reason]);

  for (const kind of KINDS) {
    it(`ACT-8 (QACT-S01 TWICE) makes the same ${kind} once in a turn, however often it is proposed`, async () => {
      const customer = await actingCustomer(journey, [toolFor(kind)]);
      const watched = await crm.watch();
      await script(
        journey,
        customer,
        { calls: [create(kind), create(kind)] },
        { calls: [create(kind)] },
        { reply: 'There it is.' },
      );
      assert.equal(await customer.asks('lamps'), 'There it is.');
      assert.deepEqual(await watched.lines(), [`POST /api/v3.1/${kind}s 201`]);
      assert.deepEqual(await verdicts(customer), [
        ['succeeded', null],
        ['refused', 'made_in_this_turn'],
        ['refused', 'made_in_this_turn'],
      ]);
    });

    it(`ACT-8 (QACT-S01 TWICE) asks before it makes the same ${kind} in a later turn, and makes it on a yes`, async () => {
      const customer = await actingCustomer(journey, [toolFor(kind)]);
      const watched = await crm.watch();
      await script(journey, customer, { calls: [create(kind)] });
      await customer.asks('lamps');
      await script(journey, customer, { calls: [create(kind)] });
      assert.match(
        await customer.asks('the same, please'),
        /Shall I do it once more\? Please answer yes or no\.$/,
      );
      assert.equal((await watched.lines()).length, 1, 'nothing yet');
      assert.equal((await customer.read())['status'], 'waiting_confirmation');
      await script(journey, customer, { calls: [create(kind)] }, { reply: 'There is the second.' });
      assert.equal(await customer.asks('yes'), 'There is the second.');
      const made = await watched.entries();
      assert.deepEqual(
        made.map(({ method, path, status }) => `${method} ${path} ${status}`),
        Array<string>(2).fill(`POST /api/v3.1/${kind}s 201`),
      );
      assert.equal(
        new Set(made.map(({ headers }) => headers['x-trace-id'])).size,
        2,
        'each under its own key',
      );
      assert.equal((await customer.read())['status'], 'active');
    });

    it(`ACT-8 (QACT-S01 TWICE) makes no second ${kind} on a no`, async () => {
      const customer = await actingCustomer(journey, [toolFor(kind)]);
      const watched = await crm.watch();
      await script(journey, customer, { calls: [create(kind)] });
      await customer.asks('lamps');
      await script(journey, customer, { calls: [create(kind)] });
      await customer.asks('the same, please');
      assert.match(await customer.asks('no'), /I have not done/);
      assert.equal((await watched.lines()).length, 1);
      assert.deepEqual(await verdicts(customer), [
        ['succeeded', null],
        ['cancelled', 'customer_refused'],
      ]);
    });
  }

  it('ACT-8 (QACT-S01 TWICE) makes one deal of two rapid messages that want the same, or asks', async () => {
    const customer = await actingCustomer(journey, [toolFor('deal')]);
    const watched = await crm.watch();
    await script(journey, customer, { calls: [create('deal')], times: 9 });
    await journey.model('POST', '/control', { latency_ms: 100 });
    await Promise.all(['lamps', 'lamps, I said'].map((text) => customer.says(`${text} (${customer.word})`)));
    await customer.isDone();
    assert.deepEqual(await watched.lines(), ['POST /api/v3.1/deals 201']);
    const states = (await verdicts(customer)).map(([state]) => state);
    assert.equal(states.filter((state) => state === 'succeeded').length, 1);
    assert.ok(
      states.every((state) =>
        ['succeeded', 'refused', 'awaiting_confirmation', 'superseded'].includes(state ?? ''),
      ),
    );
  });

  it('ACT-8 makes another one, with other values, unasked; and asks for nothing but creates', async () => {
    const customer = await actingCustomer(journey, [toolFor('ticket'), TAG]);
    const watched = await crm.watch();
    const tag = { name: TAG.node_type, arguments: { tags: ['vip'] } };
    for (const name of ['Lamps', 'Shades']) {
      await script(journey, customer, { calls: [create('ticket', name), tag] });
      assert.match(await customer.asks(name), /created\./);
    }
    assert.equal((await watched.lines()).length, 2);
    assert.deepEqual(
      (await customer.calls()).map(({ state }) => state),
      Array<string>(4).fill('succeeded'),
    );
  });

  describe('of several calls of one step', () => {
    /** An `api` tool with a receiver that takes its time. */
    async function slow(name: string, method: 'GET' | 'POST') {
      const sink = randomUUID();
      const url = `${journey.stage.standIns}/sink/${sink}`;
      await journey.standIn('POST', `/sink/${sink}/control`, { latency_ms: 400 });
      const parameters = [{ name: 'n', type: 'integer' }];
      const fields = { name, description: 'Something slow', method, url: `${url}?n={{n}}`, parameters };
      return {
        tool: { node_type: 'api', fields },
        calls: (count: number) =>
          Array.from({ length: count }, (_, n) => ({ name: `api_${name}`, arguments: { n } })),
        came: async () =>
          ((await journey.standIn('GET', `/sink/${sink}/journal`))['entries'] as { query: string }[]).map(
            ({ query }) => Number(new URLSearchParams(query).get('n')),
          ),
      };
    }
    const began = ({ began_at }: MadeCall) => began_at?.getTime() ?? Number.NaN;
    const ended = ({ ended_at }: MadeCall) => ended_at?.getTime() ?? Number.NaN;

    it('ACT-8 reads side by side', async () => {
      const look = await slow('look', 'GET');
      const customer = await actingCustomer(journey, [look.tool]);
      await script(journey, customer, { calls: look.calls(4) });
      await customer.asks('look everywhere');
      const calls = await customer.calls();
      assert.deepEqual(
        calls.map(({ state }) => state),
        Array<string>(4).fill('succeeded'),
      );
      assert.ok(Math.max(...calls.map(began)) < Math.min(...calls.map(ended)), 'all were under way at once');
      assert.deepEqual((await look.came()).toSorted(), [0, 1, 2, 3]);
    });

    it('ACT-8 writes one after the other, in the order they were proposed', async () => {
      const write = await slow('write', 'POST');
      const customer = await actingCustomer(journey, [write.tool]);
      await script(journey, customer, { calls: write.calls(3) });
      await customer.asks('write it down');
      const [first, second, third, ...more] = await customer.calls();
      assert.ok(first && second && third);
      assert.deepEqual(more, []);
      assert.ok(ended(first) <= began(second) && ended(second) <= began(third));
      assert.deepEqual(await write.came(), [0, 1, 2]);
    });

    it('ACT-8 lets nothing of a step follow a write that has not ended', async () => {
      const write = await slow('write', 'POST');
      const customer = await actingCustomer(journey, [toolFor('ticket'), write.tool]);
      await crm.control({ fail: [{ match: '/tickets', status: 503, times: 2 }] });
      await script(journey, customer, { calls: [create('ticket'), ...write.calls(1)] });
      await customer.asks('a ticket first');
      const [ticket, after] = await customer.calls();
      assert.ok(ticket && after);
      assert.deepEqual([ticket.state, ticket.attempts, after.state], ['succeeded', 3, 'succeeded']);
      assert.ok(ended(ticket) <= began(after));
    });
  });
});
