import { strict as assert } from 'node:assert';
import { inspect } from 'node:util';
import { openOfflineModel } from '../../dev/offline-model/open-offline-model.ts';
import type { LocalServer } from '../../dev/stand-ins/local-http-server.ts';
import type { ModelRequest } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { safeError } from '../log/log.ts';
import { openModel } from './open-model.ts';

const KEY = 'sk-a-key-nobody-may-see';
const WORDS = 'my lamp is green and my secret word is xylophone';
const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'You are the prompt of a lighthouse.' },
    { role: 'user', content: WORDS },
  ],
};

describe('the model adapter, with the real client against the offline model', () => {
  let server: LocalServer;
  const alive = new AbortController().signal;

  before(async () => {
    server = await openOfflineModel();
  });
  beforeEach(async () => {
    await fetch(`${server.url}/control`, { method: 'DELETE' });
    await fetch(`${server.url}/journal`, { method: 'DELETE' });
  });
  after(() => server.close());

  const model = (timeoutMs?: number): ReturnType<typeof openModel> =>
    openModel({ apiKey: KEY, baseUrl: `${server.url}/v1`, name: 'any-model', timeoutMs });
  const control = async (settings: object): Promise<void> => {
    const answer = await fetch(`${server.url}/control`, { method: 'POST', body: JSON.stringify(settings) });
    assert.equal(answer.status, 200, await answer.text());
  };
  const asked = async (): Promise<Record<string, unknown>[]> => {
    const { entries } = (await (await fetch(`${server.url}/journal`)).json()) as {
      entries: { request: string }[];
    };
    return entries.map((entry) => JSON.parse(entry.request) as Record<string, unknown>);
  };
  const failure = async (timeoutMs?: number): Promise<ParleyFailure> => {
    const error = await model(timeoutMs)
      .complete(request, alive)
      .then(
        () => assert.fail('the call succeeded'),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof ParleyFailure, inspect(error));
    const shown = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [KEY, 'xylophone', 'lighthouse']) assert.ok(!shown.includes(secret), shown);
    return error;
  };

  it('CONV-5 gives text, reason, model and token counts of an answer', async () => {
    await control({ script: [{ when: '', reply: 'Good day.' }] });
    const { inputTokens, ...rest } = await model().complete(
      { ...request, temperature: 0.2, maxTokens: 50 },
      alive,
    );
    assert.deepEqual(rest, {
      text: 'Good day.',
      toolCalls: [],
      finishReason: 'stop',
      model: 'parley-offline-1',
      outputTokens: 3,
    });
    assert.ok(inputTokens > 0);
    const [sent] = await asked();
    assert.deepEqual([sent?.model, sent?.temperature, sent?.max_completion_tokens], ['any-model', 0.2, 50]);
  });

  it('CONV-5 asks for the model that the request names', async () => {
    await model().complete({ ...request, model: 'another' }, alive);
    assert.equal((await asked())[0]?.model, 'another');
  });

  it('INT-4 gives a structured answer as the JSON text it is', async () => {
    const schema = {
      type: 'object',
      properties: { core_intent: { enum: ['sales', 'technical'] } },
      required: ['core_intent'],
      additionalProperties: false,
    };
    const answer = await model().complete({ ...request, schema: { name: 'understanding', schema } }, alive);
    assert.deepEqual(Object.keys(JSON.parse(answer.text ?? '') as object), ['core_intent']);
    const [sent] = await asked();
    assert.deepEqual(sent?.response_format, {
      type: 'json_schema',
      json_schema: { name: 'understanding', schema, strict: true },
    });
  });

  it('ACT-1 gives tool calls with their arguments as the model wrote them, broken ones too', async () => {
    const tools = [
      { name: 'look_up', description: 'Looks up', parameters: { type: 'object', properties: {} } },
    ];
    await control({ script: [{ when: '', tool_calls: [{ name: 'look_up', arguments: '{"id":' }] }] });
    const answer = await model().complete({ ...request, tools, toolChoice: 'auto' }, alive);
    assert.equal(answer.finishReason, 'tool_calls');
    assert.equal(answer.text, null);
    assert.deepEqual(
      answer.toolCalls.map(({ name, arguments: given }) => [name, given]),
      [['look_up', '{"id":']],
    );
  });

  it('ACT-1 sends calls and their results back in the form the endpoint pairs them by', async () => {
    const toolCalls = [
      { id: 'one', name: 'look_up', arguments: '{"id":1}' },
      { id: 'two', name: 'look_up', arguments: '{"id":2}' },
    ];
    const answer = await model().complete(
      {
        messages: [
          ...request.messages,
          { role: 'assistant', content: '', toolCalls },
          { role: 'tool', toolCallId: 'two', content: '{"ok":true}' },
          { role: 'tool', toolCallId: 'one', content: '{"ok":false,"error":"gone"}' },
        ],
      },
      alive,
    );
    assert.equal(answer.finishReason, 'stop');
    const [sent] = await asked();
    assert.deepEqual((sent?.messages as object[]).slice(-3), [
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'one', type: 'function', function: { name: 'look_up', arguments: '{"id":1}' } },
          { id: 'two', type: 'function', function: { name: 'look_up', arguments: '{"id":2}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'two', content: '{"ok":true}' },
      { role: 'tool', tool_call_id: 'one', content: '{"ok":false,"error":"gone"}' },
    ]);
  });

  it('CONV-5 leaves an empty list of tools out of the request', async () => {
    await model().complete({ ...request, tools: [], toolChoice: 'none' }, alive);
    const [sent] = await asked();
    assert.ok(!('tools' in (sent ?? {})) && !('tool_choice' in (sent ?? {})));
  });

  it('CONV-5 calls a model away that asks for more patience than a customer has', async () => {
    await control({ fail: [{ status: 429, headers: { 'retry-after': '61' } }] });
    const { code, retryable } = await failure();
    assert.deepEqual([code, retryable], ['MODEL_RATE_LIMITED', false]);
  });

  it('CONV-5 hands on how long a throttled call must wait, and tries once only', async () => {
    await control({ fail: [{ status: 429, headers: { 'retry-after': '7' } }, { status: 429 }] });
    const told = await failure();
    assert.deepEqual([told.code, told.retryable, told.retryAfterMs], ['MODEL_RATE_LIMITED', true, 7000]);
    const untold = await failure();
    assert.deepEqual(
      [untold.code, untold.retryable, untold.retryAfterMs],
      ['MODEL_RATE_LIMITED', true, undefined],
    );
    assert.equal((await model().complete(request, alive)).finishReason, 'stop');
  });

  it('CONV-5 does not call used-up credit a throttle', async () => {
    await control({
      fail: [{ status: 429, body: { error: { code: 'insufficient_quota', message: WORDS } } }],
    });
    const { code, retryable } = await failure();
    assert.deepEqual([code, retryable], ['MODEL_REFUSED', false]);
  });

  it('CONV-5 heeds what the server says about trying again', async () => {
    const say = (word: string): Record<string, string> => ({ 'x-should-retry': word });
    await control({
      fail: [
        { status: 429, headers: say('false') },
        { status: 500, headers: say('false') },
        { status: 400, headers: say('true') },
      ],
    });
    const seen = [];
    for (let call = 0; call < 3; call++) {
      const { code, retryable } = await failure();
      seen.push([code, retryable]);
    }
    assert.deepEqual(seen, [
      ['MODEL_RATE_LIMITED', false],
      ['MODEL_UNAVAILABLE', false],
      ['MODEL_UNAVAILABLE', true],
    ]);
  });

  const passing: [string, object, number?][] = [
    ['a 500', { status: 500 }],
    ['a 503 with a body that quotes the prompt', { status: 503, body: { error: { message: WORDS } } }],
    ['a dropped socket', { drop: true }],
    ['an answer cut short', { cut: true }],
    ['half of an answer', { malformed: true }],
    ['an answer that is no JSON but quotes the prompt', { status: 200, body: WORDS }],
    [
      'an answer that quotes the prompt in broken JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: WORDS },
    ],
    ['an empty answer', { status: 200, headers: { 'content-type': 'application/json' }, body: '' }],
    ['an answer without choices', { status: 200, body: { choices: [] } }],
    ['an answer without a reason to stop', { no_finish_reason: true }],
    ['no answer in time', { hang: true }, 150],
    ['an answer whose body never comes', { hang: 'body', when: 'after' }, 150],
    ['an error whose body never comes', { status: 502, hang: 'body' }, 150],
  ];
  for (const [what, fault, timeoutMs] of passing) {
    it(`CONV-5 takes ${what} as a model that is away for now`, async () => {
      await control({ fail: [fault] });
      const { code, retryable } = await failure(timeoutMs);
      assert.deepEqual([code, retryable], ['MODEL_UNAVAILABLE', true]);
    });
  }

  it('CONV-5 takes a closed port as a model that is away for now', async () => {
    const gone = await openOfflineModel();
    await gone.close();
    const away = openModel({ apiKey: KEY, baseUrl: `${gone.url}/v1`, name: 'any' });
    await assert.rejects(away.complete(request, alive), { code: 'MODEL_UNAVAILABLE', retryable: true });
  });

  for (const status of [400, 401, 403, 404, 422]) {
    it(`CONV-5 does not try a refusal (${status}) again`, async () => {
      await control({ fail: [{ status, body: { error: { message: `${WORDS} ${KEY}`, code: WORDS } } }] });
      const { code, retryable, cause } = await failure();
      assert.deepEqual([code, retryable], ['MODEL_REFUSED', false]);
      assert.equal((cause as { status?: unknown }).status, status);
    });
  }

  it('OBS-4 leaves in the log why a call failed, and no words', async () => {
    const body = (code: string) => ({ error: { message: `${WORDS} ${KEY}`, code } });
    await control({
      fail: [
        { status: 500, headers: { 'x-request-id': 'req_1' }, body: body(WORDS) },
        { status: 401, body: body('invalid_api_key') },
      ],
    });
    const gone = await openOfflineModel();
    await gone.close();
    const away = openModel({ apiKey: KEY, baseUrl: `${gone.url}/v1`, name: 'any' });
    const failures = [
      await failure(),
      await failure(),
      await away.complete(request, alive).catch((error: unknown) => error),
    ];
    const written = failures.map((error) => {
      const { name, status, code, requestId } = safeError((error as ParleyFailure).cause);
      return { name, status, code, requestId };
    });
    assert.deepEqual(written, [
      { name: 'InternalServerError', status: 500, code: undefined, requestId: 'req_1' },
      { name: 'AuthenticationError', status: 401, code: 'invalid_api_key', requestId: undefined },
      { name: 'APIConnectionError', status: undefined, code: 'ECONNREFUSED', requestId: undefined },
    ]);
    const line = JSON.stringify(failures.map((error) => safeError((error as ParleyFailure).cause)));
    for (const secret of [KEY, 'xylophone', 'lighthouse', 'lamp']) assert.ok(!line.includes(secret), line);
  });

  it('CONV-5 ends with the caller’s own reason when the caller gives up', async () => {
    await control({ fail: [{ hang: true }] });
    const caller = new AbortController();
    const reason = new Error('the activity was cancelled');
    const answer = model().complete(request, caller.signal);
    setTimeout(() => caller.abort(reason), 50);
    await assert.rejects(answer, (error) => error === reason);
    await assert.rejects(model().complete(request, caller.signal), (error) => error === reason);
  });
});
