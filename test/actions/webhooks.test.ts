import { strict as assert } from 'node:assert';
import { Webhook } from 'standardwebhooks';
import { openSink } from '../channels/local-sink.ts';
import type { Sink } from '../channels/local-sink.ts';
import { openWebhookCaller } from './webhook-caller.ts';
import type { WebhookCaller } from './webhook-caller.ts';

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const CANARY = 'c4n4ry-"t0ken"';

describe("attempt at a builder's receiver", () => {
  let sink: Sink;
  let caller: WebhookCaller;

  beforeEach(async () => {
    sink = await openSink();
    caller = openWebhookCaller([sink.port]);
  });
  afterEach(async () => {
    await caller.close();
    await sink.close();
  });
  const headersOf = (n: number) => sink.requests[n]?.headers as Record<string, string>;

  it('EXT-5 signs each attempt anew under one id and one Idempotency-Key', async () => {
    caller.secrets = { signingSecret: SECRET };
    await caller.call(sink.port);
    caller.now = new Date(caller.now.getTime() + 60_000);
    await caller.call(sink.port);
    const [first, second] = [headersOf(0), headersOf(1)];
    for (const name of ['webhook-id', 'idempotency-key']) assert.equal(first[name], second[name]);
    assert.equal(first['idempotency-key'], 'conversation:1:1');
    assert.equal(first['webhook-id'], '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c');
    assert.equal(Number(second['webhook-timestamp']) - Number(first['webhook-timestamp']), 60);
    for (const headers of [first, second])
      assert.deepEqual(new Webhook(SECRET).verify('{"product":"lamp 🙏"}', headers), { product: 'lamp 🙏' });
    assert.equal(first['user-agent'], 'Parley/1');
    assert.equal(first['content-type'], 'application/json');
    assert.equal(first['accept-encoding'], 'identity');
  });

  it('EXT-5 signs a request without a body, and tells id and time where there is no secret', async () => {
    caller.secrets = { signingSecret: SECRET };
    await caller.call(sink.port, { method: 'GET', body: null });
    assert.equal(new Webhook(SECRET).verify('', headersOf(0)), undefined);
    assert.throws(() => new Webhook(SECRET).verify('{}', headersOf(0)));
    assert.equal(headersOf(0)['content-type'], undefined);
    caller.secrets = {};
    await caller.call(sink.port);
    assert.deepEqual(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => name in headersOf(1)),
      [true, true, false],
    );
  });

  it('EXT-1 shows the credential as the action says', async () => {
    caller.secrets = { authentication: { type: 'bearer', value: CANARY } };
    await caller.call(sink.port);
    caller.secrets = { authentication: { type: 'api_key', header: 'X-Shop-Key', value: CANARY } };
    await caller.call(sink.port);
    assert.equal(headersOf(0)['authorization'], `Bearer ${CANARY}`);
    assert.deepEqual([headersOf(1)['x-shop-key'], headersOf(1)['authorization']], [CANARY, undefined]);
  });

  it('ACT-9 shows a connection to its own origin alone, wherever a builder sends it', async () => {
    const authentication = { type: 'bearer' as const, value: CANARY };
    caller.secrets = { authentication, onlyTo: 'https://api.example.com' };
    const refused = await caller.call(sink.port);
    assert.deepEqual([refused.kind, 'code' in refused && refused.code], ['no_answer', 'other_origin']);
    assert.equal(sink.requests.length, 0);
  });

  it("EXT-5 lets no header of the builder's stand for one of ours", async () => {
    caller.secrets = { authentication: { type: 'bearer', value: CANARY } };
    await caller.call(sink.port, {
      headers: {
        'Idempotency-Key': 'forged',
        'Webhook-Id': 'forged',
        'Webhook-Signature': 'v1,forged',
        Authorization: 'forged',
        'Content-Type': 'application/vnd.shop+json',
        'X-Own': 'kept',
      },
    });
    const headers = headersOf(0);
    assert.ok(
      !Object.values(headers).some((value) => String(value).includes('forged')),
      JSON.stringify(headers),
    );
    assert.deepEqual([headers['content-type'], headers['x-own']], ['application/vnd.shop+json', 'kept']);
  });

  it('EXT-5 sends nothing without the secrets it should carry', async () => {
    caller.secrets = null;
    const gone = await caller.call(sink.port);
    caller.secrets = { signingSecret: 'whsec_not base64!' };
    const unreadable = await caller.call(sink.port);
    for (const answer of [gone, unreadable])
      assert.deepEqual(
        { ...answer, durationMs: 0 },
        { kind: 'no_answer', code: 'no_secret', mayHaveArrived: false, durationMs: 0 },
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-2 sends nothing where a header or a credential would split the message', async () => {
    for (const [headers, value] of [
      [{ 'x-a': 'b\r\nx-evil: 1' }, 'fine'],
      [{ 'x-a\r\nx-evil': '1' }, 'fine'],
      [{ host: 'metadata.google.internal' }, 'fine'],
      [{ 'Transfer-Encoding': 'chunked' }, 'fine'],
      [{}, 'a\r\nx-evil: 1'],
    ] as const) {
      caller.secrets = { authentication: { type: 'bearer', value } };
      const answer = await caller.call(sink.port, { headers });
      assert.deepEqual(
        [answer.kind, answer.kind === 'no_answer' && answer.code],
        ['no_answer', 'bad_request'],
      );
    }
    assert.equal(sink.hits, 0);
  });

  it('EXT-7 takes out of the answer what it repeats of the credential, wherever the cap falls', async () => {
    caller.secrets = { authentication: { type: 'bearer', value: CANARY }, signingSecret: SECRET };
    sink.answer = (request, response) => void response.end(JSON.stringify({ got: request.headers, n: 1 }));
    const answer = await caller.call(sink.port);
    assert.ok(answer.kind === 'answered' && !answer.truncated);
    assert.ok(!JSON.stringify(answer).includes('c4n4ry'));
    const echoed = JSON.parse(answer.body) as { got: Record<string, string>; n: number };
    assert.deepEqual([echoed.got['authorization'], echoed.n], ['Bearer [redacted]', 1]);
    for (const before of [65_530, 65_536 - CANARY.length, 65_535, 65_536]) {
      sink.answer = (_, response) => void response.end('x'.repeat(before) + CANARY);
      const cut = await caller.call(sink.port);
      assert.ok(cut.kind === 'answered' && !cut.body.includes('c4n4'), String(before));
      assert.ok(cut.body.length <= 65_536);
    }
  });
});
