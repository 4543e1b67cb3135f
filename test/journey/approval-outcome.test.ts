import { strict as assert } from 'node:assert';
import { genericCustomer } from './generic-customer.ts';
import { eventually, openJourney, type Journey } from './open-journey.ts';

const ASK = {
  request_type: 'refund_request',
  request_details: 'The lamp of order 1234 arrived broken; twelve euros back.',
  priority: 'high',
  request_data: '{"order":1234}',
};

describe('a request to an operator', function () {
  this.timeout(120_000);
  let journey: Journey;

  before(async () => {
    journey = await openJourney();
    const flags = { actions_center: true };
    assert.equal((await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags })).status, 200);
  });
  after(() => journey.close());

  async function asking() {
    const tools = [{ node_type: 'submit_action_request', fields: {} }];
    const customer = await genericCustomer(journey, { wait_time_seconds: 0, tools });
    const call = { name: 'submit_action_request', arguments: JSON.stringify(ASK) };
    const script = [{ when: customer.room.slice(0, 8), times: 1, tool_calls: [call] }];
    await journey.model('POST', '/control', { script });
    await customer.says(`${customer.room.slice(0, 8)}: may I have my money back?`);
    await customer.hears(1);
    const { body } = await journey.call('GET', '/v1/approvals?status=pending', { as: 'viewer' });
    const [request] = (body['data'] as { id: string; conversation_id: string }[]).filter(
      ({ conversation_id }) => conversation_id === customer.conversation(),
    );
    assert.ok(request, 'the request is listed');
    return { customer, id: request.id };
  }

  async function stateOf(conversation: string): Promise<{ status: string; openApprovals: unknown[] }> {
    return journey.client.workflow.getHandle(`conversation/${conversation}`).query('getState');
  }

  it('APR-3 is decided once, told to the customer in the words of the operator, and waits for nobody', async () => {
    const { customer, id } = await asking();
    const waiting = await stateOf(customer.conversation());
    assert.deepEqual([waiting.status, waiting.openApprovals.length], ['waiting_approval', 1]);

    await customer.says('and another thing: are you open on Sunday?');
    await customer.hears(2);

    const decision = { decision: 'approve', response: 'Twelve euros are on their way to you.' };
    const path = `/v1/approvals/${id}/decision`;
    assert.equal((await journey.call('POST', path, { as: 'operator', body: decision })).status, 200);
    const arrived = await customer.hears(3);
    assert.deepEqual(
      [arrived.at(-1)?.body.kind, arrived.at(-1)?.body.text],
      ['outcome', 'Twelve euros are on their way to you.'],
    );
    await eventually(
      'nothing waits',
      async () => (await stateOf(customer.conversation())).status === 'active',
    );
    const again = await journey.call('POST', path, { as: 'operator', body: { decision: 'deny' } });
    assert.equal(again.status, 409);
    assert.equal((await customer.arrived()).length, 3);
  });

  it('APR-3 answers a customer who writes while the channel lets what was decided wait', async () => {
    const { customer, id } = await asking();
    const fail = [{ status: 429, headers: { 'retry-after': '15' }, times: 1 }];
    await journey.standIn('POST', `/sink/${customer.room}/control`, { fail });
    const decision = { decision: 'approve', response: 'It is on its way.' };
    const path = `/v1/approvals/${id}/decision`;
    assert.equal((await journey.call('POST', path, { as: 'operator', body: decision })).status, 200);
    const decided = () =>
      journey.sql<{ state: string; failure_code: string | null }>(
        `select state, failure_code from outbound where conversation_id = $1 and kind = 'outcome'`,
        [customer.conversation()],
      );
    await eventually('it is told to wait', async () => (await decided())[0]?.failure_code?.length);
    await customer.says('Are you open on Sunday?');
    // The decision has a turn of its own, between the two of the customer.
    await eventually('the customer is answered', async () => {
      const all = await journey.messages(customer.conversation());
      return all.filter(({ from, turn, state }) => from === 'agent' && turn === 3 && state === 'sent')[0];
    });
    assert.equal((await decided())[0]?.state, 'planned');
    await eventually('and told in the end', async () => (await decided())[0]?.state === 'sent');
  });

  it('APR-1 (AC Trace) shows in the trace of its turn, with its id or why there is none', async () => {
    const { customer, id } = await asking();
    const traced = async () => {
      const path = `/v1/conversations/${customer.conversation()}/turns?limit=100`;
      const { body } = await journey.call('GET', path, { as: 'viewer' });
      return (body['data'] as { kind: string }[]).filter(({ kind }) => kind === 'tool');
    };
    const [filed] = await traced();
    assert.ok(JSON.stringify(filed).includes(id), JSON.stringify(filed));

    const wrong = { ...ASK, priority: 'now' };
    const call = { name: 'submit_action_request', arguments: JSON.stringify(wrong) };
    await journey.model('POST', '/control', {
      script: [{ when: 'another one', times: 1, tool_calls: [call] }],
    });
    await customer.says('another one, please');
    const refused = await eventually('it is refused', async () => (await traced())[1]);
    assert.match(JSON.stringify(refused), /priority must be one of/);
    assert.ok(!JSON.stringify(refused).includes('"action_id"'));
  });

  it('APR-3 waits in a workflow of its own, whose history holds no word of it', async () => {
    const { customer, id } = await asking();
    const history = await journey.client.workflow.getHandle(`approval/${id}`).fetchHistory();
    assert.ok((history.events ?? []).length > 0);
    const both = [
      history,
      await journey.client.workflow.getHandle(`conversation/${customer.conversation()}`).fetchHistory(),
    ];
    const text = JSON.stringify(both, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
    for (const word of ['lamp', 'broken', 'twelve', 'money back']) assert.ok(!text.includes(word), word);
  });
});
