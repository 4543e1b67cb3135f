import { strict as assert } from 'node:assert';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const nudge = (duration: number, message = 'Still there?') => ({ action: 'follow_up', duration, message });
const HOUR = 3_600;

describe('a customer who falls silent with people', function () {
  this.timeout(120_000);
  let journey: Journey;

  before(async () => {
    journey = await openJourney();
    const flags = { ai_agent_sequential_idle: true };
    const answer = await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags });
    assert.equal(answer.status, 200, answer.text);
  });
  after(() => journey?.close());

  const replies = (customer: GenericCustomer, text: string) =>
    journey.call('POST', `/v1/conversations/${customer.conversation()}/reply`, {
      as: 'operator',
      body: { text },
    });

  async function answers(customer: GenericCustomer, text = 'I am looking into it.'): Promise<void> {
    const answer = await replies(customer, text);
    assert.equal(answer.status, 202, answer.text);
  }

  async function channelOf(customer: GenericCustomer, change: Record<string, unknown>) {
    const answer = await journey.call('PATCH', `/v1/channels/${customer.channel}`, {
      as: 'admin',
      body: change,
    });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  async function stateOf(customer: GenericCustomer): Promise<Record<string, unknown>> {
    return journey.client.workflow.getHandle(`conversation/${customer.conversation()}`).query('getState');
  }

  const kinds = async (customer: GenericCustomer) => (await customer.arrived()).map(({ body }) => body.kind);

  async function eventNames(customer: GenericCustomer): Promise<string[]> {
    const rows = await journey.sql<{ name: string }>(
      `select name from events where conversation_id = $1 and name like 'ai_agent_idle%' order by number`,
      [customer.conversation()],
    );
    return rows.map(({ name }) => name.replace('ai_agent_idle_', ''));
  }

  it('IDLE-9 is nudged behind the reply of a person who has the conversation, where the setting says so', async () => {
    const rule = { steps: [nudge(1), nudge(HOUR)] };
    const customer = await genericCustomer(journey, { idle_rule: rule, idle_while_assigned: true });
    await customer.says('hello');
    await customer.hears(1);
    assert.equal((await customer.operate('take-over')).status, 200);
    await eventually('a person has it', async () => (await stateOf(customer))['owner'] === 'operator');
    assert.equal((await stateOf(customer))['idleStep'], null, 'it is the customer who waits');
    await answers(customer);
    await customer.hears(3);
    assert.deepEqual(await kinds(customer), ['reply', 'operator', 'nudge']);

    await customer.says('thanks, one more thing');
    await eventually('the break is told', async () =>
      (await eventNames(customer)).includes('sequence_reset'),
    );
    assert.equal((await stateOf(customer))['idleStep'], null, 'the customer waits once more');
    assert.deepEqual(await eventNames(customer), ['step_fired', 'sequence_reset']);
  });

  it('IDLE-9 hears nothing behind the reply of a person where nobody wants it so', async () => {
    const customer = await genericCustomer(journey, { idle_rule: { steps: [nudge(1)] } });
    await customer.says('hello');
    await customer.operate('take-over');
    await answers(customer);
    await eventually('the reply is out', async () => (await kinds(customer)).includes('operator'));
    await customer.isDone();
    assert.equal((await stateOf(customer))['idleStep'], null);
    assert.ok(!(await kinds(customer)).includes('nudge'));
  });

  it('IDLE-8 (IDLE-S04 AC-2) leads to the rule of the channel where people answer alone', async () => {
    const customer = await genericCustomer(journey, {
      idle_rule: { action: 'follow_up', follow_up: { duration: 1, message: 'The agent speaks' } },
    });
    const rule = { action: 'resolve', resolve: { duration: 2, message: 'We close this for now.' } };
    const { answered_by, default_idle_rule } = await channelOf(customer, {
      answered_by: 'people',
      default_idle_rule: rule,
    });
    assert.deepEqual([answered_by, default_idle_rule], ['people', rule]);
    await customer.says('hello');
    const path = () => `/v1/conversations/${customer.conversation()}`;
    await eventually(
      'it waits in the queue',
      async () => (await stateOf(customer))['status'] === 'escalated',
    );
    assert.equal((await journey.call('GET', path(), { as: 'viewer' })).body['status'], 'escalated');
    assert.equal((await customer.operate('take-over')).status, 200);
    assert.equal((await customer.operate('hand-back')).status, 409, 'there is no agent');
    await answers(customer, 'A person speaks');
    await customer.hears(2);
    assert.deepEqual(
      (await customer.arrived()).map(({ body }) => [body.kind, body.text]),
      [
        ['operator', 'A person speaks'],
        ['closing', 'We close this for now.'],
      ],
    );
    await customer.isDone();
    assert.equal((await journey.call('GET', path(), { as: 'viewer' })).body['status'], 'resolved');

    await customer.says('hello again');
    await eventually('it waits in the queue again', async () => {
      const { body } = await journey.call('GET', path(), { as: 'viewer' });
      return body['status'] === 'escalated';
    });
    const steps = await journey.sql('select 1 from turn_steps where conversation_id = $1', [
      customer.conversation(),
    ]);
    assert.equal(steps.length, 0, 'no model was asked');
  });

  it('IDLE-8 is followed up by the agent, then by the channel, while the steps of the agent are off', async () => {
    const customer = await genericCustomer(journey, {
      idle_rule: { action: 'follow_up', follow_up: { duration: 1, message: 'Still there?' } },
    });
    const off = { ai_agent_sequential_idle: false };
    const answer = await journey.call('PATCH', `/v1/agents/${customer.agent}`, { as: 'admin', body: off });
    assert.equal(answer.status, 200, answer.text);
    await channelOf(customer, {
      default_idle_rule: { action: 'resolve', resolve: { duration: 1, message: 'Goodbye.' } },
    });
    await customer.says('hello');
    await customer.hears(3);
    assert.deepEqual(await kinds(customer), ['reply', 'nudge', 'closing']);
  });

  it('IDLE-1 is told every field of the rule of a channel that is wrong, at once, and nothing is saved', async () => {
    const customer = await genericCustomer(journey);
    const body = {
      default_idle_rule: {
        steps: [
          { action: 'dance', duration: 0 },
          { action: 'follow_up', duration: 1 },
        ],
      },
    };
    const answer = await journey.call('PATCH', `/v1/channels/${customer.channel}`, { as: 'admin', body });
    assert.equal(answer.status, 422, answer.text);
    const fields = (answer.body['errors'] as { field: string }[]).map(({ field }) => field).sort();
    assert.deepEqual(fields, [
      'default_idle_rule.steps.0.action',
      'default_idle_rule.steps.0.duration',
      'default_idle_rule.steps.1.message',
    ]);
    const { body: read } = await journey.call('GET', `/v1/channels/${customer.channel}`, { as: 'admin' });
    assert.equal(read['default_idle_rule'], null);
  });
});
