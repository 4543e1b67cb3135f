import { strict as assert } from 'node:assert';
import OpenAI from 'openai';
import type { LocalServer } from '../stand-ins/local-http-server.ts';
import { openOfflineModel } from './open-offline-model.ts';

describe('the server of the offline model', () => {
  let server: LocalServer;
  let client: OpenAI;

  before(async () => {
    server = await openOfflineModel();
    client = new OpenAI({ apiKey: 'any', baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });
  });
  beforeEach(async () => {
    await fetch(`${server.url}/control`, { method: 'DELETE' });
    await fetch(`${server.url}/journal`, { method: 'DELETE' });
  });
  after(() => server.close());

  const control = (settings: object): Promise<Response> =>
    fetch(`${server.url}/control`, { method: 'POST', body: JSON.stringify(settings) });
  const post = (
    body: unknown,
    headers: Record<string, string> = { authorization: 'Bearer any' },
  ): Promise<Response> =>
    fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body), headers });
  const hello = { model: 'gpt-x', messages: [{ role: 'user' as const, content: 'Hello' }] };
  const create = (more: object = {}): Promise<OpenAI.ChatCompletion> =>
    client.chat.completions.create({ ...hello, ...more, stream: false });

  it('RUN-1 says in name, header and field that it is no model', async () => {
    const { data, response } = await client.chat.completions.create(hello).withResponse();
    assert.equal(response.headers.get('x-offline-model'), 'parley-offline-1');
    assert.equal(data.model, 'parley-offline-1');
    assert.equal((data as unknown as { offline: boolean }).offline, true);
    const models = await client.models.list();
    assert.deepEqual(
      models.data.map((model) => model.id),
      ['parley-offline-1'],
    );
    const health = await fetch(`${server.url}/healthz`);
    assert.deepEqual(await health.json(), { status: 'ok', model: 'parley-offline-1', offline: true });
  });

  it('CONV-5 streams what it would have answered whole, with the usage when asked', async () => {
    const whole = await create();
    const stream = await client.chat.completions.create({
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let reason: string | null = null;
    let counted = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      reason = chunk.choices[0]?.finish_reason ?? reason;
      counted = chunk.usage?.total_tokens ?? counted;
    }
    assert.equal(text, whole.choices[0]?.message.content);
    assert.equal(reason, 'stop');
    assert.ok(counted > 0);
  });

  it('ACT-1 streams tool calls too', async () => {
    await control({ script: [{ when: '', tool_calls: [{ name: 'look', arguments: { id: 7 } }] }] });
    const stream = await client.chat.completions.create({ ...hello, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    assert.deepEqual(
      chunks.map((call) => [call.index, call.function?.name, call.function?.arguments]),
      [[0, 'look', '{"id":7}']],
    );
  });

  it('CONV-10 summarises by an extract that keeps a name', async () => {
    const schema = {
      type: 'object',
      properties: { summary: { type: 'string' } },
      required: ['summary'],
      additionalProperties: false,
    };
    const chatter = Array.from({ length: 20 }, (_, n) => ({ role: 'user' as const, content: `line ${n}` }));
    const answer = await create({
      messages: [{ role: 'user', content: 'My name is Sari' }, ...chatter],
      response_format: { type: 'json_schema', json_schema: { name: 'summary', schema, strict: true } },
    });
    const { summary } = JSON.parse(answer.choices[0]?.message.content ?? '') as { summary: string };
    assert.ok(summary.startsWith('My name is Sari\n') && summary.endsWith('line 19'));
    assert.ok(!summary.includes('line 3'));
  });

  it('SIM-1 follows a script, by what the customer said and by what is asked for', async () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const format = { type: 'json_schema', json_schema: { name: 'understanding', schema } };
    await control({
      script: [
        { when: 'once', times: 1, reply: 'only once' },
        { when: 'TICKET', tool_calls: [{ name: 'ticket', arguments: '{' }] },
        { when: 'ticket', reply: 'made' },
        { when: '', schema: 'understanding', json: { core_intent: 'sales' } },
        { when: '', reply: '{{count}}: {{messages}}' },
      ],
    });
    const say = async (
      messages: object[],
      more: object = {},
    ): Promise<OpenAI.ChatCompletionMessage | undefined> =>
      (await create({ messages, ...more })).choices[0]?.message;
    const user = (content: string): object => ({ role: 'user', content });

    assert.equal((await say([user('once')]))?.content, 'only once');
    assert.equal((await say([user('once')]))?.content, '1: once');
    const call = await say([user('a ticket')]);
    assert.equal(
      (call?.tool_calls?.[0] as OpenAI.ChatCompletionMessageFunctionToolCall).function.arguments,
      '{',
    );
    const after = [
      user('a ticket'),
      call as object,
      { role: 'tool', tool_call_id: call?.tool_calls?.[0]?.id, content: 'ok' },
    ];
    assert.equal((await say(after))?.content, 'made');
    assert.equal(
      (await say([user('a ticket')], { response_format: format }))?.content,
      '{"core_intent":"sales"}',
    );
    assert.equal(
      (await say([user('a'), { role: 'assistant', content: 'x' }, user('b'), user('c')]))?.content,
      '2: b | c',
    );
    const { script } = (await (await fetch(`${server.url}/control`)).json()) as { script: unknown[] };
    assert.equal(script.length, 4);
  });

  it('CONV-5 spoils answers as it is told: cut streams, broken arguments, a missing reason', async () => {
    await control({
      script: [{ when: '', tool_calls: [{ name: 'look', arguments: { id: 7 } }] }],
      fail: [{ broken_arguments: true }, { no_finish_reason: true }, { cut: true }],
    });
    const broken = (await create()).choices[0]?.message.tool_calls?.[0];
    assert.equal((broken as OpenAI.ChatCompletionMessageFunctionToolCall).function.arguments, '{"id');
    assert.equal((await create()).choices[0]?.finish_reason, null);
    const stream = await client.chat.completions.create({ ...hello, stream: true });
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk.choices[0]?.finish_reason !== 'tool_calls');
    });
  });

  it('CONV-5 refuses what the real service refuses', async () => {
    const call = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    };
    const user = hello.messages[0];
    const loose = { type: 'object', properties: { a: { type: 'string' } } };
    const format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: loose } };
    const bodies: unknown[] = [
      null,
      {},
      { model: 'gpt-x', messages: [] },
      { model: 'gpt-x', messages: [{ role: 'customer', content: 'x' }] },
      { model: 'gpt-x', messages: [user, { role: 'tool', tool_call_id: 'c1', content: 'x' }] },
      { model: 'gpt-x', messages: [user, call] },
      { model: 'gpt-x', messages: [user, call, user] },
      { model: 'gpt-x', messages: [user], response_format: format },
      { model: 'gpt-x', messages: [user], tools: [{ type: 'function', function: { name: 'a b' } }] },
      { model: 'gpt-x', messages: [user], tool_choice: 'auto' },
    ];
    for (const body of bodies) assert.equal((await post(body)).status, 400, JSON.stringify(body));
    assert.equal((await post(hello, {})).status, 401);
    const good = {
      model: 'gpt-x',
      messages: [user, call, { role: 'tool', tool_call_id: 'c1', content: 'x' }],
    };
    assert.equal((await post(good)).status, 200);
  });

  it('SIM-1 keeps a journal of what it was asked', async () => {
    await create();
    await post({});
    const read = async (
      query: string,
    ): Promise<{ entries: { n: number; status: number; request: string }[] }> =>
      (await (await fetch(`${server.url}/journal${query}`)).json()) as never;
    const { entries } = await read('');
    assert.deepEqual(
      entries.map((entry) => entry.status),
      [200, 400],
    );
    assert.equal((JSON.parse(entries[0]?.request ?? '') as typeof hello).messages[0]?.content, 'Hello');
    assert.equal((await read(`?after=${entries[0]?.n}`)).entries.length, 1);
  });

  it('SIM-1 names a setting it does not know', async () => {
    for (const settings of [
      { latency: 5 },
      { script: [{ reply: 'x' }] },
      { script: [{ when: '', repyl: 'x' }] },
      { fail: [{ kind: 'x' }] },
    ]) {
      assert.equal((await control(settings)).status, 400);
    }
  });
});
