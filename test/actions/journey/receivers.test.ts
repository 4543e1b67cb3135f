import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { openSink } from '../../channels/local-sink.ts';
import type { Sink } from '../../channels/local-sink.ts';
import { UNCERTAIN_MESSAGE } from '../../../domain/external-action.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import { openJourney } from '../../journey/open-journey.ts';
import type { Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';
import type { Came, Execution } from './order-action.ts';

const PLACED = 'Order A-7: 3 of lamps';
const NOT_PLACED = 'No order was placed.';
const DONE = 'Done. Your request was completed.';

interface Seen {
  attempts: Came[];
  /** Orders that the receiver took. */
  effects: number;
  execution: Execution;
  text: string | undefined;
}

describe('receivers of external actions, through the whole product', () => {
  let journey: Journey;
  /** Not among what may be called. */
  let inner: Sink;
  let bulky: Server;
  let bulkyUrl: string;
  let answerBulky: (request: IncomingMessage, response: ServerResponse) => void;

  before(async () => {
    inner = await openSink();
    bulky = createServer((request, response) => {
      request.resume();
      answerBulky(request, response);
    }).listen(0, '127.0.0.1');
    await once(bulky, 'listening');
    const { port } = bulky.address() as AddressInfo;
    bulkyUrl = `http://127.0.0.1:${port}/`;
    journey = await openJourney({ env: { EGRESS_ALLOW: `127.0.0.1:${port}` } });
  });
  after(async () => {
    await journey?.close();
    bulky.closeAllConnections();
    bulky.close();
    await inner.close();
  });

  /** Orders once at a receiver that behaves so, and waits for what the customer hears of it. */
  async function order(receiver: object, fields: Record<string, unknown> = {}): Promise<Seen> {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, fields);
    await action.receiver({ ...receiver });
    await customer.says('I want to order 3 lamps');
    const [[kind, text] = []] = await heard(customer, 1);
    assert.equal(kind, 'outcome');
    const [execution, ...others] = await action.executions();
    assert.ok(execution !== undefined && others.length === 0);
    const taken = await action.taken();
    const attempts = [...taken, ...(await action.turnedAway())].sort((a, b) => a.at - b.at);
    for (const name of ['webhook-id', 'idempotency-key'])
      assert.ok(new Set(attempts.map(({ headers }) => headers[name])).size <= 1, name);
    for (const { headers } of attempts) {
      assert.equal(headers['webhook-id'], execution.id);
      assert.equal(headers['idempotency-key'], execution.idempotency_key);
    }
    return { attempts, effects: taken.length, execution, text };
  }
  const log = ({ status, error_message, response_status_code, retry_count }: Execution) => [
    status,
    error_message,
    response_status_code,
    retry_count,
  ];

  it('EXT-5 (EA Retry) calls again a receiver that fails twice, under one key, and tells its success', async () => {
    const seen = await order({ fail: [{ status: 500 }, { status: 503 }] });
    assert.deepEqual([seen.attempts.length, seen.effects, seen.text], [3, 1, PLACED]);
    assert.deepEqual(log(seen.execution), ['success', null, 200, 2]);
  });

  it('EXT-5 gives up after as many attempts as the builder wants, or one where there are to be no more', async () => {
    const broken = { fail: [{ status: 500, times: -1 }] };
    const two = await order(broken, { max_retries: 2 });
    assert.deepEqual([two.attempts.length, two.text], [2, NOT_PLACED]);
    assert.deepEqual(log(two.execution), ['failed', 'http_500', 500, 1]);
    const one = await order(broken, { max_retries: 3, retry_on_failure: false });
    assert.deepEqual([one.attempts.length, one.text], [1, NOT_PLACED]);
    assert.deepEqual(log(one.execution), ['failed', 'http_500', 500, 0]);
  });

  it('EXT-5 repeats the key at a receiver that worked and dropped its answer', async () => {
    const seen = await order({ fail: [{ drop: true, when: 'after' }] });
    assert.deepEqual([seen.effects, seen.text], [2, PLACED]);
    assert.deepEqual(log(seen.execution), ['success', null, 200, 1]);
  });

  it('EXT-5 says that nobody knows where the last answer was dropped too', async () => {
    const dropped = { fail: [{ drop: true, when: 'after', times: -1 }] };
    const seen = await order(dropped, { max_retries: 1 });
    assert.deepEqual([seen.effects, seen.text], [1, NOT_PLACED]);
    assert.deepEqual(log(seen.execution), ['unknown', 'connection_lost', null, 0]);
    const standard = await order(dropped, { max_retries: 1, failure_message: undefined });
    assert.deepEqual([standard.effects, standard.text], [1, UNCERTAIN_MESSAGE]);
  });

  it('EXT-5 waits as long as a receiver asks it to', async () => {
    const seen = await order({ fail: [{ status: 429, headers: { 'retry-after': '2' } }] });
    const [first, second] = seen.attempts;
    assert.deepEqual([seen.attempts.length, seen.effects, seen.text], [2, 1, PLACED]);
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 2_000);
    assert.deepEqual(log(seen.execution), ['success', null, 200, 1]);
  });

  it('EXT-5 does not wait an hour for a receiver that asks for it', async () => {
    const seen = await order({ fail: [{ status: 429, times: -1, headers: { 'retry-after': '3600' } }] });
    assert.deepEqual([seen.attempts.length, seen.effects, seen.text], [1, 0, NOT_PLACED]);
    assert.deepEqual(log(seen.execution), ['failed', 'http_429', 429, 0]);
  });

  it('EXT-5 calls no more what is gone, or refused for good', async () => {
    for (const [status, code] of [
      [410, 'gone'],
      [400, 'http_400'],
      [422, 'http_422'],
    ]) {
      const seen = await order({ fail: [{ status, times: -1 }] });
      assert.deepEqual([seen.attempts.length, seen.effects, seen.text], [1, 0, NOT_PLACED]);
      assert.deepEqual(log(seen.execution), ['failed', code, status, 0]);
    }
  });

  it('EXT-6 follows no redirect to a private address', async () => {
    const location = `http://127.0.0.1:${inner.port}/`;
    const seen = await order({ fail: [{ status: 307, times: -1, headers: { location } }] });
    assert.deepEqual([seen.attempts.length, seen.effects, seen.text], [1, 0, NOT_PLACED]);
    assert.deepEqual(log(seen.execution), ['failed', 'redirected', 307, 0]);
    assert.equal(inner.connections, 0);
  });

  it('EXT-3 takes an answer that is not JSON for done, and shows nothing of it', async () => {
    const page = { answer: { status: 200, body: '<html>{"order_id": "A-7"</html>' } };
    const seen = await order(page);
    assert.deepEqual([seen.effects, seen.text], [1, DONE]);
    assert.deepEqual(log(seen.execution), ['success', 'missing_field:response.order_id', 200, 0]);
    assert.equal(seen.execution.response_received, null);
    const plain = await order(page, { success_message: '{{quantity}} ordered.' });
    assert.deepEqual([plain.text, ...log(plain.execution)], ['3 ordered.', 'success', null, 200, 0]);
  });

  it('EXT-5 unpacks no answer of 50 MB, and reads no more of one than it keeps', async () => {
    const packed = gzipSync(
      Buffer.concat([Buffer.from('{"order_id":"'), Buffer.alloc(50 * 1024 ** 2, 0x41)]),
    );
    answerBulky = (_, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(packed);
    const gzip = await order({}, { webhook_url: bulkyUrl });
    assert.deepEqual([gzip.text, gzip.execution.response_received], [DONE, null]);
    assert.deepEqual(log(gzip.execution), ['success', 'missing_field:response.order_id', 200, 0]);

    let sent = 0;
    answerBulky = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const piece = Buffer.alloc(64 * 1024, 0x41);
      const pour = () => {
        if (response.destroyed || sent > 50 * 1024 ** 2) return void response.end();
        sent += piece.length;
        response.write(piece, () => setImmediate(pour));
      };
      pour();
    };
    const flood = await order({}, { webhook_url: bulkyUrl });
    assert.deepEqual([flood.text, flood.execution.response_received], [DONE, null]);
    assert.ok(sent < 25 * 1024 ** 2, `${sent} bytes were taken`);
  });

  it('EXT-7 keeps no secret in the log of a receiver that repeats them', async () => {
    const value = 'canary-4711-value';
    const seen = await order(
      { answer: { status: 200, body: { order_id: 'A-7', you_sent: `Bearer ${value}` } } },
      {
        authentication: { type: 'bearer', value },
        headers: { 'X-Api-Key': 'canary-header-value', 'X-Shop': '{{product}}' },
        payload_template: { product: '{{product}}', password: 'canary-payload-value' },
      },
    );
    assert.equal(seen.text, PLACED);
    const [came] = seen.attempts;
    assert.deepEqual(
      [came?.headers['authorization'], came?.headers['x-api-key'], came?.headers['x-shop']],
      [`Bearer ${value}`, 'canary-header-value', 'lamps'],
    );
    assert.equal(came?.body['password'], 'canary-payload-value');
    assert.ok(!JSON.stringify(seen.execution).includes('canary'), JSON.stringify(seen.execution));
    assert.equal(seen.execution.payload_sent?.headers['x-shop'], 'lamps');
  });
});
