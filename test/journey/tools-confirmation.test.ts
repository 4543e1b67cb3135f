import { strict as assert } from 'node:assert';
import { actingCustomer, crmOf, script, TAG } from './acting-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const NEW = { crm_pipeline_id: 1, crm_stage_id: 11 };
const TICKET = { node_type: 'qontak_crm_ticket_create', fields: NEW, requires_confirmation: true };
const ASKED = /Shall I do “qontak_crm_ticket_create”\? Please answer yes or no\.$/;

describe('a tool that asks the customer first', () => {
  let journey: Journey;
  let crm: ReturnType<typeof crmOf>;
  before(async () => {
    journey = await openJourney();
    crm = crmOf(journey);
    await crm.connect();
  });
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const ticket = (name: string) => ({ name: TICKET.node_type, arguments: { name } });

  it('EXT-4 does on a yes what was asked, whatever the model would do now', async () => {
    const customer = await actingCustomer(journey, [TICKET]);
    const watched = await crm.watch();
    await script(journey, customer, { calls: [ticket('It flickers')] });
    assert.match(await customer.asks('it flickers'), ASKED);
    assert.deepEqual(await watched.lines(), []);
    assert.equal((await customer.read())['status'], 'waiting_confirmation');
    await script(journey, customer, { reply: 'Done.', times: 9 });
    assert.equal(await customer.asks('yes'), 'Done.');
    const [made, ...more] = await watched.entries();
    assert.deepEqual(more, []);
    assert.equal((JSON.parse(made?.body ?? '') as { name: string }).name, 'It flickers');
    const [call] = await customer.calls();
    assert.deepEqual([call?.state, made?.headers['x-trace-id']], ['succeeded', call?.idempotency_key]);
    assert.equal((await customer.read())['status'], 'active');
  });

  for (const [what, answer, reason] of [
    ['a no', 'no', 'customer_refused'],
    ['another topic', 'What is the price of the Aurora lamp?', 'other_topic'],
  ])
    it(`EXT-4 does nothing on ${what}`, async () => {
      const customer = await actingCustomer(journey, [TICKET]);
      const watched = await crm.watch();
      await script(journey, customer, { calls: [ticket('It flickers')] });
      assert.match(await customer.asks('it flickers'), ASKED);
      await script(journey, customer, { reply: 'As you like.' });
      assert.equal(await customer.asks(answer ?? ''), 'As you like.');
      await customer.asks('yes');
      assert.deepEqual(await watched.lines(), []);
      const [call, ...more] = await customer.calls();
      assert.deepEqual([call?.state, call?.reason, more], ['cancelled', reason, []]);
    });

  it('EXT-4 asks one thing at a time', async () => {
    const customer = await actingCustomer(journey, [TICKET, { ...TAG, requires_confirmation: true }]);
    await script(journey, customer, {
      calls: [ticket('It flickers'), { name: TAG.node_type, arguments: { tags: ['vip'] } }],
    });
    assert.match(await customer.asks('it flickers'), ASKED);
    assert.deepEqual(
      (await customer.calls()).map(({ state, reason }) => [state, reason]),
      [
        ['awaiting_confirmation', null],
        ['refused', 'one_question_at_a_time'],
      ],
    );
  });

  it('EXT-4 does beside the question what needs none', async () => {
    const customer = await actingCustomer(journey, [TICKET, TAG]);
    await script(journey, customer, {
      calls: [ticket('It flickers'), { name: TAG.node_type, arguments: { tags: ['vip'] } }],
    });
    assert.match(await customer.asks('it flickers'), ASKED);
    assert.deepEqual((await customer.read())['tags'], ['vip']);
  });

  it('CONV-4 starts over with what comes while it thinks, and does it once, with what it then knows', async () => {
    const customer = await actingCustomer(journey, [{ ...TICKET, requires_confirmation: false }]);
    const watched = await crm.watch();
    await script(
      journey,
      customer,
      { calls: [ticket('It flickers')] },
      { calls: [ticket('It flickers and hums')] },
      { reply: 'Done.' },
    );
    await journey.model('POST', '/control', { latency_ms: 1_000 });
    await customer.says(`it flickers (${customer.word})`);
    await eventually('the agent thinks about it', async () => {
      const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
      return ((await handle.describe()).raw.pendingActivities ?? []).length > 0;
    });
    await customer.says(`and it hums (${customer.word})`);
    const [reply] = await customer.hears(1);
    assert.equal(reply?.body.text, 'Done.');
    assert.equal(reply?.body.in_reply_to.length, 2);
    const [made, ...more] = await watched.entries();
    assert.deepEqual(more, []);
    assert.equal((JSON.parse(made?.body ?? '') as { name: string }).name, 'It flickers and hums');
    assert.deepEqual(
      (await customer.calls()).map(({ state, attempts }) => [state, attempts]),
      [
        ['superseded', 0],
        ['succeeded', 1],
      ],
    );
  });
});
