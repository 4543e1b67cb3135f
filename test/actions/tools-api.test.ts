import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { WebhookAnswer } from '../../activities/ports.ts';
import { apiRequest } from '../../activities/tools/api-request.ts';
import type { Executed } from '../../activities/tools/tool.ts';
import {
  added,
  attemptWith,
  fakePorts,
  KEY,
  ready,
  refusal,
  resolve,
  situationWith,
} from './tool-situation.ts';

const LOOK = {
  name: 'find_order',
  description: 'Finds an order by its number',
  method: 'GET',
  url: 'https://shop.example/orders/{{number}}?phone={{phone_number}}',
  headers: { 'X-Shop': 'main {{number}}' },
  parameters: [{ name: 'number', description: 'Its number', type: 'string', required: true }],
};
const MAKE = {
  name: 'new_order',
  description: 'Makes an order',
  method: 'POST',
  url: 'https://shop.example/orders',
  body: { product: '{{product}}', quantity: '{{quantity}}', note: 'for {{customer_name}}' },
  parameters: [
    { name: 'product', type: 'string' },
    { name: 'quantity', type: 'integer', required: false },
  ],
};

interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string | null;
}
const sent = (...of: [fields: Record<string, unknown>, proposed: unknown]) =>
  ready('api', ...of) as unknown as Sent;
const problems = (fields: Record<string, unknown>) =>
  apiRequest.problemsOf(fields).map(({ field, message }) => `${field}: ${message}`);
const answered = (status: number, body = '{}', retryAfterMs: number | null = null): WebhookAnswer => ({
  kind: 'answered',
  status,
  body,
  truncated: false,
  retryAfterMs,
  durationMs: 5,
});
const silent = (code: string, mayHaveArrived: boolean): WebhookAnswer => ({
  kind: 'no_answer',
  code,
  mayHaveArrived,
  durationMs: 5,
});

describe('the api action as a builder adds it', () => {
  it('ACT-9 saves a request whose placeholders are its parameters and the conversation’s', () => {
    assert.deepEqual(problems(LOOK), []);
    assert.deepEqual(problems(MAKE), []);
    assert.deepEqual(problems({ ...MAKE, body: '{"product": "{{product}}"}' }), []);
    assert.deepEqual(problems({ ...MAKE, connection: 'shop' }), []);
  });

  it('ACT-9 refuses to save what could not be sent, or would not stay in its place', () => {
    const wrong: [field: string, more: Record<string, unknown>][] = [
      ['name', { name: 'Find order' }],
      ['method', { method: 'TRACE' }],
      ['url', { url: 'ftp://shop.example/x' }],
      ['url', { url: 'https://{{number}}.example/x' }],
      ['url', { url: 'https://shop.example/{{unheard_of}}' }],
      ['url', { url: 'not an address' }],
      ['headers.Host', { headers: { Host: 'other.example' } }],
      ['headers.Idempotency-Key', { headers: { 'Idempotency-Key': '1' } }],
      ['headers.webhook-id', { headers: { 'webhook-id': '1' } }],
      ['headers.X-A', { headers: { 'X-A': 'a\r\nX-B: b' } }],
      ['headers.X A', { headers: { 'X A': 'a' } }],
      ['headers.X-A', { headers: { 'X-A': '{{unheard_of}}' } }],
      ['body', { body: { a: 1 } }],
      ['body', { method: 'POST', body: 'not json' }],
      ['body', { method: 'POST', body: { a: '{{unheard_of}}' } }],
      [
        'parameters.0.name',
        { url: 'https://shop.example/', headers: {}, parameters: [{ name: 'customer_name' }] },
      ],
      ['', { secret: 'x' }],
    ];
    for (const [field, more] of wrong) {
      const found = apiRequest.problemsOf({ ...LOOK, ...more });
      assert.deepEqual([...new Set(found.map((problem) => problem.field))], [field], JSON.stringify(more));
    }
  });

  it('ACT-9 sends secrets from connections only, and never the CRM’s', () => {
    for (const headers of [
      { Authorization: 'Bearer abc' },
      { 'X-Api-Key': 'abc' },
      { 'X-Auth': '{{number}}' },
      { 'X-Custom': 'Bearer abc' },
      { Cookie: 'a=b' },
    ])
      assert.match(
        problems({ ...LOOK, headers }).join(),
        /store it as a connection/,
        JSON.stringify(headers),
      );
    for (const url of ['https://u:p@shop.example/', 'https://shop.example/?api_key=abc'])
      assert.match(problems({ ...LOOK, url }).join(), /store it as a connection/);
    assert.match(problems({ ...LOOK, connection: '__qontak_crm_company_token' }).join(), /^connection/);
  });

  it('ACT-9 offers the model its parameters, and nothing of where they go', () => {
    const offer = apiRequest.offer(added('api', MAKE));
    assert.equal(offer.name, 'api_new_order');
    const { properties, required } = offer.parameters as { properties: object; required: string[] };
    assert.deepEqual(Object.keys(properties), ['product', 'quantity']);
    assert.deepEqual(required, ['product', 'quantity']);
    assert.ok(!JSON.stringify(offer).includes('shop.example'));
  });
});

