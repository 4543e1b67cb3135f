import { strict as assert } from 'node:assert';
import { openJourney } from './open-journey.ts';
import type { Answer, Journey } from './open-journey.ts';

interface Taken {
  headers: Record<string, string>;
  body: string;
  signature: string;
}

describe('a builder tries an external action', () => {
  let journey: Journey;
  let path: string;
  before(async () => {
    journey = await openJourney();
    const made = await journey.call('POST', '/v1/external-actions', {
      as: 'builder',
      body: {
        action_name: 'order_lamp',
        display_name: 'Order a lamp',
        description: 'Places an order for a lamp.',
        training_examples: [
          { text: 'I want to order a lamp', language: 'en' },
          { text: 'Please order a lamp for me', language: 'en' },
        ],
        channel_integration: journey.stage.dev().channels.generic,
        webhook_url: `${journey.stage.standIns}/sink/trials`,
        authentication: { type: 'bearer', value: 'canary-token' },
        payload_template: { product: '{{product}}', said: '{{message_text}}', at: '{{timestamp}}' },
        variables: [{ name: 'product', prompt: 'Name of the product' }],
        is_active: false,
      },
    });
    assert.equal(made.status, 201, made.text);
    path = `/v1/external-actions/${made.body['id'] as string}`;
    const secret = made.body['signing_secret'];
    await journey.standIn('POST', '/sink/trials/control', {
      secret,
      answer: { status: 200, body: { order_id: 'A-7' } },
    });
  });
  after(() => journey?.close());

  const test = (body: object): Promise<Answer> =>
    journey.call('POST', `${path}/test`, { as: 'builder', body });
  const taken = async (): Promise<Taken[]> =>
    (await journey.standIn('GET', '/sink/trials/journal'))['entries'] as Taken[];

  it('EXT-8 understands a message without calling anybody', async () => {
    const tried = await test({ mode: 'try', message: 'I want to order a lamp called "Aurora"' });
    assert.equal(tried.status, 200, tried.text);
    assert.deepEqual([tried.body['matched'], tried.body['execution']], [true, null]);
    assert.ok((tried.body['confidence'] as number) > 0.8, tried.text);
    assert.deepEqual(Object.keys(tried.body['variables'] as object), ['product']);
    const other = await test({ mode: 'try', message: 'Good morning' });
    assert.deepEqual([other.status, other.body['matched']], [200, false], other.text);
    assert.deepEqual(await taken(), []);
  });

  it('EXT-8 shows what would leave, and says what is missing', async () => {
    const dry = await test({ mode: 'dry_run', message: 'One lamp', variables: { product: 'Aurora' } });
    assert.equal(dry.status, 200, dry.text);
    const { body } = dry.body['payload_preview'] as { body: Record<string, string> };
    assert.deepEqual([body['product'], body['said']], ['Aurora', 'One lamp']);
    const missing = await test({ mode: 'dry_run', variables: {} });
    assert.deepEqual(missing.body['missing'], ['product'], missing.text);
    assert.deepEqual(await taken(), []);
  });

  it('EXT-8 calls for real, signed; EXT-7 replays it under the same key', async () => {
    const live = await test({ mode: 'live', message: 'One "lamp"', variables: { product: 'A}}{{"b' } });
    assert.equal(live.status, 200, live.text);
    const execution = live.body['execution'] as Record<string, unknown>;
    assert.deepEqual([execution['status'], execution['response_status_code']], ['success', 200], live.text);
    assert.deepEqual(execution['response_received'], { order_id: 'A-7' });
    const replayed = await journey.call('POST', `${path}/executions/${execution['id'] as string}/replay`, {
      as: 'builder',
    });
    assert.deepEqual([replayed.status, replayed.body['status']], [200, 'success'], replayed.text);
    const [first, second, ...more] = await taken();
    assert.ok(first !== undefined && second !== undefined && more.length === 0);
    const { product, said } = JSON.parse(first.body) as Record<string, string>;
    assert.deepEqual([product, said], ['A}}{{"b', 'One "lamp"']);
    assert.equal(second.body, first.body);
    assert.deepEqual([first.signature, second.signature], ['valid', 'valid']);
    assert.equal(first.headers['authorization'], 'Bearer canary-token');
    assert.equal(second.headers['idempotency-key'], first.headers['idempotency-key']);
    const log = await journey.call('GET', `${path}/executions`, { as: 'builder' });
    const rows = log.body['data'] as { origin: string; status: string }[];
    assert.deepEqual(
      rows.map(({ origin, status }) => [origin, status]),
      [
        ['replay', 'success'],
        ['test', 'success'],
      ],
    );
    assert.ok(!log.text.includes('canary-token'));
    const { statistics } = (await journey.call('GET', path, { as: 'builder' })).body as {
      statistics: { executions: number; successes: number };
    };
    assert.deepEqual([statistics.executions, statistics.successes], [2, 2]);
  });
});
