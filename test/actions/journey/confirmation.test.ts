import { strict as assert } from 'node:assert';
import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../../contract/search-attributes.ts';
import type { ConversationView } from '../../../contract/conversation.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { eventually, openJourney } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';
import type { OrderAction } from './order-action.ts';

const DECLINED = 'All right: I have not done “Create order”.';

/** How each language orders, is asked, agrees, refuses and is told that nothing was done. */
const LANGUAGES = [
  {
    language: 'English',
    orders: 'I want to order 3 lamps',
    asked: 'Shall I order 3 of lamps?',
    yes: 'yes, please do',
    no: 'no, not now',
    declined: DECLINED,
  },
  {
    language: 'Arabic',
    orders: 'أريد شراء 3 مصباح',
    asked: 'Shall I order 3 of مصباح?',
    yes: 'نعم، تفضل',
    no: 'لا، شكرا',
    declined: 'حسنًا، لم أنفذ «Create order».',
  },
  {
    language: 'Indonesian',
    orders: 'Saya mau pesan 3 lampu',
    asked: 'Shall I order 3 of lampu?',
    yes: 'ya, silakan',
    no: 'tidak jadi',
    declined: 'Baik: “Create order” tidak saya lakukan.',
  },
];

describe('an external action that the customer has to agree to', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());

  const workflow = (customer: GenericCustomer) =>
    journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
  const stateOf = (customer: GenericCustomer) => workflow(customer).query<ConversationView>('getState');
  const waits = (customer: GenericCustomer): Promise<unknown> =>
    eventually('the conversation waits for a yes', async () => {
      const { status, openCall } = await stateOf(customer);
      return status === 'waiting_confirmation' && openCall?.kind === 'awaiting_confirmation';
    });

  async function asked(
    orders = LANGUAGES[0]?.orders ?? '',
  ): Promise<{ customer: GenericCustomer; action: OrderAction }> {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, {
      requires_confirmation: true,
      confirmation_message: 'Shall I order {{quantity}} of {{product}}?',
    });
    await customer.says(orders);
    await customer.hears(1);
    await waits(customer);
    return { customer, action };
  }

  for (const { language, orders, asked: question, yes, no, declined } of LANGUAGES) {
    it(`EXT-4 calls once the customer agrees, in ${language}`, async () => {
      const { customer, action } = await asked(orders);
      assert.deepEqual(await heard(customer, 1), [['confirmation', question]]);
      assert.deepEqual(await action.taken(), []);
      await customer.says(yes);
      const [, [kind, text] = []] = await heard(customer, 2);
      assert.equal(kind, 'outcome');
      assert.match(text ?? '', /^Order A-7: 3 of /);
      const [came, ...more] = await action.taken();
      assert.deepEqual(more, []);
      assert.equal(came?.body['said'], orders, 'what is sent is what was agreed to');
      assert.equal((await stateOf(customer)).status, 'active');
    });

    it(`EXT-4 calls nothing when the customer refuses, in ${language}`, async () => {
      const { customer, action } = await asked(orders);
      await customer.says(no);
      assert.deepEqual((await heard(customer, 2))[1], ['reply', declined]);
      const [{ status, error_message, payload_sent } = {}] = await action.executions();
      assert.deepEqual([status, error_message, payload_sent], ['cancelled', 'customer_refused', null]);
      // A late yes is an answer to nothing.
      await customer.says(yes);
      await customer.hears(3);
      assert.deepEqual(await action.taken(), []);
    });
  }

  it('EXT-4 (EA Confirmation) asks first, and shows everywhere that it waits', async () => {
    const { customer, action } = await asked();
    assert.equal((await action.executions())[0]?.status, 'pending');
    assert.deepEqual(await action.taken(), []);
    const { typedSearchAttributes } = await workflow(customer).describe();
    const key = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');
    assert.equal(typedSearchAttributes.get(key), 'waiting_confirmation');
    const read = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, { as: 'viewer' });
    assert.equal(read.body['status'], 'waiting_confirmation', read.text);
    for (const [status, is] of [
      ['waiting_confirmation', true],
      ['active', false],
    ] as const) {
      const list = await journey.call('GET', `/v1/conversations?status=${status}&limit=100`, {
        as: 'viewer',
      });
      assert.equal(list.text.includes(customer.conversation()), is, status);
    }
  });

  it('EXT-4 calls nothing when the customer turns to something else', async () => {
    const { customer, action } = await asked();
    await customer.says('I need a refund for my payment');
    assert.equal((await heard(customer, 2))[1]?.[0], 'reply');
    const [{ status, error_message } = {}] = await action.executions();
    assert.deepEqual([status, error_message], ['cancelled', 'other_topic']);
    assert.equal((await stateOf(customer)).status, 'active');
    await customer.says('yes');
    await customer.hears(3);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-4 calls nothing when no answer comes in time', async () => {
    const customer = await genericCustomer(journey);
    // Shorter than the API would let a builder make it.
    await journey.sql(
      `update agents set settings = settings || '{"confirmationTimeoutSeconds": 1.5}' where id = $1`,
      [customer.agent],
    );
    const action = await orderAction(journey, customer, { requires_confirmation: true });
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    const { status, error_message } = await action.ended();
    assert.deepEqual([status, error_message], ['cancelled', 'not_answered']);
    await eventually('nothing is open any more', async () => (await stateOf(customer)).openCall === null);
    await customer.says('yes');
    await customer.hears(2);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-4 calls nothing when the conversation is resolved meanwhile', async () => {
    const { customer, action } = await asked();
    const done = await customer.operate('resolve');
    assert.equal(done.status, 200, done.text);
    assert.equal((await action.ended()).status, 'cancelled');
    await customer.says('yes');
    await customer.hears(2);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-4 calls nothing when a person has had the conversation meanwhile', async () => {
    const { customer, action } = await asked();
    assert.equal((await customer.operate('take-over')).status, 200);
    assert.equal((await customer.operate('hand-back')).status, 200);
    assert.equal((await action.ended()).status, 'cancelled');
    await customer.says('yes');
    await customer.hears(2);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-4 asks again with what the customer corrects, and calls with that', async () => {
    const { customer, action } = await asked();
    await customer.says('5 pieces');
    assert.deepEqual((await heard(customer, 2))[1], ['confirmation', 'Shall I order 5 of lamps?']);
    await waits(customer);
    assert.deepEqual(await action.taken(), []);
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', 'Order A-7: 5 of lamps']);
    const sent = (await action.taken()).map(({ body }) => [body['product'], body['quantity']]);
    assert.deepEqual(sent, [['lamps', 5]]);
    const log = await action.executions();
    assert.deepEqual(
      log.map(({ status, error_message }) => [status, error_message]),
      [
        ['success', null],
        ['cancelled', 'replaced'],
      ],
    );
  });

  it('EXT-4 calls as the action was when the customer agreed to it', async () => {
    const { customer, action } = await asked();
    const changed = await action.change({ payload_template: { other: true }, success_message: 'Changed.' });
    assert.equal(changed.status, 200, changed.text);
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 2))[1], ['outcome', 'Order A-7: 3 of lamps']);
    assert.equal((await action.taken())[0]?.body['quantity'], 3);
  });

  it('EXT-4 does not call what was switched off while the customer thought', async () => {
    const { customer, action } = await asked();
    await action.change({ is_active: false });
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 2))[1], ['outcome', 'No order was placed.']);
    const [{ status, error_message } = {}] = await action.executions();
    assert.deepEqual([status, error_message], ['failed', 'switched_off']);
    assert.deepEqual(await action.taken(), []);
  });

  const OWN_WORDS = [
    ['English', 'I want to order 3 lamps', 'Shall I do “Create order”? Please answer yes or no.', 'yes'],
    [
      'Indonesian',
      'Saya mau pesan 3 lampu',
      'Apakah saya boleh menjalankan “Create order”? Jawab ya',
      'boleh',
    ],
    ['Arabic', 'أريد شراء 3 مصباح', 'هل أنفذ «Create order»؟ أجب بنعم أو لا.', 'نعم'],
  ] as const;
  for (const [language, orders, question, yes] of OWN_WORDS) {
    it(`EXT-4 lets the agent word the question where the builder wrote none, in ${language}`, async () => {
      const customer = await genericCustomer(journey);
      const action = await orderAction(journey, customer, { requires_confirmation: true });
      await customer.says(orders);
      const [[kind, text] = []] = await heard(customer, 1);
      assert.equal(kind, 'confirmation');
      assert.ok(text?.includes(question), text);
      await customer.says(yes);
      const [, [outcome, told] = []] = await heard(customer, 2);
      assert.equal(outcome, 'outcome');
      assert.match(told ?? '', /^Order A-7: 3 of /);
      assert.equal((await action.taken()).length, 1);
    });
  }
});
