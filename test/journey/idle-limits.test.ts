import { strict as assert } from 'node:assert';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const STEPS = [
  { action: 'follow_up', duration: 1, message: 'Still there?' },
  { action: 'follow_up', duration: 3_600, message: 'Last call' },
];

describe('what holds an idle step back', function () {
  this.timeout(120_000);
  let journey: Journey;

  before(async () => {
    journey = await openJourney();
    const flags = { ai_agent_sequential_idle: true, actions_center: true };
    const answer = await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags });
    assert.equal(answer.status, 200, answer.text);
  });
  after(() => journey?.close());

  async function idleStepOf(customer: GenericCustomer): Promise<{ step: number; due: number } | null> {
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    const { idleStep } = await handle.query<{ idleStep: { step: number; due: number } | null }>('getState');
    return idleStep;
  }

  it('IDLE-11 holds nudges beyond the limit of the day, says so on the live stream, and an admin resumes', async () => {
    const limit = (body: object) => journey.call('PUT', '/v1/proactive', { as: 'admin', body });
    assert.equal((await limit({ daily_limit: 0 })).status, 200);
    const stream = new AbortController();
    const live = await fetch(`${journey.api}/v1/live`, {
      headers: { authorization: `Bearer ${journey.stage.dev().keys.viewer}` },
      signal: stream.signal,
    });
    let heard = '';
    void (async () => {
      for await (const chunk of live.body ?? []) heard += Buffer.from(chunk).toString();
    })().catch(() => undefined);

    const customer = await genericCustomer(journey, { idle_rule: { steps: STEPS } });
    await customer.says('hello');
    await eventually('the stop is told', async () => heard.includes('"proactive_limit_reached"'));
    const { body } = await journey.call('GET', '/v1/proactive', { as: 'viewer' });
    assert.equal(typeof body['stopped_at'], 'string');
    await eventually('the step is held', async () => {
      const held = await idleStepOf(customer);
      return held !== null && held.step === 0 && held.due > Date.now() + 300_000;
    });
    assert.deepEqual(
      (await customer.arrived()).map(({ body: { kind } }) => kind),
      ['reply'],
    );

    assert.equal((await limit({ daily_limit: null })).status, 200);
    const resume = (as: 'viewer' | 'admin') => journey.call('POST', '/v1/proactive/resume', { as });
    assert.equal((await resume('viewer')).status, 403);
    const resumed = await resume('admin');
    assert.deepEqual([resumed.status, resumed.body['stopped_at'], resumed.body['limit']], [200, null, 1_000]);
    const another = await genericCustomer(journey, { idle_rule: { steps: STEPS } });
    await another.says('hello');
    await another.hears(2);
    await eventually('the resume is told', async () => heard.includes('"proactive_resumed"'));
    stream.abort();
    const { body: after } = await journey.call('GET', '/v1/proactive', { as: 'viewer' });
    assert.deepEqual([after['planned_today'], after['counted']], [1, 1]);
  });

  it('IDLE-9 fires nothing while operators owe a decision, and counts from what the customer then hears', async () => {
    const tools = [{ node_type: 'submit_action_request', fields: {} }];
    const steps = [{ action: 'follow_up', duration: 2, message: 'Still there?' }];
    const customer = await genericCustomer(journey, { tools, idle_rule: { steps } });
    const word = customer.room.slice(0, 8);
    const request = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
    const call = { name: 'submit_action_request', arguments: JSON.stringify(request) };
    await journey.model('POST', '/control', { script: [{ when: word, times: 1, tool_calls: [call] }] });
    await customer.says(`${word}: my money back, please`);
    await customer.hears(1);
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    await eventually('the step has come to its time, and waits', async () => {
      for (const event of (await handle.fetchHistory()).events ?? [])
        if (event.markerRecordedEventAttributes?.markerName === 'core_patch') return true;
      return false;
    });
    assert.equal((await customer.arrived()).length, 1);
    assert.equal(await idleStepOf(customer), null);

    const { body } = await journey.call('GET', '/v1/approvals?status=pending', { as: 'viewer' });
    const [asked] = (body['data'] as { id: string; conversation_id: string }[]).filter(
      ({ conversation_id }) => conversation_id === customer.conversation(),
    );
    const decision = { decision: 'approve', response: 'It is on its way.' };
    const path = `/v1/approvals/${asked?.id ?? ''}/decision`;
    assert.equal((await journey.call('POST', path, { as: 'operator', body: decision })).status, 200);
    const heard = await customer.hears(3);
    assert.deepEqual(
      heard.map(({ body: { kind } }) => kind),
      ['reply', 'outcome', 'nudge'],
    );
    const [, outcome, nudge] = heard.map(({ body: { at } }) => Date.parse(at));
    assert.ok((nudge ?? 0) - (outcome ?? 0) >= 1_900, 'it waits its whole time');
  });
});
