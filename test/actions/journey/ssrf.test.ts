import { strict as assert } from 'node:assert';
import { openSink } from '../../channels/local-sink.ts';
import type { Sink } from '../../channels/local-sink.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { openJourney } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { innerUrls } from '../ssrf-matrix.ts';
import { orderAction } from './order-action.ts';
import type { OrderAction } from './order-action.ts';

const SORRY = 'No order was placed.';

describe('external actions whose address leads inside', function () {
  this.timeout(120_000);
  let journey: Journey;
  let sink: Sink;
  before(async () => {
    sink = await openSink();
    journey = await openJourney();
  });
  after(async () => {
    await journey?.close();
    await sink?.close();
  });

  /** Each order another number of pieces, so that none is asked about as made before. */
  async function order(customer: GenericCustomer, n: number): Promise<string | undefined> {
    await customer.says(`I want to order ${n} lamps`);
    return (await customer.hears(n)).at(-1)?.body.text;
  }

  async function isBlocked(action: OrderAction, url: string): Promise<void> {
    const [newest] = await action.executions('?limit=1');
    const { status, error_message, response_status_code, retry_count } = newest ?? assert.fail(url);
    assert.deepEqual(
      [status, error_message, response_status_code, retry_count],
      ['failed', 'blocked_destination', null, 0],
      url,
    );
  }

  it('EXT-6 (EA URL) refuses on save or calls nobody, for every spelling of an inner address', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, { rate_limit_per_minute: 1_000 });
    const called: string[] = [];
    const refused: string[] = [];
    for (const url of innerUrls(sink.port)) {
      const saved = await action.change({ webhook_url: url });
      if (saved.status === 422) {
        refused.push(url);
        continue;
      }
      assert.equal(saved.status, 200, `${url}: ${saved.text}`);
      called.push(url);
      assert.equal(await order(customer, called.length), SORRY, url);
      await isBlocked(action, url);
    }
    assert.equal(sink.connections, 0);
    assert.ok(called.length > 50, `${called.length} were called`);
    for (const url of ['file:///etc/passwd', `https://user:pw@127.0.0.1:${sink.port}/`])
      assert.ok(refused.includes(url), url);
  });

  it('EXT-6 lets no customer choose where a call goes', async () => {
    const host = `127.0.0.1:${sink.port}`;
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    for (const url of [
      'https://{{product}}/',
      'https://shop.example:{{quantity}}/',
      '{{product}}',
      'https://{{product}}@shop.example/',
      `http://{{product}}.${host}/`,
    ])
      assert.equal((await action.change({ webhook_url: url })).status, 422, url);
    const place = `${journey.stage.standIns}/sink/`;
    const saved = await action.change({ webhook_url: `${place}{{product}}/x?for={{product}}` });
    assert.equal(saved.status, 200, saved.text);
    const values = [`../../${host}`, `@${host}/`, `//${host}/`, 'a?b#c', '%2e%2e', 'a\r\nHost: x', '..', '.'];
    const json = (product: string) => ({
      core_intent: 'sales',
      wants_human: false,
      candidates: [
        {
          action: 'create_order',
          confidence: 1,
          variables: [
            { name: 'product', value: product },
            { name: 'quantity', value: 3 },
          ],
        },
      ],
      pending_answer: null,
    });
    const script = values.map((value, n) => ({
      when: `order ${n}`,
      schema: 'understanding',
      json: json(value),
    }));
    await journey.model('POST', '/control', { script });
    for (const n of values.keys()) {
      await customer.says(`order ${n}`);
      await customer.hears(n + 1);
    }
    const log = (await action.executions()).reverse();
    assert.equal(log.length, values.length);
    for (const [n, { payload_sent, error_message }] of log.entries()) {
      if (payload_sent === null) {
        // Dots would have climbed out of the address.
        assert.deepEqual([error_message, n >= values.length - 2], ['unusable_url', true], values[n]);
        continue;
      }
      const { url } = payload_sent;
      assert.ok(url.startsWith(place), url);
      const { pathname, searchParams, hash } = new URL(url);
      assert.deepEqual([pathname.split('/').length, searchParams.get('for'), hash], [4, values[n], ''], url);
    }
    assert.equal(sink.connections, 0);
  });
});
