import { strict as assert } from 'node:assert';
import { actingCustomer, script, TAG } from './acting-customer.ts';
import type { ActingCustomer } from './acting-customer.ts';
import { eventually, openJourney, type Journey } from './open-journey.ts';

const ASK = { node_type: 'submit_action_request', fields: {} };
const VIP = { name: 'qontak_chat_room_tag', arguments: { tags: ['vip'] } };
const WAITS = /A colleague has to agree to this first\./;

describe('a decision that the agent acts on', function () {
  this.timeout(120_000);
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
    const flags = { actions_center: true, ai_agent_action: true };
    assert.equal((await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags })).status, 200);
  });
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const pendingOf = async (
    customer: ActingCustomer,
  ): Promise<{ id: string; call: { tool: string } | null }> => {
    const { body } = await journey.call('GET', '/v1/approvals?status=pending&limit=100', { as: 'viewer' });
    const all = body['data'] as { id: string; conversation_id: string; call: { tool: string } | null }[];
    const found = all.find(({ conversation_id }) => conversation_id === customer.conversation());
    assert.ok(found, 'it waits for a decision');
    return found;
  };
  const decide = async (id: string, body: object): Promise<void> => {
    const answer = await journey.call('POST', `/v1/approvals/${id}/decision`, { as: 'operator', body });
    assert.equal(answer.status, 200, answer.text);
  };
  /** The next thing the customer hears without having written. */
  const told = async (customer: ActingCustomer, count: number): Promise<[string, string]> => {
    const last = (await customer.hears(count)).at(-1);
    return [last?.body.kind ?? '', last?.body.text ?? ''];
  };
  const tagsOf = async (customer: ActingCustomer) => (await customer.read())['tags'];

  async function tagging(more: object = {}): Promise<{ customer: ActingCustomer; id: string }> {
    const customer = await actingCustomer(journey, [
      { ...TAG, needs_approval: 'tags contains "vip"', ...more },
    ]);
    await script(journey, customer, { calls: [VIP] });
    assert.match(await customer.asks('I am important'), WAITS);
    const { id, call } = await pendingOf(customer);
    assert.equal(call?.tool, 'qontak_chat_room_tag');
    return { customer, id };
  }

  it('APR-5 runs a tool once it is approved, and the agent words what came of it in a turn of its own', async () => {
    const { customer, id } = await tagging();
    assert.deepEqual(await tagsOf(customer), []);
    await decide(id, { decision: 'approve', response: 'Treat them well.' });
    const [kind, text] = await told(customer, 2);
    assert.equal(kind, 'outcome');
    assert.match(text, /^Treat them well\. /);
    assert.deepEqual(await tagsOf(customer), ['vip']);
    const [call, ...more] = await customer.calls();
    assert.deepEqual([call?.state, call?.attempts, more], ['succeeded', 1, []]);
    const turns = (await journey.steps(customer.conversation())).map(({ turn }) => turn);
    assert.equal(turns.at(-1), 2);
    const newest = (await customer.asked()).at(-1);
    assert.match(newest?.messages.at(-1)?.content ?? '', /^Background data.*"decision":"approved"/);
    assert.ok(!(newest?.messages[0]?.content ?? '').includes('Treat them well'), 'never an instruction');
  });

  it('APR-5 runs a tool of which the condition does not speak at once', async () => {
    const customer = await actingCustomer(journey, [{ ...TAG, needs_approval: 'tags contains "vip"' }]);
    await script(journey, customer, { calls: [{ ...VIP, arguments: { tags: ['lamps'] } }] });
    await customer.asks('I like lamps');
    assert.deepEqual(await tagsOf(customer), ['lamps']);
  });

  it('APR-5 runs no tool that an operator denied, and the agent says so', async () => {
    const { customer, id } = await tagging();
    await decide(id, { decision: 'deny' });
    const [kind, text] = await told(customer, 2);
    assert.deepEqual([kind, text], ['outcome', 'A colleague has not agreed to your request.']);
    assert.deepEqual(await tagsOf(customer), []);
    assert.deepEqual(
      (await customer.calls()).map(({ state, reason }) => [state, reason]),
      [['cancelled', 'not_approved']],
    );
  });

  it('APR-5 runs a tool as an operator edited it', async () => {
    const { customer, id } = await tagging();
    const wrong = await journey.call('POST', `/v1/approvals/${id}/decision`, {
      as: 'operator',
      body: { decision: 'approve', arguments: { tags: 7 } },
    });
    assert.equal(wrong.status, 422, wrong.text);
    await decide(id, { decision: 'approve', arguments: { tags: ['regular'] } });
    await told(customer, 2);
    assert.deepEqual(await tagsOf(customer), ['regular']);
  });

  it('APR-5 tells the agent of a call that waits already not to ask for it again', async () => {
    const { customer } = await tagging();
    await script(journey, customer, { calls: [VIP] });
    await customer.asks('and now?');
    const calls = await customer.calls();
    assert.deepEqual(
      calls.map(({ state, reason }) => [state, reason]),
      [
        ['awaiting_approval', null],
        ['refused', 'waits_for_approval'],
      ],
    );
  });

  it('APR-3 lets the agent use its tools on a decision, and its words are what the customer hears', async () => {
    const customer = await actingCustomer(journey, [ASK, TAG]);
    const request = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
    await script(journey, customer, { calls: [{ name: ASK.node_type, arguments: request }] });
    await customer.asks('my money, please');
    const { id, call } = await pendingOf(customer);
    assert.equal(call, null);
    const words = 'Twelve euros are on their way, and I have made a note of it.';
    await journey.model('POST', '/control', {
      script: [
        { when: '', times: 1, tool_calls: [VIP] },
        { when: '', times: 1, reply: words },
      ],
    });
    await decide(id, { decision: 'approve', response_data: { euros: 12 } });
    assert.deepEqual(await told(customer, 2), ['outcome', words]);
    assert.deepEqual(await tagsOf(customer), ['vip']);
    const newest = (await customer.asked()).at(-1);
    const data = newest?.messages.findLast(({ role }) => role === 'user')?.content ?? '';
    assert.match(data, /"response_data":\{"euros":12\}/);
  });

  it('APR-3 tells a decision in the operator’s own words where the model fails, and plainly without them', async () => {
    for (const [response, expected] of [
      ['Twelve euros are on their way.', 'Twelve euros are on their way.'],
      [undefined, 'Your request was approved.'],
    ]) {
      const customer = await actingCustomer(journey, [ASK]);
      const request = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
      await script(journey, customer, { calls: [{ name: ASK.node_type, arguments: request }] });
      await customer.asks('my money, please');
      const { id } = await pendingOf(customer);
      await journey.model('POST', '/control', { fail: [{ match: customer.word, status: 400, times: -1 }] });
      await decide(id, { decision: 'approve', ...(response === undefined ? {} : { response }) });
      assert.deepEqual(await told(customer, 2), ['outcome', expected]);
      await journey.model('POST', '/control', { reset: true });
    }
  });

  it('APR-3 says nothing while a person has the conversation', async () => {
    const { customer, id } = await tagging();
    await customer.operate('take-over');
    await decide(id, { decision: 'approve' });
    await eventually('it is done', async () => ((await tagsOf(customer)) as string[]).includes('vip'));
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 1);
  });

  it('APR-5 leaves no word of the call in a history', async () => {
    const { customer, id } = await tagging();
    await decide(id, { decision: 'approve', response: 'Treat them well.', arguments: { tags: ['regular'] } });
    await told(customer, 2);
    const handles = [`conversation/${customer.conversation()}`, `approval/${id}`];
    for (const each of handles) {
      const history = await journey.client.workflow.getHandle(each).fetchHistory();
      const text = JSON.stringify(history, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
      );
      for (const word of ['Treat them', 'regular', '"vip"', 'important'])
        assert.ok(!text.includes(word), word);
    }
  });
});
