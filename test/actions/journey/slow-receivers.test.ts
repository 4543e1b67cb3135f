import { strict as assert } from 'node:assert';
import type { ServerResponse } from 'node:http';
import type { ConversationView } from '../../../contract/conversation.ts';
import { openSink } from '../../channels/local-sink.ts';
import type { Sink } from '../../channels/local-sink.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { eventually, openJourney } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';
import type { OrderAction } from './order-action.ts';

const NOTICE = 'I am placing your order.';
const PLACED = 'Order A-7: 3 of lamps';

/** Every run ends as soon as it may, so that a call under way always has one to be lost to. */
describe('receivers of external actions that take their time', () => {
  let journey: Journey;
  let slow: Sink;

  before(async () => {
    slow = await openSink();
    journey = await openJourney({ env: { EGRESS_ALLOW: `127.0.0.1:${slow.port}`, TURNS_PER_RUN: '1' } });
  });
  after(async () => {
    await journey?.close();
    await slow?.close();
  });

  /** A receiver that keeps what comes until it is told to answer. */
  function holding(): { answer: () => void; held: () => number } {
    const held: ServerResponse[] = [];
    slow.answer = (_, response) => void held.push(response);
    return {
      held: () => held.length,
      answer: () => {
        for (const response of held.splice(0))
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"order_id":"A-7"}');
      },
    };
  }

  async function impatient(
    fields: Record<string, unknown> = {},
  ): Promise<{ customer: GenericCustomer; action: OrderAction }> {
    const customer = await genericCustomer(journey, { action_patience_seconds: 1 });
    const action = await orderAction(journey, customer, {
      webhook_url: `http://127.0.0.1:${slow.port}/`,
      in_progress_message: NOTICE,
      ...fields,
    });
    return { customer, action };
  }

  const stateOf = (customer: GenericCustomer): Promise<ConversationView> =>
    journey.client.workflow
      .getHandle(`conversation/${customer.conversation()}`)
      .query<ConversationView>('getState');

  async function runsOf(customer: GenericCustomer): Promise<number> {
    const runs: string[] = [];
    const query = `WorkflowId = 'conversation/${customer.conversation()}'`;
    for await (const { runId } of journey.client.workflow.list({ query })) runs.push(runId);
    return runs.length;
  }

  it('EXT-5 says that it takes longer, answers meanwhile, and tells the outcome when it is there', async () => {
    const { customer, action } = await impatient();
    const receiver = holding();
    const order = await customer.says('I want to order 3 lamps');
    const [notice] = await customer.hears(1);
    assert.deepEqual([notice?.body.kind, notice?.body.text], ['notice', NOTICE]);
    assert.deepEqual(notice?.body.in_reply_to, [order]);
    await eventually('the turn is over and the call is not', async () => {
      const { callsUnderWay, doing } = await stateOf(customer);
      return callsUnderWay === 1 && doing === 'waiting for a message; a call is under way';
    });
    await customer.says('Good morning');
    assert.equal((await heard(customer, 2))[1]?.[0], 'reply');
    assert.equal((await action.executions())[0]?.status, 'pending');
    receiver.answer();
    const [, , outcome] = await customer.hears(3);
    assert.deepEqual([outcome?.body.kind, outcome?.body.text], ['outcome', PLACED]);
    assert.deepEqual(outcome?.body.in_reply_to, []);
    const { status, retry_count } = await action.ended();
    assert.deepEqual([status, retry_count, slow.hits], ['success', 0, 1]);
    await customer.isDone();
  });

  it('EXT-5 loses no call to the next run of its conversation', async () => {
    const { customer } = await impatient();
    const receiver = holding();
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    for (const [n, text] of ['Good morning', 'Good evening'].entries()) {
      await customer.says(text);
      await customer.hears(n + 2);
    }
    assert.equal(await runsOf(customer), 1, 'the run stays while it waits');
    receiver.answer();
    assert.deepEqual((await heard(customer, 4))[3], ['outcome', PLACED]);
    await eventually('it continues as new', async () => (await runsOf(customer)) > 1);
    await customer.says('Good night');
    assert.equal((await heard(customer, 5))[4]?.[0], 'reply');
    assert.equal((await stateOf(customer)).callsUnderWay, 0);
  });

  it('EXT-5 takes another order while the first is under way, each with its own outcome', async () => {
    const { customer, action } = await impatient();
    const receiver = holding();
    const before = slow.hits;
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    await customer.says('I want to order 4 lamps');
    assert.deepEqual((await heard(customer, 2))[1], ['notice', NOTICE]);
    receiver.answer();
    const outcomes = (await heard(customer, 4)).slice(2).map(([, text]) => text);
    assert.deepEqual(outcomes.sort(), [PLACED, 'Order A-7: 4 of lamps']);
    assert.equal(slow.hits - before, 2);
    assert.deepEqual(
      (await action.executions()).map(({ status }) => status),
      ['success', 'success'],
    );
  });

  it('EXT-4 asks, then calls, then tells the outcome later', async () => {
    const { customer } = await impatient({ requires_confirmation: true });
    const receiver = holding();
    const before = slow.hits;
    await customer.says('I want to order 3 lamps');
    assert.equal((await heard(customer, 1))[0]?.[0], 'confirmation');
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 2))[1], ['notice', NOTICE]);
    // A second yes is no second order.
    await customer.says('yes');
    assert.equal((await heard(customer, 3))[2]?.[0], 'reply');
    receiver.answer();
    assert.deepEqual((await heard(customer, 4))[3], ['outcome', PLACED]);
    assert.equal(slow.hits - before, 1);
  });

  it('EXT-5 leaves a late outcome to the person who has the conversation by then', async () => {
    const { customer, action } = await impatient();
    const receiver = holding();
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    assert.equal((await customer.operate('take-over')).status, 200);
    receiver.answer();
    assert.equal((await action.ended()).status, 'success');
    await eventually('no outcome is due any more', async () => (await stateOf(customer)).callsUnderWay === 0);
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 1);
  });

  it('EXT-5 ends a resolved conversation only when its call has ended', async () => {
    const { customer, action } = await impatient();
    const receiver = holding();
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    assert.equal((await customer.operate('resolve')).status, 200);
    await eventually('it is resolved', async () => (await stateOf(customer)).status === 'resolved');
    receiver.answer();
    assert.equal((await action.ended()).status, 'success');
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    await eventually('it is over', async () => (await handle.describe()).status.name === 'COMPLETED');
    assert.equal((await customer.arrived()).length, 1);
  });

  it('EXT-5 makes a call of which it said that it is under way, whatever the customer says meanwhile', async () => {
    const { customer, action } = await impatient();
    const receiver = holding();
    const before = slow.hits;
    await journey.sql(`
      create function no_call_begins() returns trigger language plpgsql
        as $$ begin raise exception using errcode = '57014'; end $$`);
    await journey.sql(`
      create trigger no_call_begins before update on calls for each row
        when (new.state = 'calling') execute function no_call_begins()`);
    try {
      await customer.says('I want to order 3 lamps');
      await customer.hears(1);
      await customer.says('Good morning');
      assert.deepEqual(
        (await heard(customer, 2)).map(([kind]) => kind),
        ['notice', 'reply'],
      );
    } finally {
      await journey.sql('drop function no_call_begins cascade');
    }
    await eventually('it is called', async () => slow.hits > before);
    receiver.answer();
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', PLACED]);
    assert.deepEqual([(await action.ended()).status, slow.hits - before], ['success', 1]);
    await customer.isDone();
  });

  it('EXT-5 (EA Timeout) gives an attempt five seconds, whatever drips out of the receiver', async () => {
    const once = { max_retries: 1 };
    const [head, body] = [await impatient(once), await impatient(once)];
    const drips: NodeJS.Timeout[] = [];
    const drip = (work: () => unknown) => drips.push(setInterval(work, 1_000));
    slow.answer = (request, response) => {
      if (request.headers['idempotency-key']?.includes(head.customer.conversation()) === true) {
        const bytes = [...'HTTP/1.1 200 OK\r\nx-slow: 1\r\n\r\n'];
        drip(() => response.socket?.write(bytes.shift() ?? ''));
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      const bytes = [...'{"order_id":"A-7"}'];
      drip(() => response.write(bytes.shift() ?? ' '));
    };
    try {
      for (const { customer } of [head, body]) await customer.says('I want to order 3 lamps');
      const outcomes = await Promise.all([heard(head.customer, 2), heard(body.customer, 2)]);
      assert.deepEqual(outcomes, [
        [
          ['notice', NOTICE],
          ['outcome', 'No order was placed.'],
        ],
        [
          ['notice', NOTICE],
          ['outcome', 'Done. Your request was completed.'],
        ],
      ]);
      const ended = [await head.action.ended(), await body.action.ended()];
      assert.deepEqual(
        ended.map(({ status, error_message, retry_count }) => [status, error_message, retry_count]),
        [
          ['timeout', 'timed_out', 0],
          ['success', 'missing_field:response.order_id', 0],
        ],
      );
      for (const { execution_time_ms } of ended) assert.ok((execution_time_ms ?? 0) >= 4_900);
    } finally {
      drips.forEach(clearInterval);
    }
  });
});
