import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { anyAction, makeExecution, makeExternalAction } from './fake-external-actions.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

type Answer = Awaited<ReturnType<typeof call>>;

describe('external actions over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    call(stage.url, method, `/v1/external-actions${path}`, { key: stage.here.keys.builder, body, headers });
  const fieldsOf = ({ body }: Answer) =>
    ((body['errors'] ?? []) as { field: string }[]).map(({ field }) => field).sort();
  const order = (more: object = {}) => ({
    action_name: 'create_order',
    display_name: 'Create an order',
    channel_integration: stage.here.channels.generic,
    webhook_url: 'https://shop.example/orders/{{quantity}}?for={{phone_number}}',
    payload_template: { product: '{{product}}', note: 'for {{customer_name}}', quantity: '{{quantity}}' },
    variables: [
      { name: 'product', prompt: 'What' },
      { name: 'quantity', prompt: 'How many', type: 'whole_number', required: false, default_value: 1 },
    ],
    ...more,
  });

  it('EXT-1 (EA Examples) makes an external action with every default, and warns under five training examples', async () => {
    const { action_name, display_name, channel_integration, webhook_url } = order({
      webhook_url: 'https://shop.example/orders',
    });
    const made = await as('POST', '', { action_name, display_name, channel_integration, webhook_url });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { http_method, is_active, priority, confidence_threshold, version } = made.body;
    assert.deepEqual(
      [http_method, is_active, priority, confidence_threshold, version],
      ['POST', true, 0, 0.8, 1],
    );
    const { requires_confirmation, retry_on_failure, max_retries, retry_delay_seconds } = made.body;
    assert.deepEqual(
      [requires_confirmation, retry_on_failure, max_retries, retry_delay_seconds],
      [false, true, 3, 1],
    );
    assert.deepEqual(made.body['authentication'], { type: 'none', value_set: false });
    assert.deepEqual((made.body['warnings'] as { field: string }[])[0]?.field, 'training_examples');
    const five = Array.from({ length: 5 }, (_, n) => ({ text: `order ${n}`, language: 'en' }));
    const changed = await as('PATCH', `/${String(made.body['id'])}`, { training_examples: five });
    assert.deepEqual([changed.status, changed.body['warnings'], changed.body['version']], [200, [], 2]);
  });

  it('EXT-1 (EA Secrets) makes a signing secret and shows it once; an authentication’s value never', async () => {
    const value = 'canary-value';
    const body = order({ authentication: { type: 'api_key', header: 'X-Key', value } });
    const headers = { 'idempotency-key': randomUUID() };
    const made = await as('POST', '', body, headers);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const secret = String(made.body['signing_secret']);
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const read = await as('GET', `/${String(made.body['id'])}`);
    assert.deepEqual(read.body['authentication'], { type: 'api_key', header: 'X-Key', value_set: true });
    assert.equal(read.body['signing_secret_set'], true);
    const shown = JSON.stringify([made.body['authentication'], read.body, stage.log]);
    assert.ok(!shown.includes(value) && !shown.includes(secret));
    const own = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    const named = await as('POST', '', order({ action_name: 'other', signing_secret: own }));
    assert.deepEqual([named.status, 'signing_secret' in named.body], [201, false]);
  });

  it('EXT-1 keeps a secret that is not named, but only for the same receiver', async () => {
    const made = await as('POST', '', order({ authentication: { type: 'bearer', value: 'v' } }));
    const path = `/${String(made.body['id'])}`;
    const kept = await as('PATCH', path, { webhook_url: 'https://shop.example/v2' });
    assert.deepEqual(kept.body['authentication'], { type: 'bearer', value_set: true });
    const elsewhere = await as('PATCH', path, { webhook_url: 'https://thief.example/v2' });
    assert.deepEqual([elsewhere.status, fieldsOf(elsewhere)], [422, ['authentication.value']]);
    const again = { webhook_url: 'https://thief.example/v2', authentication: { type: 'bearer', value: 'w' } };
    assert.equal((await as('PATCH', path, again)).status, 200);
    const none = await as('PATCH', path, { authentication: { type: 'none' } });
    assert.deepEqual(none.body['authentication'], { type: 'none', value_set: false });
    const back = await as('PATCH', path, { authentication: { type: 'bearer' } });
    assert.deepEqual([back.status, fieldsOf(back)], [422, ['authentication.value']]);
  });

  it('EXT-1 takes the short form of variables', async () => {
    const made = await as(
      'POST',
      '',
      order({ variables: undefined, variable_prompts: { product: 'What', quantity: 'n' } }),
    );
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const [first] = made.body['variables'] as object[];
    const rest = { type: 'text', required: true, default_value: null, options: [] };
    assert.deepEqual(first, { name: 'product', prompt: 'What', ...rest });
  });

  it('EXT-1 (EA Unique) refuses a name that is taken, at that channel integration only', async () => {
    await as('POST', '', order());
    const twice = await as('POST', '', order());
    assert.deepEqual([twice.status, fieldsOf(twice)], [409, ['action_name']]);
    const elsewhere = await as('POST', '', order({ channel_integration: stage.here.channels.webchat }));
    assert.equal(elsewhere.status, 201);
    const foreign = await as('POST', '', order({ channel_integration: stage.there.channels.generic }));
    assert.deepEqual([foreign.status, fieldsOf(foreign)], [422, ['channel_integration']]);
  });

  it('EXT-1 (EA Limit) has at most 100 active ones, whether made, switched on or changed', async () => {
    for (let n = 1; n < 100; n++) {
      const action = anyAction(stage.here.channels.generic);
      action.definition = { ...action.definition, actionName: `filler_${n}` };
      makeExternalAction(stage.world, stage.here.id, action);
    }
    const over = await as('POST', '', order());
    assert.deepEqual([over.status, fieldsOf(over)], [409, ['is_active']]);
    const asleep = await as('POST', '', order({ is_active: false }));
    assert.equal(asleep.status, 201);
    const path = `/${String(asleep.body['id'])}`;
    assert.equal((await as('POST', `${path}/toggle`)).status, 409);
    assert.equal((await as('PATCH', path, { is_active: true })).status, 409);
    assert.equal((await as('POST', `/${stage.here.externalAction}/duplicate`)).body['is_active'], false);
    await as('POST', `/${stage.here.externalAction}/toggle`, { is_active: false });
    assert.equal((await as('POST', `${path}/toggle`)).body['is_active'], true);
  });

  it('EXT-1 lists by channel and switch, deletes, and finds it no more', async () => {
    const made = await as('POST', '', order({ is_active: false }));
    const ids = async (query: string) =>
      ((await as('GET', query)).body['data'] as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(await ids('?is_active=false'), [made.body['id']]);
    assert.deepEqual(await ids('?is_active=true'), [stage.here.externalAction]);
    assert.deepEqual(await ids(`?channel=${stage.here.channels.webchat}`), []);
    const path = `/${String(made.body['id'])}`;
    assert.equal((await as('DELETE', path)).status, 200);
    assert.equal((await as('GET', path)).status, 404);
    assert.equal((await as('POST', '', order())).status, 201);
  });

  const wrongFields: [string, object, string[]][] = [
    [
      'shapes',
      { action_name: 'Order!', max_retries: 11, headers: 3 },
      ['action_name', 'headers', 'max_retries'],
    ],
    [
      'what is wrong by itself and with others at once',
      { action_name: 'Order!', headers: { Host: 'x' }, success_message: '{{not a name}}' },
      ['action_name', 'headers.Host', 'success_message'],
    ],
    ['a relative address', { webhook_url: '/orders' }, ['webhook_url']],
    ['another scheme', { webhook_url: 'ftp://shop.example' }, ['webhook_url']],
    ['a user in the address', { webhook_url: 'https://me:pw@shop.example' }, ['webhook_url']],
    ['a value as host', { webhook_url: 'https://{{product}}/x' }, ['webhook_url']],
    ['a value as port', { webhook_url: 'https://shop.example:{{quantity}}/x' }, ['webhook_url']],
    ['a value as scheme', { webhook_url: '{{product}}://shop.example' }, ['webhook_url']],
    [
      'a backslash that ends the host',
      { webhook_url: 'https://shop.example\\@evil.example/' },
      ['webhook_url'],
    ],
    ['a line break in a header', { headers: { 'X-A': 'a\r\nX-B: b' } }, ['headers.X-A']],
    ['a header of the framing', { headers: { 'Content-Length': '1' } }, ['headers.Content-Length']],
    ['our own header', { headers: { 'Webhook-Id': '1' } }, ['headers.Webhook-Id']],
    ['a header that is none', { headers: { 'X A': '1' } }, ['headers.X A']],
    ['authorisation past authentication', { headers: { authorization: 'x' } }, ['headers.authorization']],
    ['an authentication without value', { authentication: { type: 'bearer' } }, ['authentication.value']],
    [
      'names that cannot have a value',
      {
        webhook_url: 'https://shop.example/{{nobody}}',
        headers: { 'X-A': '{{nobody}}' },
        payload_template: { deep: [{ a: 'x {{nobody}}' }] },
        confirmation_message: 'Order {{order_id}}?',
        failure_message: 'No {{order_id}}',
        in_progress_message: 'Wait, {{customer_name}}',
        success_message: 'Done {{not a name}}',
      },
      [
        'confirmation_message',
        'failure_message',
        'headers.X-A',
        'in_progress_message',
        'payload_template',
        'success_message',
        'webhook_url',
      ],
    ],
    [
      'a rule of approval that is none, over names that are none, and a policy that is none',
      {
        needs_approval: 'price > 100',
        approval_message: 'For {{price}} a colleague has to agree',
        on_new_message: 'forget',
      },
      ['approval_message', 'needs_approval', 'on_new_message'],
    ],
    ['a rule of approval that cannot be read', { needs_approval: 'quantity >' }, ['needs_approval']],
    ['a brace that would show', { success_message: 'Done {{order_id}' }, ['success_message']],
    ['a template beyond 20 kB', { payload_template: { a: 'x'.repeat(20_001) } }, ['payload_template']],
    [
      'a template deeper than 20',
      { payload_template: Array.from({ length: 21 }).reduce<unknown>((inner) => [inner], 1) },
      ['payload_template'],
    ],
    ['a nested payload for GET', { http_method: 'GET', payload_template: { a: {} } }, ['payload_template']],
    [
      'a variable named like a built-in one',
      {
        variables: [
          { name: 'channel', prompt: 'x' },
          { name: 'response', prompt: 'x' },
        ],
        payload_template: {},
        webhook_url: 'https://shop.example',
      },
      ['variables.0.name', 'variables.1.name'],
    ],
    [
      'defaults of another type and a choice of nothing',
      {
        variables: [
          { name: 'product', prompt: 'x', type: 'choice' },
          { name: 'quantity', prompt: 'x', type: 'whole_number', default_value: 1.5 },
          { name: 'day', prompt: 'x', type: 'date', default_value: '2026-02-30' },
          { name: 'gift', prompt: 'x', type: 'yes_no', default_value: 'yes' },
        ],
      },
      [
        'variables.0.options',
        'variables.1.default_value',
        'variables.2.default_value',
        'variables.3.default_value',
      ],
    ],
  ];
  for (const [what, more, fields] of wrongFields) {
    it(`EXT-3 refuses ${what} on save, naming every field`, async () => {
      const answer = await as('POST', '', order(more));
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      assert.deepEqual(fieldsOf(answer), fields);
    });
  }

  for (const body of [null, [], 'x', 3])
    it(`EXT-1 refuses ${JSON.stringify(body)} as a whole`, async () => {
      assert.deepEqual(fieldsOf(await as('POST', '', JSON.stringify(body))), ['body']);
    });

  it('EXT-3 takes members of the answer in success and failure messages', async () => {
    const messages = {
      success_message: 'Order {{order_id}} ({{response.order.state}}) of {{product}}',
      failure_message: 'Not done: {{response.reason}}',
    };
    const made = await as('POST', '', order(messages));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    // A change that takes away a variable is held to the templates that stay.
    const changed = await as('PATCH', `/${String(made.body['id'])}`, { variables: [] });
    assert.deepEqual(fieldsOf(changed), ['payload_template', 'webhook_url']);
  });

  it('EXT-7 shows the log with status, phone and retries, filtered and paged', async () => {
    const { id, externalAction } = stage.here;
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
    const make = (state: 'calling' | 'timed_out' | 'refused', seconds: number) =>
      makeExecution(stage.world, id, externalAction, {
        state,
        attempts: 3,
        phone: '+62',
        plannedAt: at(seconds),
      });
    make('calling', 1);
    const late = make('timed_out', 2);
    make('refused', 3);
    const path = `/${externalAction}/executions`;
    const statuses = async (query: string) =>
      ((await as('GET', path + query)).body['data'] as { status: string }[]).map(({ status }) => status);
    assert.deepEqual(await statuses(''), ['success', 'pending', 'timeout', 'failed']);
    assert.deepEqual(await statuses('?status=timeout'), ['timeout']);
    assert.deepEqual(await statuses(`?from=${at(2).toISOString()}&to=${at(3).toISOString()}`), ['timeout']);
    assert.equal((await as('GET', `${path}?status=perhaps`)).status, 422);
    const one = (await as('GET', `${path}/${late.id}`)).body;
    assert.deepEqual([one['phone'], one['retry_count'], one['status']], ['+62', 2, 'timeout']);
    const foreign = await as('GET', `${path}/${stage.there.execution}`);
    assert.equal(foreign.status, 404);
  });

  it('EXT-7 replays an ended execution under its own key, and no other', async () => {
    const { id, externalAction, execution } = stage.here;
    const path = `/${externalAction}/executions`;
    const replayed = await as('POST', `${path}/${execution}/replay`);
    assert.equal(replayed.status, 200, JSON.stringify(replayed.body));
    const { origin, replay_of, idempotency_key, status } = replayed.body;
    assert.deepEqual(
      [origin, replay_of, idempotency_key, status],
      ['replay', execution, `key-${execution}`, 'success'],
    );
    assert.deepEqual(
      stage.world.trials.map(({ input }) => [input.live, input.understand, input.callId]),
      [[true, false, replayed.body['id']]],
    );
    for (const state of ['calling', 'cancelled'] as const) {
      const row = makeExecution(stage.world, id, externalAction, { state });
      assert.equal((await as('POST', `${path}/${row.id}/replay`)).status, 409, state);
    }
  });

  it('EXT-8 tries a message: matched, confidence, variables and preview, without an execution', async () => {
    stage.world.runTrial = (row) => {
      Object.assign(row, { state: 'cancelled', confidence: 0.9, arguments: { a: 1 }, request: { body: 1 } });
      return 'ended';
    };
    const path = `/${stage.here.externalAction}/test`;
    const tried = await as('POST', path, { mode: 'try', message: 'I want one' });
    assert.equal(tried.status, 200, JSON.stringify(tried.body));
    const { matched, confidence, variables, payload_preview, execution } = tried.body;
    assert.deepEqual(
      [matched, confidence, variables, payload_preview, execution],
      [true, 0.9, { a: 1 }, { body: 1 }, null],
    );
    stage.world.runTrial = (row) => {
      Object.assign(row, { state: 'refused', error: 'no_match' });
      return 'ended';
    };
    const unmatched = await as('POST', path, { mode: 'live', message: 'Hello' });
    assert.deepEqual([unmatched.body['matched'], unmatched.status], [false, 200]);
    assert.deepEqual(
      stage.world.trials.map(({ input }) => [input.understand, input.live]),
      [
        [true, false],
        [true, true],
      ],
    );
  });

  it('EXT-8 answers 202 for a live test that is still under way', async () => {
    stage.world.runTrial = (row) => {
      row.state = 'calling';
      return 'running';
    };
    const live = await as('POST', `/${stage.here.externalAction}/test`, { mode: 'live', variables: {} });
    assert.equal(live.status, 202, JSON.stringify(live.body));
    assert.equal((live.body['execution'] as { status: string }).status, 'pending');
    assert.equal(live.body['matched'], null);
  });

  it('EXT-8 ends the row of a trial that broke, and does not guess what the model would have said', async () => {
    stage.world.runTrial = () => 'ended';
    const broken = await as('POST', `/${stage.here.externalAction}/test`, { mode: 'live', message: 'x' });
    const { matched, error_message, execution } = broken.body;
    assert.deepEqual([broken.status, matched, error_message], [200, null, 'trial_failed']);
    assert.equal((execution as { status: string }).status, 'cancelled');
  });

  it('EXT-8 refuses a test without words, and variables that the action has not', async () => {
    const path = `/${stage.here.externalAction}/test`;
    assert.deepEqual(fieldsOf(await as('POST', path, { mode: 'live' })), ['message']);
    assert.deepEqual(fieldsOf(await as('POST', path, { mode: 'try', variables: {} })), ['variables']);
    const unknown = await as('POST', path, { mode: 'live', variables: { nobody: 1 } });
    assert.deepEqual(fieldsOf(unknown), ['variables.nobody']);
  });

  it('EXT-8 answers 503 while Temporal is away, and leaves no row that waits', async () => {
    stage.world.temporal = false;
    const away = await as('POST', `/${stage.here.externalAction}/test`, { mode: 'live', message: 'x' });
    assert.deepEqual([away.status, Number(away.headers.get('retry-after')) > 0], [503, true]);
    assert.ok(stage.world.executions.every(({ state }) => state !== 'planned'));
  });

  it('EXT-10 (EA Starters) has templates for Zapier, n8n and Make that can be saved as they are', async () => {
    const key = stage.here.keys.builder;
    const { body } = await call(stage.url, 'GET', '/v1/external-action-templates', { key });
    const templates = body['data'] as { id: string; action: { authentication: { type: string } } }[];
    assert.deepEqual(
      templates.map(({ id }) => id),
      ['zapier', 'n8n', 'make'],
    );
    for (const { action } of templates) {
      const value = action.authentication.type === 'none' ? {} : { value: 'v' };
      const authentication = { ...action.authentication, ...value };
      const channel_integration = stage.here.channels.generic;
      const made = await as('POST', '', { ...action, authentication, channel_integration });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.deepEqual(made.body['warnings'], []);
    }
  });
});
