import { strict as assert } from 'node:assert';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const nudge = (order: number, duration: number) => ({
  order,
  action: 'follow_up',
  duration,
  message: `Nudge ${order}, {{customer_name}}`,
});
const resolve = (order: number, duration: number) => ({
  order,
  action: 'resolve',
  duration,
  message: 'We close this now.',
});

describe('a whole silence', function () {
  this.timeout(120_000);
  let journey: Journey;

  before(async () => {
    journey = await openJourney();
    const flags = { ai_agent_sequential_idle: true };
    const set = await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags });
    assert.equal(set.status, 200, set.text);
  });
  after(() => journey.close());

  const silent = (...steps: object[]) =>
    genericCustomer(journey, { wait_time_seconds: 0, idle_rule: { steps } });

  const kinds = async (customer: GenericCustomer) => (await customer.arrived()).map(({ body }) => body.kind);

  async function eventNames(customer: GenericCustomer): Promise<string[]> {
    const path = `/v1/events?conversation=${customer.conversation()}&limit=100`;
    const { body } = await journey.call('GET', path, { as: 'viewer' });
    return (body['data'] as { name: string }[]).map(({ name }) => name).reverse();
  }

  async function stateOf(customer: GenericCustomer): Promise<Record<string, unknown>> {
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    return handle.query('getState');
  }

  it('IDLE-4 (IDLE-S02 AC-2; IDLE-S02 AC-3) nudges, nudges again and resolves, each after its own time', async () => {
    const customer = await silent(nudge(1, 1), nudge(2, 1), resolve(3, 1));
    await customer.says('hello', { customer: { id: 'c1', name: 'Budi' } });
    await eventually('all three steps fire', async () => (await kinds(customer)).length === 4);
    const arrived = await customer.arrived();
    assert.deepEqual(
      arrived.slice(1).map(({ body }) => [body.kind, body.text]),
      [
        ['nudge', 'Nudge 1, Budi'],
        ['nudge', 'Nudge 2, Budi'],
        ['closing', 'We close this now.'],
      ],
    );
    const at = arrived.map(({ body }) => Date.parse(body.at));
    for (const n of [2, 3]) assert.ok((at[n] ?? 0) - (at[n - 1] ?? 0) >= 990, 'each waits its time');
    const path = `/v1/conversations/${customer.conversation()}`;
    assert.equal((await journey.call('GET', path, { as: 'viewer' })).body['status'], 'resolved');
    const idle = (await eventNames(customer)).filter((name) => name.startsWith('ai_agent_idle'));
    assert.deepEqual(idle.sort(), [
      'ai_agent_idle_sequence_resolved',
      'ai_agent_idle_step_fired',
      'ai_agent_idle_step_fired',
      'ai_agent_idle_step_fired',
    ]);
  });

  it('IDLE-5 (IDLE-S03 AC-1; IDLE-S03 AC-2; IDLE-S03 NEG-1) starts anew at step one when the customer answers', async () => {
    const customer = await silent(nudge(1, 1), resolve(2, 60));
    await customer.says('hello');
    await eventually('step two is next', async () => {
      const idle = (await stateOf(customer))['idleStep'] as { step: number } | null;
      return idle?.step === 1;
    });
    await customer.says('still here');
    await eventually('the nudge of a new silence', async () => {
      const all = await kinds(customer);
      return all.filter((kind) => kind === 'nudge').length === 2;
    });
    assert.deepEqual(await kinds(customer), ['reply', 'nudge', 'reply', 'nudge']);
    assert.ok((await eventNames(customer)).includes('ai_agent_idle_sequence_reset'));
  });

  it('IDLE-5 (IDLE-S03 AC-3) counts anew from a message before the first step, and tells no reset', async () => {
    const customer = await silent(nudge(1, 2));
    await customer.says('one');
    await customer.hears(1);
    await customer.says('two');
    await customer.hears(2);
    await eventually('one nudge', async () => (await kinds(customer)).includes('nudge'));
    assert.deepEqual(await kinds(customer), ['reply', 'reply', 'nudge']);
    assert.ok(!(await eventNames(customer)).includes('ai_agent_idle_sequence_reset'));
  });

  it('IDLE-7 leaves the room open behind a last nudge, and fires nothing more', async () => {
    const customer = await silent(nudge(1, 1));
    await customer.says('hello');
    await eventually('the nudge', async () => (await kinds(customer)).includes('nudge'));
    await eventually('nothing is due', async () => (await stateOf(customer))['idleStep'] === null);
    assert.equal((await stateOf(customer))['status'], 'active');
  });

  it('IDLE-9 fires nothing while a person has the conversation', async () => {
    const customer = await silent(nudge(1, 2));
    await customer.says('hello');
    await customer.hears(1);
    assert.equal((await customer.operate('take-over')).status, 200);
    await eventually('no step is due', async () => (await stateOf(customer))['idleStep'] === null);
    assert.deepEqual(await kinds(customer), ['reply']);
  });

  it('IDLE-6 (IDLE-S02 ERR-1) does not advance on a nudge that failed, and says so', async () => {
    const customer = await silent(nudge(1, 1), resolve(2, 1));
    await customer.says('hello');
    await customer.hears(1);
    await journey.standIn('POST', `/sink/${customer.room}/control`, { fail: [{ status: 400, times: 1 }] });
    await eventually('the failure is told', async () =>
      (await eventNames(customer)).includes('ai_agent_idle_step_failed'),
    );
    const idle = (await stateOf(customer))['idleStep'] as { step: number } | null;
    assert.equal(idle?.step ?? 0, 0);
  });

  it('IDLE-2 (IDLE-S04 AC-1) fires a legacy action just once, and no stored steps while the flag is off', async () => {
    const customer = await genericCustomer(journey, {
      wait_time_seconds: 0,
      idle_rule: { action: 'resolve', resolve: { duration: 1, message: 'Goodbye.' } },
    });
    await customer.says('hello');
    await eventually('the closing message', async () => (await kinds(customer)).includes('closing'));
    assert.deepEqual(await kinds(customer), ['reply', 'closing']);
  });
});
