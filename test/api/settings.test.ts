import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('settings over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (
    role: 'admin' | 'builder' | 'viewer' | 'operator',
    method: string,
    path: string,
    body?: unknown,
  ) => call(stage.url, method, path, { key: stage.here.keys[role], body });
  const fieldsOf = (answer: { body: Record<string, unknown> }) =>
    (answer.body['errors'] as { field: string }[]).map(({ field }) => field);

  it('TEN-2 makes an agent with defaults, changes what is named and keeps the rest', async () => {
    const made = await as('builder', 'POST', '/v1/agents', {
      name: 'Ann',
      prompt: 'Be kind.',
      wait_time_seconds: 2,
    });
    assert.equal(made.status, 201);
    assert.equal(made.body['wait_time_seconds'], 2);
    assert.equal(made.body['wait_cap_seconds'], 30);
    const id = String(made.body['id']);
    const personalities = { sales: { name: 'Seller', prompt: 'Sell.' } };
    const changed = await as('builder', 'PATCH', `/v1/agents/${id}`, { personalities });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.body['personalities'], personalities);
    assert.equal(changed.body['prompt'], 'Be kind.');
    assert.equal(changed.body['version'], 2);
  });

  it('INT-1 refuses a sixth core intent and unknown settings, naming them', async () => {
    const path = `/v1/agents/${stage.here.agent}`;
    const sixth = await as('builder', 'PATCH', path, {
      personalities: { poetry: { name: 'x', prompt: 'y' } },
    });
    assert.equal(sixth.status, 422);
    assert.deepEqual(fieldsOf(sixth), ['personalities.poetry']);
    const unknown = await as('builder', 'PATCH', path, { wait_time_seconds: -1, mood: 'bad' });
    assert.deepEqual(fieldsOf(unknown).sort(), ['mood', 'wait_time_seconds']);
  });

  it('CONV-3 refuses a cap below the wait, of an agent made or changed, defaults and stored ones counted', async () => {
    const refused = async (method: string, path: string, body: object) => {
      const answer = await as('builder', method, path, body);
      assert.deepEqual([answer.status, fieldsOf(answer)], [422, ['wait_cap_seconds']]);
    };
    await refused('POST', '/v1/agents', { name: 'Ann', wait_time_seconds: 5, wait_cap_seconds: 4 });
    await refused('POST', '/v1/agents', { name: 'Ann', wait_time_seconds: 60 });
    const made = await as('builder', 'POST', '/v1/agents', { name: 'Ann', wait_time_seconds: 5 });
    const path = `/v1/agents/${String(made.body['id'])}`;
    await refused('PATCH', path, { wait_cap_seconds: 4 });
    await refused('PATCH', path, { wait_time_seconds: 31 });
    const equal = await as('builder', 'PATCH', path, { wait_time_seconds: 40, wait_cap_seconds: 40 });
    assert.deepEqual([equal.status, equal.body['version']], [200, 2]);
  });

  it('EXT-4 takes how long a question to the customer stays open, and EXT-5 how long the customer waits', async () => {
    const made = await as('builder', 'POST', '/v1/agents', { name: 'Ann', action_patience_seconds: 1 });
    const { confirmation_timeout_seconds, action_patience_seconds } = made.body;
    assert.deepEqual([confirmation_timeout_seconds, action_patience_seconds], [900, 1]);
    const path = `/v1/agents/${String(made.body['id'])}`;
    const changed = await as('builder', 'PATCH', path, { confirmation_timeout_seconds: 86_400 });
    assert.equal(changed.body['confirmation_timeout_seconds'], 86_400);
    assert.equal(changed.body['action_patience_seconds'], 1);
    for (const wrong of [
      { confirmation_timeout_seconds: 9 },
      { confirmation_timeout_seconds: 86_401 },
      { action_patience_seconds: 0 },
      { action_patience_seconds: 121 },
      { action_patience_seconds: 1.5 },
    ]) {
      const refused = await as('builder', 'PATCH', path, wrong);
      assert.deepEqual([refused.status, fieldsOf(refused)], [422, Object.keys(wrong)]);
    }
  });

  it('TEN-2 refuses names and words of an agent that are empty or only white space', async () => {
    for (const name of ['', ' \t', undefined]) {
      const answer = await as('builder', 'POST', '/v1/agents', { name });
      assert.deepEqual([answer.status, fieldsOf(answer)], [422, ['name']]);
    }
    const path = `/v1/agents/${stage.here.agent}`;
    const blank = {
      name: '',
      prompt: ' ',
      fallback_reply: '\n',
      personalities: { sales: { name: ' ', prompt: 'x' } },
    };
    const changed = await as('builder', 'PATCH', path, blank);
    assert.equal(changed.status, 422);
    assert.deepEqual(fieldsOf(changed).sort(), [
      'fallback_reply',
      'name',
      'personalities.sales.name',
      'prompt',
    ]);
  });

  it('TEN-3 takes a channel’s secrets and gives back only their names', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const made = await as('admin', 'POST', '/v1/channels', {
      kind: 'generic',
      name: 'CRM',
      agent_id: stage.here.agent,
      settings: { reply_url: 'https://crm.example/replies' },
      secrets: { signing_secret: secret },
    });
    assert.equal(made.status, 201);
    assert.deepEqual(made.body['secrets_set'], ['signing_secret']);
    const all = [
      made,
      await as('admin', 'GET', '/v1/channels'),
      await as('admin', 'GET', `/v1/channels/${String(made.body['id'])}`),
    ];
    assert.ok(!JSON.stringify(all.map(({ body }) => body)).includes(secret));
    assert.ok(!JSON.stringify(stage.log).includes(secret));
  });

  it('CHAN-2 gives every web chat a secret of its own when none is named', async () => {
    const make = () =>
      as('admin', 'POST', '/v1/channels', { kind: 'webchat', name: 'Chat', agent_id: stage.here.agent });
    const ids = [(await make()).body['id'], (await make()).body['id']].map(String);
    const [one, two] = ids.map((id) => stage.world.integrations.get(id)?.secrets['session_secret']);
    assert.match(one ?? '', /^[\w-]{43}$/);
    assert.notEqual(one, two);
  });

  const base = { name: 'X', agent_id: '' };
  const wrongChannels: [string, Record<string, unknown>, string][] = [
    [
      'another kind’s setting',
      { kind: 'whatsapp', settings: { reply_url: 'https://x.example' }, secrets: {} },
      'settings.phone_number_id',
    ],
    [
      'a reply address that is no web address',
      {
        kind: 'generic',
        settings: { reply_url: 'ftp://x' },
        secrets: { signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
      },
      'settings.reply_url',
    ],
    [
      'a signing secret that signs nothing',
      { kind: 'generic', settings: { reply_url: 'https://x.example' }, secrets: { signing_secret: 'short' } },
      'secrets.signing_secret',
    ],
    ['a kind that nobody knows', { kind: 'fax', settings: {}, secrets: {} }, 'kind'],
    ['no token to speak with', { kind: 'slack', secrets: { signing_secret: 's' } }, 'secrets.bot_token'],
  ];
  for (const [what, body, field] of wrongChannels) {
    it(`CHAN-1 refuses a channel with ${what}`, async () => {
      const answer = await as('admin', 'POST', '/v1/channels', {
        ...base,
        agent_id: stage.here.agent,
        ...body,
      });
      assert.equal(answer.status, 422);
      assert.ok(fieldsOf(answer).includes(field), JSON.stringify(answer.body));
      assert.ok(!JSON.stringify(answer.body).includes('MfKQ9r8'));
    });
  }

  it('TEN-1 lets no channel point at another organisation’s agent', async () => {
    const foreign = { kind: 'webchat', name: 'Chat', agent_id: stage.there.agent };
    const made = await as('admin', 'POST', '/v1/channels', foreign);
    assert.equal(made.status, 422);
    assert.deepEqual(fieldsOf(made), ['agent_id']);
    const path = `/v1/channels/${stage.here.channels.webchat}`;
    const moved = await as('admin', 'PATCH', path, { agent_id: stage.there.agent });
    assert.deepEqual([moved.status, fieldsOf(moved)], [422, ['agent_id']]);
    const found = await as('viewer', 'GET', `/v1/conversations?agent=${stage.there.agent}`);
    assert.deepEqual(found.body, { data: [], next_cursor: null });
  });

  it('CHAN-1 changes the settings of a channel that are named, by the rules of its kind', async () => {
    const path = `/v1/channels/${stage.here.channels.generic}`;
    const wrong = await as('admin', 'PATCH', path, { settings: { title: 'x' } });
    assert.deepEqual([wrong.status, fieldsOf(wrong)], [422, ['settings.title']]);
    const right = await as('admin', 'PATCH', path, {
      settings: { reply_url: 'https://new.example' },
      active: false,
    });
    assert.deepEqual(right.body['settings'], { reply_url: 'https://new.example' });
    assert.equal(right.body['active'], false);
    assert.deepEqual(right.body['secrets_set'], ['signing_secret']);
  });

  it('TEN-2 shows a new key once, lets it in, and shuts it out when revoked', async () => {
    const made = await as('admin', 'POST', '/v1/keys', { name: 'Watcher', role: 'viewer' });
    assert.equal(made.status, 201);
    const key = String(made.body['key']);
    assert.equal((await call(stage.url, 'GET', '/v1/events', { key })).status, 200);
    assert.ok(!JSON.stringify((await as('admin', 'GET', '/v1/keys')).body).includes(key));
    const revoked = await as('admin', 'DELETE', `/v1/keys/${String(made.body['id'])}`);
    assert.ok(revoked.body['revoked_at'] !== null);
    assert.equal((await call(stage.url, 'GET', '/v1/events', { key })).status, 401);
  });

  it('TEN-2 lets nobody hand out a role beyond their own', async () => {
    const beyond = await as('admin', 'POST', '/v1/keys', { name: 'x', role: 'owner' });
    assert.deepEqual([beyond.status, beyond.body['title']], [403, 'Not allowed']);
    assert.equal((await as('admin', 'POST', '/v1/keys', { name: 'x', role: 'gateway' })).status, 201);
  });

  it('CONV-7 lets a person take over once, tells the loser who won, and signals each decision', async () => {
    const path = `/v1/conversations/${stage.here.conversation}`;
    const taken = await as('operator', 'POST', `${path}/take-over`);
    assert.deepEqual(taken.body, { owner: 'operator', epoch: 2, status: 'assigned', in_flight: [] });
    const lost = await as('admin', 'POST', `${path}/take-over`, {});
    assert.equal(lost.status, 409);
    assert.equal(lost.body['owner'], 'operator');
    assert.equal((await as('operator', 'POST', `${path}/hand-back`)).body['owner'], 'agent');
    assert.equal((await as('operator', 'POST', `${path}/resolve`)).body['status'], 'resolved');
    assert.deepEqual(
      stage.world.signals.map(({ row }) => row.kind),
      ['take_over', 'hand_back', 'resolve'],
    );
    assert.equal((await as('operator', 'POST', `/v1/conversations/${randomUUID()}/resolve`)).status, 404);
  });

  it('CON-1 reads conversations page by page, with a link to the history where there is one', async () => {
    await stage.close();
    stage = await openApiStage({ workflowUrl: (id) => `http://ui.example/${id}` });
    const post = (room: string) =>
      call(stage.url, 'POST', `/v1/channels/${stage.here.channels.generic}/messages`, {
        key: stage.here.keys.gateway,
        body: { id: room, room, customer: { id: room, name: 'Bo' }, text: 'hello' },
      });
    for (const room of ['r1', 'r2']) await post(room);
    const first = await as('viewer', 'GET', '/v1/conversations?limit=2');
    const second = await as(
      'viewer',
      'GET',
      `/v1/conversations?limit=2&cursor=${String(first.body['next_cursor'])}`,
    );
    const all = [first, second].flatMap(({ body }) => body['data'] as Record<string, unknown>[]);
    assert.deepEqual(
      all.map(({ room }) => room),
      ['a-room', 'r1', 'r2'],
    );
    assert.equal(second.body['next_cursor'], null);
    assert.equal(all[1]?.['temporal_url'], `http://ui.example/${String(all[1]?.['id'])}`);
    const messages = await as('viewer', 'GET', `/v1/conversations/${String(all[1]?.['id'])}/messages`);
    const [message] = messages.body['data'] as Record<string, unknown>[];
    assert.deepEqual(
      [message?.['from'], message?.['text'], message?.['provider_message_id']],
      ['customer', 'hello', 'r1'],
    );
  });

  it('RUN-1 is ready only with Postgres and Temporal, and names what is missing', async () => {
    const ready = () => call(stage.url, 'GET', '/readyz');
    assert.deepEqual((await ready()).body, { status: 'ready', postgres: 'ok', temporal: 'ok' });
    stage.world.temporal = false;
    const without = await ready();
    assert.equal(without.status, 503);
    assert.equal(without.body['temporal'], 'not reachable');
    stage.world.away = true;
    assert.equal((await ready()).body['postgres'], 'no answer');
    assert.equal((await call(stage.url, 'GET', '/healthz')).status, 200);
  });
});
