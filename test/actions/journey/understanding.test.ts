import { strict as assert } from 'node:assert';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { openJourney, rareWord } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { heard, orderAction, PRODUCT, QUANTITY } from './order-action.ts';

const INTENTS = ['sales', 'support', 'general', 'technical', 'billing'] as const;

describe('external actions in a conversation', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const personalities = Object.fromEntries(
    INTENTS.map((intent) => [intent, { name: intent, prompt: `You are the voice of ${intent}.` }]),
  );
  /** Which personality spoke in a customer's last turn. */
  async function voiceOf(customer: GenericCustomer): Promise<string | undefined> {
    const last = (await journey.steps(customer.conversation())).findLast(({ kind }) => kind === 'answer');
    return /You are the voice of (\w+)\./.exec(JSON.stringify(last?.request))?.[1];
  }
  const understandings = async (customer: GenericCustomer): Promise<number> =>
    (await journey.steps(customer.conversation())).filter(({ kind }) => kind === 'understand').length;

  it('INT-2 (EA Test 1) calls what an external action fits, and leaves the core intent aside', async () => {
    const customer = await genericCustomer(journey, { personalities });
    const action = await orderAction(journey, customer);
    await customer.says('I want to order 3 lamps');
    assert.deepEqual(await heard(customer, 1), [['outcome', 'Order A-7: 3 of lamps']]);
    assert.equal((await action.taken()).length, 1);
    assert.equal(await voiceOf(customer), undefined, 'no personality spoke');
    assert.equal(await understandings(customer), 1, 'one model call');
  });

  it('INT-2 (EA Test 2; EA Core intents) lets the core intent decide where no external action fits', async () => {
    const customer = await genericCustomer(journey, { personalities });
    const action = await orderAction(journey, customer);
    const said: [string, string][] = [
      ['I need a refund for my payment', 'billing'],
      ['The app shows an error', 'technical'],
      ['What is the price of this product?', 'sales'],
      ['Where is my order?', 'support'],
      ['Good morning', 'general'],
    ];
    for (const [n, [text, intent]] of said.entries()) {
      await customer.says(text);
      const replies = await heard(customer, n + 1);
      assert.equal(replies.at(-1)?.[0], 'reply');
      assert.equal(await voiceOf(customer), intent, text);
    }
    assert.deepEqual(await action.executions(), []);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-2 (EA Test 3) reads variables from the customer’s words, and sends them as they are', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    const name = 'Aurora {{phone_number}} $& \\" نور';
    await customer.says(`I want to order a lamp for me, 5 pieces of ${name} please`);
    await customer.hears(1);
    const [came] = await action.taken();
    assert.deepEqual([came?.body['product'], came?.body['quantity']], [name, 5]);
    assert.equal(came?.signature, 'valid');
  });

  it('EXT-5 (EA Test 4; EA Buffer) waits for more messages, matches, calls, and tells the outcome', async () => {
    const customer = await genericCustomer(journey, { wait_time_seconds: 1.5, wait_cap_seconds: 10 });
    const action = await orderAction(journey, customer, {
      payload_template: {
        who: { name: '{{customer_name}}', phone: '{{phone_number}}', channel: '{{channel}}' },
        about: '{{product}}',
        count: '{{quantity}}',
        said: '{{message_text}}',
        conversation: '{{conversation_id}}',
        at: '{{timestamp}}',
      },
    });
    const who = { customer: { id: 'c-1', name: 'Dewi', phone: '+6281200000001' } };
    const ids = [
      await customer.says('Hello', who),
      await customer.says('I want to order', who),
      await customer.says('2 lamps please', who),
    ];
    const [reply] = await customer.hears(1);
    assert.deepEqual([reply?.body.kind, reply?.body.text], ['outcome', 'Order A-7: 2 of lamps']);
    assert.deepEqual(reply?.body.in_reply_to, ids);
    const [came, ...more] = await action.taken();
    assert.deepEqual(more, []);
    const { at, ...sent } = came?.body ?? {};
    assert.ok(!Number.isNaN(Date.parse(String(at))));
    assert.deepEqual(sent, {
      who: { name: 'Dewi', phone: '+6281200000001', channel: 'generic' },
      about: 'lamps',
      count: 2,
      said: 'Hello\nI want to order\n2 lamps please',
      conversation: customer.conversation(),
    });
    const [{ phone, original_message, status } = {}] = await action.executions();
    assert.deepEqual([phone, original_message, status], ['+6281200000001', sent['said'], 'success']);
  });

  it('INT-3 (EA Languages) understands the same order in English, Arabic and Indonesian', async () => {
    const orders: [string, string][] = [
      ['I would like to order 2 lamps', 'lamps'],
      ['أريد شراء 2 مصباح', 'مصباح'],
      ['Saya ingin pesan 2 lampu', 'lampu'],
    ];
    for (const [text, product] of orders) {
      const customer = await genericCustomer(journey);
      const action = await orderAction(journey, customer);
      await customer.says(text);
      assert.deepEqual(await heard(customer, 1), [['outcome', `Order A-7: 2 of ${product}`]]);
      assert.deepEqual((await action.taken())[0]?.body, { product, quantity: 2, said: text });
    }
  });

  it('INT-2 (EA Priority) takes the one of higher priority among those that fit', async () => {
    const customer = await genericCustomer(journey);
    const fits = { variables: [], payload_template: {}, success_message: 'The calm one was placed.' };
    const low = await orderAction(journey, customer, { ...fits, priority: 1 });
    const high = await orderAction(journey, customer, {
      ...fits,
      action_name: 'urgent_order',
      training_examples: [{ text: 'order lamp quickly today please now', language: 'en' }],
      confidence_threshold: 0.3,
      priority: 2,
      success_message: 'The urgent one was placed.',
    });
    await customer.says('I want to order a lamp');
    assert.deepEqual(await heard(customer, 1), [['outcome', 'The urgent one was placed.']]);
    assert.equal((await high.executions()).length, 1);
    const [surer, lessSure] = [0.97, (await high.executions())[0]?.confidence ?? 1];
    assert.ok(lessSure < surer, 'though the other was surer');
    assert.deepEqual(await low.executions(), []);
  });

  it('INT-2 (EA Threshold) calls nothing that is less sure than its threshold', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, {
      training_examples: [{ text: 'order lamp', language: 'en' }],
      confidence_threshold: 0.98,
      variables: [],
      payload_template: {},
      success_message: 'It was placed.',
    });
    await customer.says('I want to order a lamp');
    assert.equal((await heard(customer, 1))[0]?.[0], 'reply');
    assert.deepEqual(await action.executions(), []);
    await action.change({ confidence_threshold: 0.97 });
    await customer.says('I want to order a lamp');
    assert.deepEqual((await heard(customer, 2))[1], ['outcome', 'It was placed.']);
    assert.equal((await action.executions())[0]?.confidence, 0.97);
  });

  it('EXT-3 (EA Messages) fills the messages from the receiver’s answer, and never shows a hole', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, {
      success_message: 'Order {{response.order_id}}, that is {{order_id}}, of {{quantity}} {{product}}.',
      failure_message: 'Not done, because {{response.why}}.',
    });
    const order = async (pieces: number, answer: object, n: number): Promise<string | undefined> => {
      await action.receiver({ answer });
      await customer.says(`I want to order ${pieces} lamps`);
      return (await heard(customer, n))[n - 1]?.[1];
    };
    const full = { status: 200, body: { order_id: 'X{{product}}' } };
    assert.equal(await order(1, full, 1), 'Order X{{product}}, that is X{{product}}, of 1 lamps.');
    const holes = { status: 200, body: { order: 'X' } };
    assert.equal(await order(2, holes, 2), 'Done. Your request was completed.');
    assert.equal(
      await order(3, { status: 422, body: { why: 'it is sold out' } }, 3),
      'Not done, because it is sold out.',
    );
    const failed = 'Sorry, your request could not be completed. Please try again later.';
    assert.equal(await order(4, { status: 422, body: 'no JSON' }, 4), failed);
    assert.deepEqual(
      (await action.executions()).map(({ status, error_message }) => [status, error_message]),
      [
        ['failed', 'http_422'],
        ['failed', 'http_422'],
        ['success', 'missing_field:response.order_id'],
        ['success', null],
      ],
    );
  });

  it('EXT-2 asks for what is missing until it has it, and keeps what was said', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, {
      variables: [
        PRODUCT,
        QUANTITY,
        { name: 'email', prompt: 'E-mail address' },
        { name: 'note', prompt: 'Colour', required: false },
      ],
      payload_template: {
        product: '{{product}}',
        quantity: '{{quantity}}',
        email: '{{email}}',
        note: '{{note}}',
      },
    });
    await customer.says('I want to order an Aurora lamp');
    const [first] = await heard(customer, 1);
    assert.match(first?.[1] ?? '', /I still need: How many pieces, E-mail address\.$/);
    await customer.says('4 pieces');
    assert.match((await heard(customer, 2))[1]?.[1] ?? '', /I still need: E-mail address\.$/);
    assert.deepEqual(await action.taken(), []);
    await customer.says('it is dewi@example.com');
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', 'Order A-7: 4 of Aurora lamp']);
    const [came, ...more] = await action.taken();
    assert.deepEqual(more, []);
    const sent = { product: 'Aurora lamp', quantity: 4, email: 'dewi@example.com', note: null };
    assert.deepEqual(came?.body, sent);
  });

  it('EXT-2 forgets what it asked for when the customer turns to something else', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    await customer.says('I want to order an Aurora lamp');
    await customer.hears(1);
    await customer.says('I need a refund for my payment');
    assert.equal((await heard(customer, 2))[1]?.[0], 'reply');
    const [{ status, error_message } = {}] = await action.executions();
    assert.deepEqual([status, error_message], ['cancelled', 'other_topic']);
    await customer.says('3 pieces');
    await customer.hears(3);
    assert.deepEqual(await action.taken(), []);
  });

  it('EXT-2 asks again for a value of the wrong kind instead of sending it', async () => {
    const word = rareWord();
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    const json = {
      core_intent: 'sales',
      wants_human: false,
      candidates: [
        {
          action: 'create_order',
          confidence: 0.9,
          variables: [
            { name: 'product', value: 'lamp' },
            { name: 'quantity', value: 'a few' },
            { name: 'discount', value: '100' },
          ],
        },
      ],
      pending_answer: null,
    };
    await journey.model('POST', '/control', { script: [{ when: word, schema: 'understanding', json }] });
    await customer.says(`a few lamps ${word}`);
    assert.match((await heard(customer, 1))[0]?.[1] ?? '', /I still need: How many pieces\.$/);
    assert.deepEqual(await action.taken(), []);
  });

  it('ACT-8 asks before it makes the same order once more in a later turn', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    await customer.says('I want to order 3 lamps');
    const again = (await heard(customer, 2))[1];
    assert.deepEqual(again, [
      'confirmation',
      'I have done “Create order” before. Shall I do it once more? Please answer yes or no.',
    ]);
    assert.equal((await action.taken()).length, 1);
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', 'Order A-7: 3 of lamps']);
    const keys = (await action.taken()).map(({ headers }) => headers['idempotency-key']);
    assert.equal(new Set(keys).size, 2, 'another order, another key');
    await customer.says('I want to order 4 lamps');
    assert.deepEqual((await heard(customer, 4))[3], ['outcome', 'Order A-7: 4 of lamps']);
  });
});
