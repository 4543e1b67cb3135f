import { strict as assert } from 'node:assert';
import type { ServerResponse } from 'node:http';
import { openSink } from '../../channels/local-sink.ts';
import type { Sink } from '../../channels/local-sink.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { everyEvent, summaryOf, wordsIn } from '../../journey/history-words.ts';
import { eventually, openJourney, rareWord } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';

/** Said by the customer, found in payloads, answered by receivers, written by the builder: none belongs in a history. */
const SECRET = 'zebrafalcon';

describe('turns around an external action', () => {
  let journey: Journey;
  let receiver: Sink;
  const customers: GenericCustomer[] = [];

  before(async () => {
    receiver = await openSink();
    journey = await openJourney({ env: { EGRESS_ALLOW: `127.0.0.1:${receiver.port}` } });
  });
  after(async () => {
    await journey?.close();
    await receiver?.close();
  });
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  async function shopper(fields: Record<string, unknown> = {}, settings: Record<string, unknown> = {}) {
    const customer = await genericCustomer(journey, settings);
    customers.push(customer);
    const action = await orderAction(journey, customer, {
      webhook_url: `http://127.0.0.1:${receiver.port}/${SECRET}`,
      success_message: `Order {{response.order_id}}: {{quantity}} of {{product}}`,
      payload_template: { [SECRET]: '{{product}}', said: '{{message_text}}' },
      display_name: `Order ${SECRET}`,
      ...fields,
    });
    receiver.hits = 0;
    return { customer, action };
  }

  /** The receiver keeps the next call until it is told to answer. */
  function hold(): { reached: () => Promise<unknown>; answer: () => void } {
    const held: ServerResponse[] = [];
    receiver.answer = (_, response) => void held.push(response);
    return {
      reached: () => eventually('the receiver is called', async () => held.length > 0),
      answer: () => held.splice(0).forEach(answerAt),
    };
  }
  const answerAt = (response: ServerResponse) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ order_id: `${SECRET}-7` }));
  const answerAtOnce = () => (receiver.answer = (_, response) => answerAt(response));
  /** The model thinks about what holds the word, once, so long that something can be said meanwhile. */
  const ponders = (word: string) =>
    journey.model('POST', '/control', { fail: [{ match: word, delay_ms: 1_200, times: 1 }] });
  const begins = (customer: GenericCustomer, turn: number): Promise<unknown> =>
    eventually(`turn ${turn} begins`, async () => {
      const [row] = await journey.sql<{ turn: number }>('select turn from conversations where id = $1', [
        customer.conversation(),
      ]);
      return (row?.turn ?? 0) >= turn;
    });
  const inReply = async (customer: GenericCustomer): Promise<string[][]> =>
    (await customer.arrived()).map(({ body }) => body.in_reply_to);

  it('CONV-4 finishes a turn whose call is out, and answers what came meanwhile in the next', async () => {
    const { customer, action } = await shopper();
    const { reached, answer } = hold();
    const order = await customer.says(`I want to order 3 ${SECRET} lamps`);
    await reached();
    const later = await customer.says(`Good morning ${SECRET}`);
    await eventually('it waits for its turn', async () => {
      const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
      return (await handle.query<{ buffered: number }>('getState')).buffered > 0;
    });
    answer();
    const replies = await heard(customer, 2);
    assert.deepEqual(replies[0], ['outcome', `Order ${SECRET}-7: 3 of ${SECRET} lamps`]);
    assert.equal(replies[1]?.[0], 'reply');
    assert.deepEqual(await inReply(customer), [[order], [later]]);
    assert.equal(receiver.hits, 1);
    assert.equal((await action.executions())[0]?.original_message, `I want to order 3 ${SECRET} lamps`);
  });

  it('ESC-1 tells the outcome, which is true and done, and calls a person besides', async () => {
    const { customer } = await shopper(
      {},
      {
        escalation_rules: [{ name: 'orders', condition: `text contains "order" and core_intent != "x"` }],
        escalation_assignee: 'U012ABCDEF',
        escalation_notice: { called: 'Called.', nobody_online: 'Called.' },
      },
    );
    answerAtOnce();
    await customer.says(`I want to order 3 ${SECRET} lamps`);
    assert.deepEqual(await heard(customer, 2), [
      ['outcome', `Order ${SECRET}-7: 3 of ${SECRET} lamps`],
      ['notice', 'Called.'],
    ]);
    await eventually('a person is called', async () => {
      const path = `/v1/conversations/${customer.conversation()}`;
      return (await journey.call('GET', path, { as: 'viewer' })).body['status'] === 'escalated';
    });
    await customer.says(`And another order, ${SECRET}`);
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 2, 'the notice began the quiet period');
    assert.equal(receiver.hits, 1);
  });

  it('CONV-4 starts over with what comes before the call is out, and calls once', async () => {
    const { customer, action } = await shopper();
    answerAtOnce();
    const word = rareWord();
    await ponders(word);
    const order = await customer.says(`I want to order 3 lamps "${SECRET}" ${word}`);
    await begins(customer, 1);
    const more = await customer.says('and hurry');
    await customer.hears(1);
    assert.deepEqual(await inReply(customer), [[order, more]]);
    assert.equal(receiver.hits, 1);
    assert.deepEqual(
      (await action.executions()).map(({ original_message }) => original_message),
      [`I want to order 3 lamps "${SECRET}" ${word}\nand hurry`],
    );
  });

  it('CONV-4 does not forget a yes when the turn starts over before the call', async () => {
    const { customer, action } = await shopper({ requires_confirmation: true });
    answerAtOnce();
    await customer.says(`I want to order 3 ${SECRET} lamps`);
    assert.equal((await heard(customer, 1))[0]?.[0], 'confirmation');
    const word = rareWord();
    await ponders(word);
    const yes = await customer.says(`yes ${word}`);
    await begins(customer, 2);
    const thanks = await customer.says('thank you');
    assert.equal((await heard(customer, 2))[1]?.[0], 'outcome');
    assert.deepEqual((await inReply(customer))[1], [yes, thanks]);
    assert.equal(receiver.hits, 1);
    assert.deepEqual(
      (await action.executions()).map(({ status }) => status),
      ['success'],
    );
  });

  it('CONV-4 lets a no that comes before the call undo the yes', async () => {
    const { customer, action } = await shopper({ requires_confirmation: true });
    answerAtOnce();
    await customer.says(`I want to order 3 ${SECRET} lamps`);
    await customer.hears(1);
    const word = rareWord();
    const json = {
      core_intent: 'general',
      wants_human: false,
      candidates: [],
      pending_answer: 'refuses',
    };
    await journey.model('POST', '/control', {
      fail: [{ match: word, delay_ms: 1_200, times: 1 }],
      script: [{ when: 'no, wait', schema: 'understanding', json }],
    });
    await customer.says(`yes ${word}`);
    await begins(customer, 2);
    await customer.says('no, wait');
    assert.equal((await heard(customer, 2))[1]?.[0], 'reply');
    assert.equal(receiver.hits, 0);
    const [{ status, error_message } = {}] = await action.executions();
    assert.deepEqual([status, error_message], ['cancelled', 'customer_refused']);
  });

  it('CONV-7 makes no call once a person has the conversation', async () => {
    const { customer, action } = await shopper();
    answerAtOnce();
    const word = rareWord();
    await ponders(word);
    await customer.says(`I want to order 3 lamps ${word} ${SECRET}`);
    await begins(customer, 1);
    assert.equal((await customer.operate('take-over')).status, 200);
    await eventually('nothing is planned any more', async () => {
      const log = await action.executions();
      return log.every(({ status }) => status === 'cancelled');
    });
    await customer.isDone();
    assert.deepEqual(await customer.arrived(), []);
    assert.equal(receiver.hits, 0);
  });

  it('CONV-7 is silent about a call that a person has come upon', async () => {
    const { customer, action } = await shopper();
    const { reached, answer } = hold();
    await customer.says(`I want to order 3 ${SECRET} lamps`);
    await reached();
    assert.equal((await customer.operate('take-over')).status, 200);
    answer();
    assert.equal((await action.ended()).status, 'success');
    await customer.isDone();
    assert.deepEqual(await customer.arrived(), []);
  });

  it('DATA-1 leaves no word, payload or answer of these turns in a history', async () => {
    const { customer } = await shopper({}, { action_patience_seconds: 1 });
    receiver.answer = (_, response) => void response.writeHead(422).end(`{"why":"${SECRET}"}`);
    await customer.says(`I want to order 9 ${SECRET} lamps`);
    assert.equal((await heard(customer, 1))[0]?.[0], 'outcome');
    await customer.isDone();
    assert.ok(customers.length >= 7);
    for (const each of customers) {
      const events = await everyEvent(journey.client, `conversation/${each.conversation()}`);
      assert.ok(events.length > 10);
      const text = wordsIn(events).toLowerCase();
      for (const word of [SECRET, 'lamp', 'hurry', 'quantity', 'i want'])
        assert.ok(!text.includes(word), `“${word}” stands in a history`);
    }
    const events = await everyEvent(journey.client, `conversation/${customer.conversation()}`);
    assert.ok(events.some((event) => summaryOf(event) === 'turn 1: create_order'));
  });
});