describe('the api action as a model calls it', () => {
  it('ACT-9 fills address, header and body, each value in its place and of its type', () => {
    const look = sent(LOOK, { number: 'A/7 ?&#' });
    assert.equal(look.url, 'https://shop.example/orders/A%2F7%20%3F%26%23?phone=%2B6281234567890');
    assert.deepEqual(look.headers, { 'x-shop': 'main A/7 ?&#' });
    const made = sent(MAKE, { product: 'Lamp "x"', quantity: 2 });
    assert.deepEqual(JSON.parse(made.body ?? ''), { product: 'Lamp "x"', quantity: 2, note: 'for Budi' });
    assert.equal(
      (JSON.parse(sent(MAKE, { product: 'L' }).body ?? '') as { quantity: unknown }).quantity,
      null,
    );
  });

  it('ACT-9 refuses arguments that are not its parameters', () => {
    for (const more of [{ url: 'https://evil.example' }, { connection: 'shop' }, { headers: {} }])
      assert.equal(refusal('api', LOOK, { number: '1', ...more }), 'bad_arguments');
    assert.equal(refusal('api', MAKE, { product: 'L', quantity: 'two' }), 'bad_arguments');
    assert.equal(refusal('api', MAKE, {}), 'bad_arguments');
  });

  it('ACT-9 refuses a value that would climb out of the address, or into the headers', () => {
    for (const number of ['..', '.', 'a\r\nX-Evil: 1', '\u{1f600}'])
      assert.equal(refusal('api', LOOK, { number }), 'unusable_value', JSON.stringify(number));
    const unknown = situationWith();
    assert.equal(
      refusal('api', { ...MAKE, body: { deal: '{{deal_id}}' } }, { product: 'L' }, unknown),
      'missing_value',
    );
  });

  it('ACT-9 keeps host, header and shape of the body whatever the values are', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }),
        fc.string({ minLength: 1 }),
        (number, product) => {
          const resolved = resolve('api', LOOK, { number });
          if (resolved.kind === 'ready') {
            const { url, headers } = resolved.arguments as unknown as Sent;
            assert.equal(new URL(url).host, 'shop.example');
            assert.equal(new URL(url).pathname.split('/').length, 3);
            assert.doesNotMatch(headers['x-shop'] ?? '', /[\r\n]/);
          }
          if (product.trim() === '') return;
          const { body } = sent(MAKE, { product });
          assert.deepEqual(JSON.parse(body ?? ''), { product, quantity: null, note: 'for Budi' });
        },
      ),
    );
  });

  it('ACT-9 may repeat what reads, and what the builder calls idempotent', () => {
    const how = (fields: Record<string, unknown>, proposed: object) => {
      const resolved = resolve('api', fields, proposed);
      return resolved.kind === 'ready' ? `${resolved.effect} ${resolved.reliability}` : resolved.code;
    };
    assert.equal(how(LOOK, { number: '1' }), 'read keyed');
    assert.equal(how(MAKE, { product: 'L' }), 'write none');
    assert.equal(how({ ...MAKE, idempotent: true }, { product: 'L' }), 'write keyed');
  });
});

