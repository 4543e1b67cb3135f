import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { openJourney } from '../../journey/open-journey.ts';
import type { Answer, Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';
import type { Execution, OrderAction } from './order-action.ts';

interface Statistics {
  executions: number;
  successes: number;
  failures: number;
  last_executed_at: string | null;
  average_response_time_ms: number | null;
}

describe('the log of an external action', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());

  const asBuilder = (method: string, path: string, body?: object): Promise<Answer> =>
    journey.call(method, path, { as: 'builder', body });
  const statisticsOf = async ({ path }: OrderAction): Promise<Statistics> =>
    (await asBuilder('GET', path)).body['statistics'] as Statistics;

  async function shop(fields: Record<string, unknown> = {}) {
    const customer = await genericCustomer(journey);
    return { customer, action: await orderAction(journey, customer, fields) };
  }

  /** Orders so many lamps, each time another number of them, and waits for the answer. */
  async function orders(customer: GenericCustomer, pieces: readonly number[]): Promise<void> {
    const before = (await customer.arrived()).length;
    for (const [n, count] of pieces.entries()) {
      await customer.says(`I want to order ${count} lamps`);
      await customer.hears(before + n + 1);
    }
  }

  it('EXT-7 (EA Log) keeps every execution: what was said, sent and answered, how often and how long', async () => {
    const { customer, action } = await shop();
    await action.receiver({ fail: [{ status: 503 }] });
    await customer.says('I want to order 3 lamps', {
      customer: { id: 'c', name: 'Dewi', phone: '+6281200000001' },
    });
    await customer.hears(1);
    const [execution, ...others] = await action.executions();
    assert.deepEqual(others, []);
    const { id, created_at, execution_time_ms, payload_sent, ...rest } = execution ?? ({} as Execution);
    assert.deepEqual(rest, {
      external_action_id: action.id,
      version: 1,
      origin: 'conversation',
      replay_of: null,
      conversation_id: customer.conversation(),
      phone: '+6281200000001',
      original_message: 'I want to order 3 lamps',
      confidence: 0.97,
      response_received: { order_id: 'A-7' },
      response_status_code: 200,
      status: 'success',
      error_message: null,
      retry_count: 1,
      idempotency_key: `${customer.conversation()}:1:1`,
    });
    assert.deepEqual(payload_sent?.body, { product: 'lamps', quantity: 3, said: 'I want to order 3 lamps' });
    assert.ok((execution_time_ms ?? 0) > 0 && !Number.isNaN(Date.parse(created_at)));
    const one = await asBuilder('GET', `${action.path}/executions/${id}`);
    assert.deepEqual(one.body, execution);
    const viewer = await journey.call('GET', `${action.path}/executions`, { as: 'viewer' });
    assert.equal(viewer.status, 403, 'customers’ words are not for every key');
  });

  it('EXT-7 (EA Log) filters by status, time and conversation, and turns pages', async () => {
    const { customer, action } = await shop({ max_retries: 1 });
    await orders(customer, [1, 2]);
    await action.receiver({ fail: [{ status: 500, times: 2 }] });
    await orders(customer, [3, 4]);
    await orders(customer, [5]);
    const all = await action.executions();
    const pieces = (log: Execution[]) => log.map(({ payload_sent }) => payload_sent?.body['quantity']);
    assert.deepEqual(pieces(all), [5, 4, 3, 2, 1], 'newest first');
    assert.deepEqual(pieces(await action.executions('?status=failed')), [4, 3]);
    assert.deepEqual(pieces(await action.executions('?status=success')), [5, 2, 1]);
    assert.deepEqual(pieces(await action.executions('?status=pending')), []);
    const from = encodeURIComponent(all[3]?.created_at ?? '');
    const to = encodeURIComponent(all[1]?.created_at ?? '');
    assert.deepEqual(pieces(await action.executions(`?from=${from}&to=${to}`)), [3, 2]);
    assert.deepEqual(
      pieces(await action.executions(`?conversation=${customer.conversation()}&status=failed`)),
      [4, 3],
    );
    assert.deepEqual(await action.executions(`?conversation=${randomUUID()}`), []);

    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(String(cursor))}`;
      const page = await asBuilder('GET', `${action.path}/executions?limit=2${at}`);
      assert.equal(page.status, 200, page.text);
      seen.push(...pieces(page.body['data'] as Execution[]));
      cursor = page.body['next_cursor'];
    } while (cursor !== null);
    assert.deepEqual(seen, [5, 4, 3, 2, 1]);
    for (const wrong of ['?status=done', '?from=yesterday', '?limit=0'])
      assert.equal((await asBuilder('GET', `${action.path}/executions${wrong}`)).status, 422, wrong);
  });

  it('EXT-7 (EA Statistics) counts executions, successes and failures, and the average time', async () => {
    const { customer, action } = await shop({ max_retries: 1 });
    const none = { executions: 0, successes: 0, failures: 0 };
    assert.deepEqual(await statisticsOf(action), {
      ...none,
      last_executed_at: null,
      average_response_time_ms: null,
    });
    await orders(customer, [1, 2]);
    await action.receiver({ fail: [{ status: 500 }] });
    await orders(customer, [3]);
    const { last_executed_at, average_response_time_ms, ...counts } = await statisticsOf(action);
    assert.deepEqual(counts, { executions: 3, successes: 2, failures: 1 });
    const [newest] = await action.executions();
    assert.ok(Date.parse(last_executed_at ?? '') >= Date.parse(newest?.created_at ?? ''));
    assert.ok((average_response_time_ms ?? -1) >= 0);
  });

  it('EXT-9 (EA Rate limit) refuses what is beyond the limit, tells the customer, and logs it', async () => {
    const { customer, action } = await shop({ rate_limit_per_minute: 1 });
    await orders(customer, [1, 2]);
    assert.deepEqual(await heard(customer, 2), [
      ['outcome', 'Order A-7: 1 of lamps'],
      ['outcome', 'No order was placed.'],
    ]);
    assert.equal((await action.taken()).length, 1);
    assert.deepEqual(
      (await action.executions()).map(({ status, error_message, payload_sent }) => [
        status,
        error_message,
        payload_sent === null,
      ]),
      [
        ['failed', 'rate_limited', true],
        ['success', null, false],
      ],
    );
    await action.change({ rate_limit_per_minute: 2 });
    await orders(customer, [3]);
    assert.equal((await heard(customer, 3))[2]?.[1], 'Order A-7: 3 of lamps');
  });

  it('EXT-8 (EA Test bench) tries, previews and calls for a builder, without a customer', async () => {
    const { customer, action } = await shop();
    const test = (body: object) => asBuilder('POST', `${action.path}/test`, body);
    const message = 'I want to order 3 lamps';

    const tried = await test({ mode: 'try', message });
    assert.equal(tried.status, 200, tried.text);
    const found = { product: 'lamps', quantity: 3 };
    assert.deepEqual(
      [tried.body['matched'], tried.body['confidence'], tried.body['variables'], tried.body['execution']],
      [true, 0.97, found, null],
    );
    const short = await test({ mode: 'try', message: 'I want to order a lamp' });
    assert.deepEqual([short.body['matched'], short.body['missing']], [true, ['quantity']]);
    const other = await test({ mode: 'try', message: 'Good morning' });
    assert.deepEqual([other.body['matched'], other.body['variables']], [false, {}]);

    const dry = await test({ mode: 'dry_run', message });
    const preview = dry.body['payload_preview'] as { method: string; body: unknown };
    assert.deepEqual([preview.method, preview.body], ['POST', { ...found, said: message }]);
    assert.deepEqual(await action.taken(), [], 'nobody was called so far');
    assert.deepEqual(await action.executions(), [], 'and nothing was executed');

    const live = await test({ mode: 'live', message });
    const { origin, status, conversation_id, response_received, execution_time_ms } = live.body[
      'execution'
    ] as Execution;
    assert.deepEqual(
      [origin, status, conversation_id, response_received],
      ['test', 'success', null, { order_id: 'A-7' }],
    );
    assert.ok((execution_time_ms ?? -1) >= 0);
    const [came, ...more] = await action.taken();
    assert.deepEqual([came?.body, came?.signature, more], [{ ...found, said: message }, 'valid', []]);

    await action.receiver({ fail: [{ status: 422 }] });
    const failed = (await test({ mode: 'live', variables: found })).body['execution'] as Execution;
    assert.deepEqual([failed.status, failed.error_message], ['failed', 'http_422']);
    assert.deepEqual(await customer.arrived(), [], 'no customer heard of any of it');
  });

  it('EXT-7 (EA Test bench) replays an execution under its own key, and tells the customer nothing', async () => {
    const { customer, action } = await shop({ max_retries: 1 });
    await action.receiver({ fail: [{ status: 500 }] });
    await orders(customer, [3]);
    const [failed] = await action.executions();
    assert.equal(failed?.status, 'failed');
    const replay = (id: string | undefined) =>
      asBuilder('POST', `${action.path}/executions/${id ?? ''}/replay`);
    const replayed = await replay(failed?.id);
    assert.equal(replayed.status, 200, replayed.text);
    const { origin, status, replay_of, idempotency_key, payload_sent } =
      replayed.body as unknown as Execution;
    assert.deepEqual(
      [origin, status, replay_of, idempotency_key, payload_sent?.body],
      ['replay', 'success', failed?.id, failed?.idempotency_key, failed?.payload_sent?.body],
    );
    const [refused] = await action.turnedAway();
    const [taken] = await action.taken();
    assert.equal(taken?.headers['idempotency-key'], refused?.headers['idempotency-key']);
    assert.deepEqual(taken?.body, refused?.body);
    assert.equal((await customer.arrived()).length, 1);
    assert.equal((await replay(randomUUID())).status, 404);
  });

  it('EXT-7 replays nothing that the customer did not agree to', async () => {
    const { customer, action } = await shop({ requires_confirmation: true });
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    const [waiting] = await action.executions();
    const replay = () => asBuilder('POST', `${action.path}/executions/${waiting?.id ?? ''}/replay`);
    assert.equal((await replay()).status, 409);
    await customer.says('no');
    await customer.hears(2);
    assert.equal((await action.ended()).status, 'cancelled');
    assert.equal((await replay()).status, 409);
    assert.deepEqual(await action.taken(), []);
  });
});
