import { strict as assert } from 'node:assert';
import type { ConversationView } from '../../contract/conversation.ts';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const nudge = (message: string, duration = 1) => ({ action: 'follow_up', duration, message });
const HOUR = 3_600;

describe('a customer who falls silent', () => {
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
    const flags = { ai_agent_sequential_idle: true };
    const answer = await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags });
    assert.equal(answer.status, 200, answer.text);
  });
  after(() => journey?.close());

  /** Has an answer, and says nothing more. */
  async function silentCustomer(steps: object[]): Promise<GenericCustomer> {
    const customer = await genericCustomer(journey, { idle_rule: { steps } });
    await customer.says('hello');
    return customer;
  }

  /** Names of what was stored of the sequence, each with the index it speaks of. */
  async function events(customer: GenericCustomer): Promise<[string, unknown][]> {
    const rows = await journey.sql<{ name: string; properties: Record<string, unknown> }>(
      `select name, properties from events where conversation_id = $1 and name like 'ai_agent_idle%' order by number`,
      [customer.conversation()],
    );
    return rows.map(({ name, properties: { step_index, from_step_index, resolved_at_step_index } }) => [
      name.replace('ai_agent_idle_', ''),
      step_index ?? from_step_index ?? resolved_at_step_index,
    ]);
  }

  const said = async (customer: GenericCustomer, count: number) =>
    (await customer.hears(count)).map(({ body }) => body.kind);

  it('IDLE-6 hears a step that was due while the store was away for longer than it is tried, in the same run', async function () {
    this.timeout(120_000);
    const customer = await silentCustomer([nudge('Still there?', 2), nudge('Last call', HOUR)]);
    assert.deepEqual(await said(customer, 1), ['reply']);
    // As Postgres says it that has no connection left.
    await journey.sql(`
      create function no_room() returns trigger language plpgsql as
        $$ begin raise exception 'too many' using errcode = '53300'; end $$`);
    await journey.sql(`
      create trigger no_room before insert on idle_firings for each row
      when (new.conversation_id = '${customer.conversation()}') execute function no_room()`);
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    const { runId } = await handle.describe();
    try {
      await eventually(
        'its attempts are used up, and it is waited for the store',
        async () => {
          const { events } = await handle.fetchHistory();
          const waits = (events ?? []).filter((event) => event.timerStartedEventAttributes).slice(1);
          // Three between attempts, one behind them.
          return waits.length >= 4;
        },
        60_000,
      );
    } finally {
      await journey.sql('drop trigger no_room on idle_firings');
      await journey.sql('drop function no_room()');
    }
    assert.deepEqual(await said(customer, 2), ['reply', 'nudge']);
    const now = await handle.describe();
    assert.deepEqual([now.status.name, now.runId], ['RUNNING', runId]);
  });

  it('IDLE-6 is answered at once where the channel told the nudge to wait, which is sent no more', async () => {
    const customer = await silentCustomer([nudge('Still there?', 2), nudge('Last call', HOUR)]);
    assert.deepEqual(await said(customer, 1), ['reply']);
    const wait = { status: 429, headers: { 'retry-after': '3600' }, times: 1 };
    await journey.standIn('POST', `/sink/${customer.room}/control`, { fail: [wait] });
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    await eventually('the nudge is told to wait', async () => {
      const { doing } = await handle.query<ConversationView>('getState');
      return /idle step 1: .*waiting 3600 s/.test(doing);
    });
    await customer.says('Here I am');
    await eventually('the customer is answered', async () => {
      const kinds = (await journey.messages(customer.conversation())).map(({ from, state }) => [from, state]);
      return kinds.filter(([from, state]) => from === 'agent' && state === 'sent').length === 2;
    });
    const nudges = await journey.sql<{ state: string }>(
      `select state from outbound where conversation_id = $1 and kind = 'nudge'`,
      [customer.conversation()],
    );
    assert.deepEqual(nudges, [{ state: 'refused' }]);
  });

  it('IDLE-7 (IDLE-S02 AC-3) is nudged, nudged again, and then the conversation is closed', async () => {
    const customer = await silentCustomer([
      nudge('Still there?'),
      nudge('Last call'),
      { action: 'resolve', duration: 1, message: 'Goodbye' },
    ]);
    assert.deepEqual(await said(customer, 4), ['reply', 'nudge', 'nudge', 'closing']);
    await customer.isDone();
    const { body } = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, {
      as: 'viewer',
    });
    assert.deepEqual([body['status'], body['epoch']], ['resolved', 2]);
    assert.deepEqual(await events(customer), [
      ['step_fired', 0],
      ['step_fired', 1],
      ['step_fired', 2],
      ['sequence_resolved', 2],
    ]);
    await eventually('the workflow ends', async () => {
      const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
      return (await handle.describe()).status.name === 'COMPLETED';
    });
  });

  it('IDLE-5 (IDLE-S03 AC-2) begins anew with the first step once the customer has written', async () => {
    const customer = await silentCustomer([nudge('Still there?'), nudge('Last call', HOUR)]);
    assert.deepEqual(await said(customer, 2), ['reply', 'nudge']);
    await eventually('the nudge is noted', async () => (await events(customer)).length === 1);
    await customer.says('yes');
    assert.deepEqual(await said(customer, 4), ['reply', 'nudge', 'reply', 'nudge']);
    await eventually('the second nudge is noted', async () => (await events(customer)).length === 3);
    assert.deepEqual(await events(customer), [
      ['step_fired', 0],
      ['sequence_reset', 1],
      ['step_fired', 0],
    ]);
    const causes = await journey.sql<{ cause: string }>(
      `select cause from outbound where conversation_id = $1 and kind = 'nudge' order by planned_at`,
      [customer.conversation()],
    );
    assert.deepEqual(
      causes.map(({ cause }) => cause),
      ['idle:1:0', 'idle:2:0'],
    );
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    const { idleStep } = await handle.query<ConversationView>('getState');
    assert.equal(idleStep?.step, 1, 'the next step waits');
  });

  it('IDLE-9 (IDLE-S02 AC-4) is given to a person, and nudged until that person answers', async () => {
    const customer = await silentCustomer([
      { action: 'assign', duration: 1, assign: { type: 'auto' } },
      nudge('Somebody will come'),
    ]);
    assert.deepEqual(await said(customer, 2), ['reply', 'nudge']);
    await customer.isDone();
    await eventually('the nudge is noted', async () => (await events(customer)).length === 2);
    assert.deepEqual(await events(customer), [
      ['step_fired', 0],
      ['step_fired', 1],
    ]);
    const { body } = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, {
      as: 'viewer',
    });
    assert.equal(body['owner'], 'operator');
  });
});