describe('what becomes of an api call', () => {
  async function run(answer: WebhookAnswer, as: 'read' | 'keyed' | 'none' = 'read') {
    const fields = as === 'read' ? { ...LOOK, connection: 'shop' } : MAKE;
    const resolved = ready('api', fields, as === 'read' ? { number: '7' } : { product: 'L' });
    const reliability = as === 'none' ? 'none' : 'keyed';
    const fake = fakePorts({ webhook: answer });
    const executed = await apiRequest.execute(fake.ports, attemptWith(resolved, { reliability }));
    return { executed, request: fake.webhooks[0] };
  }
  const verdict = async (answer: WebhookAnswer, as: 'read' | 'keyed' | 'none') => {
    const { executed } = await run(answer, as);
    return executed.kind === 'try_again'
      ? `again ${executed.code}`
      : `${executed.outcome.state} ${executed.outcome.reason ?? ''}`.trim();
  };

  it('ACT-9 sends it under the call’s key with the secrets of its connection', async () => {
    const { request } = await run(answered(200));
    assert.equal(request?.idempotencyKey, KEY);
    assert.deepEqual(request?.secrets, { connection: 'shop' });
    assert.equal((await run(answered(200), 'none')).request?.secrets, null);
  });

  it('ACT-9 gives the model the status and the JSON of the answer, four kilobytes at most', async () => {
    assert.deepEqual(result((await run(answered(200, '{"state":"sent"}'))).executed), {
      ok: true,
      status: 200,
      body: { state: 'sent' },
    });
    assert.deepEqual(result((await run(answered(200, '<p>hello</p>'))).executed), { ok: true, status: 200 });
    const long = result((await run(answered(200, JSON.stringify(['x'.repeat(50_000)])))).executed);
    assert.ok(JSON.stringify(long).length < 4_300);
  });

  it('ACT-9 lets a refusal be the answer', async () => {
    const { executed } = await run(answered(404, '{"error":"no such order"}'));
    assert.deepEqual(result(executed), { ok: false, status: 404, body: { error: 'no such order' } });
    for (const as of ['read', 'keyed', 'none'] as const) {
      assert.equal(await verdict(answered(404), as), 'failed http_404');
      assert.equal(await verdict(answered(302), as), 'failed redirected');
      assert.equal(await verdict(silent('blocked_destination', false), as), 'failed blocked_destination');
    }
  });

  it('ACT-9 repeats only what may be repeated', async () => {
    const table: [WebhookAnswer, read: string, keyed: string, none: string][] = [
      [answered(429, '{}', 2_000), 'again http_429', 'again http_429', 'failed http_429'],
      [answered(429, '{}', 3_600_000), 'failed http_429', 'failed http_429', 'failed http_429'],
      [answered(503), 'again http_503', 'again outcome_unknown', 'failed http_503'],
      [silent('timed_out', true), 'again timed_out', 'again outcome_unknown', 'timed_out timed_out'],
      [
        silent('connection_lost', true),
        'again connection_lost',
        'again outcome_unknown',
        'unknown connection_lost',
      ],
      [silent('nothing_sent', false), 'again nothing_sent', 'again nothing_sent', 'failed nothing_sent'],
    ];
    for (const [answer, ...expected] of table) {
      const found = await Promise.all((['read', 'keyed', 'none'] as const).map((as) => verdict(answer, as)));
      assert.deepEqual(found, expected);
    }
  });

  it('ACT-9 keeps what looks like a secret out of the log', async () => {
    const fields = { ...MAKE, body: { product: '{{product}}', password: 'canary' } };
    const fake = fakePorts({ webhook: answered(200) });
    const attempt = attemptWith(ready('api', fields, { product: 'L' }), { reliability: 'none' });
    const executed = await apiRequest.execute(fake.ports, attempt);
    assert.ok(!JSON.stringify(executed).includes('canary'));
    assert.ok(fake.webhooks[0]?.body?.includes('canary'));
  });
});

function result(executed: Executed): unknown {
  assert.ok(executed.kind === 'ended', JSON.stringify(executed));
  return executed.outcome.result;
}
