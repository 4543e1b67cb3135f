import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { actingCustomer, script } from './acting-customer.ts';
import { everyEvent, wordsIn } from './history-words.ts';
import { openJourney, rareWord } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

interface Came {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
  repeat: number;
}

describe('the api action through the whole product', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const origin = () => new URL(journey.stage.standIns ?? '').origin;

  /** A receiver of the stand-in, and a tool that calls it. */
  async function receiver(fields: Record<string, unknown> = {}) {
    const sink = randomUUID();
    const control = (settings: object) => journey.standIn('POST', `/sink/${sink}/control`, settings);
    await control({ answer: { status: 200, body: { stock: 3 } } });
    const url = `${journey.stage.standIns}/sink/${sink}`;
    return {
      control,
      tool: {
        node_type: 'api',
        fields: { name: 'call', description: 'Calls it', method: 'POST', url, ...fields },
      },
      url,
      came: async (journal = 'journal') =>
        (await journey.standIn('GET', `/sink/${sink}/${journal}`))['entries'] as Came[],
    };
  }

  it('ACT-9 calls with the model’s values in their places, and hands the answer back', async () => {
    const shop = await receiver();
    const fields = {
      ...shop.tool.fields,
      url: `${shop.url}/{{product}}?of={{customer_name}}`,
      headers: { 'X-Chat': '{{conversation_id}}' },
      body: { product: '{{product}}', quantity: '{{quantity}}', note: 'for {{customer_name}}' },
      parameters: [{ name: 'product' }, { name: 'quantity', type: 'integer' }],
    };
    const customer = await actingCustomer(journey, [{ ...shop.tool, fields }]);
    const lamp = 'Senja"}, {{phone_number}} /?#';
    await script(
      journey,
      customer,
      { calls: [{ name: 'api_call', arguments: { product: lamp, quantity: 2 } }] },
      { reply: 'Three are there.' },
    );
    assert.equal(await customer.asks('two of them'), 'Three are there.');
    const [request, ...more] = await shop.came();
    assert.deepEqual(more, []);
    assert.ok(request?.path.endsWith(`/${encodeURIComponent(lamp)}`), request?.path);
    assert.equal(new URLSearchParams(request?.query).get('of'), 'Budi');
    assert.deepEqual(JSON.parse(request?.body ?? ''), { product: lamp, quantity: 2, note: 'for Budi' });
    const [call] = await customer.calls();
    assert.deepEqual(
      [request?.headers['x-chat'], request?.headers['idempotency-key']],
      [customer.conversation(), call?.idempotency_key],
    );
    assert.deepEqual(await customer.results(), [{ ok: true, status: 200, body: { stock: 3 } }]);
    const [offer] = (await customer.asked())[0]?.tools ?? [];
    assert.deepEqual(Object.keys(offer?.function.parameters.properties ?? {}), ['product', 'quantity']);
  });

  it('TEN-3 sends the secret of its connection, and shows it nowhere', async () => {
    const secret = `hush-${rareWord()}`;
    const saved = await journey.call('PUT', '/v1/connections/shop', {
      as: 'admin',
      body: { origin: origin(), type: 'bearer', value: secret },
    });
    assert.equal(saved.status, 200, saved.text);
    const shop = await receiver({ connection: 'shop' });
    await shop.control({ answer: { status: 200, body: { stock: 3 } } });
    const customer = await actingCustomer(journey, [shop.tool]);
    await script(journey, customer, { calls: [{ name: 'api_call' }] });
    await customer.asks('call it');
    assert.equal((await shop.came())[0]?.headers['authorization'], `Bearer ${secret}`);
    await customer.isDone();
    const history = await everyEvent(journey.client, conversationWorkflowId(customer.conversation()));
    const [row] = await journey.sql<{ all: string }>(
      `select (select coalesce(json_agg(k)::text, '') from calls k where conversation_id = $1)
         || (select coalesce(json_agg(s)::text, '') from turn_steps s where conversation_id = $1)
         || (select coalesce(json_agg(e)::text, '') from events e)
         || (select coalesce(json_agg(a)::text, '') from audit a) as all`,
      [customer.conversation()],
    );
    const shown = JSON.stringify([await customer.asked(), await journey.steps(customer.conversation())]);
    for (const [where, text] of Object.entries({ history: wordsIn(history), rows: row?.all ?? '', shown })) {
      assert.ok(text.length > 100, where);
      assert.ok(!text.includes(secret), where);
    }
  });

  it('TEN-3 sends the secret of a connection to nobody else', async () => {
    const saved = await journey.call('PUT', '/v1/connections/elsewhere', {
      as: 'admin',
      body: { origin: 'https://shop.example', type: 'bearer', value: 'for-the-shop-alone' },
    });
    assert.equal(saved.status, 200, saved.text);
    const shop = await receiver({ connection: 'elsewhere' });
    const customer = await actingCustomer(journey, [shop.tool]);
    await script(journey, customer, { calls: [{ name: 'api_call' }] }, { reply: 'No.' });
    assert.equal(await customer.asks('call it'), 'No.');
    assert.deepEqual(await shop.came(), []);
    const [call] = await customer.calls();
    assert.equal(call?.state, 'failed');
    assert.match(String(call?.result?.['error']), /Nothing was done/);
  });

  it('TEN-1 has no connection of another organisation, and none of the product itself', async () => {
    const other = await journey.call('POST', '/v1/installation/organisations', {
      as: 'owner',
      body: { name: 'Toko Baru' },
    });
    const key = other.body['key'] as string;
    const theirs = await journey.call('PUT', '/v1/connections/theirs', {
      as: { key },
      body: { origin: origin(), type: 'bearer', value: 'not-for-others' },
    });
    assert.equal(theirs.status, 200, theirs.text);
    const shop = await receiver({ connection: 'theirs' });
    const customer = await actingCustomer(journey, [shop.tool]);
    await script(journey, customer, { calls: [{ name: 'api_call' }] }, { reply: 'No.' });
    assert.equal(await customer.asks('call it'), 'No.');
    const [call] = await customer.calls();
    assert.deepEqual([call?.state, call?.reason], ['failed', 'no_secret']);
    assert.deepEqual(await shop.came(), []);
    const own = await journey.call('PATCH', `/v1/agents/${customer.agent}`, {
      as: 'builder',
      body: {
        tools: [{ ...shop.tool, fields: { ...shop.tool.fields, connection: '__qontak_crm_company_token' } }],
      },
    });
    assert.equal(own.status, 422);
  });

  it('ACT-9 calls again, under the same key, only what may be repeated', async () => {
    const fails = [{ status: 500, when: 'after', times: 1 }];
    const keyed = await receiver({ idempotent: true });
    const once = await receiver();
    for (const { control } of [keyed, once]) await control({ fail: fails });
    const may = await actingCustomer(journey, [keyed.tool]);
    await script(journey, may, { calls: [{ name: 'api_call' }] }, { reply: 'Done.' });
    await may.asks('call it');
    const came = await keyed.came();
    assert.equal(came.length, 2);
    for (const name of ['idempotency-key', 'webhook-id'])
      assert.equal(new Set(came.map(({ headers }) => headers[name])).size, 1, name);
    assert.deepEqual(
      (await may.calls()).map(({ state, attempts }) => [state, attempts]),
      [['succeeded', 2]],
    );

    const mayNot = await actingCustomer(journey, [once.tool]);
    await script(journey, mayNot, { calls: [{ name: 'api_call' }] }, { reply: 'It failed.' });
    assert.equal(await mayNot.asks('call it'), 'It failed.');
    assert.equal((await once.came()).length, 1);
    const [call] = await mayNot.calls();
    assert.deepEqual([call?.state, call?.reason, call?.attempts], ['failed', 'http_500', 1]);
  });

  it('ACT-9 says that nobody knows what became of a call whose answer was lost', async () => {
    const shop = await receiver();
    await shop.control({ fail: [{ drop: true, when: 'after', times: 1 }] });
    const customer = await actingCustomer(journey, [shop.tool]);
    await script(journey, customer, { calls: [{ name: 'api_call' }] });
    assert.match(await customer.asks('call it'), /I cannot tell whether that worked/);
    assert.equal((await shop.came()).length, 1);
    assert.equal((await customer.calls())[0]?.state, 'unknown');
    // Whether to do it again is the customer's to say: it may have happened.
    await script(journey, customer, { calls: [{ name: 'api_call' }] });
    assert.match(await customer.asks('once more'), /Shall I do it once more\?/);
    assert.equal((await shop.came()).length, 1);
  });
});
