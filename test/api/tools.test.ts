import { strict as assert } from 'node:assert';
import type { Role } from '../../domain/role.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

interface Picked {
  node_type: string;
  group_label: string;
  available: boolean;
  reason: string | null;
  configured: boolean | null;
}

const ORIGIN = 'https://api.example.com';

describe('tools and their switches over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (role: Role, method: string, path: string, body?: unknown) =>
    call(stage.url, method, path, { key: stage.here.keys[role], body });
  const fieldsOf = (answer: { body: Record<string, unknown> }) =>
    (answer.body['errors'] as { field: string }[]).map(({ field }) => field);
  const components = () => `/v1/installation/organisations/${stage.here.id}/components`;
  const picker = async (query = '') =>
    (await as('builder', 'GET', `/v1/tools${query}`)).body['data'] as Picked[];
  const reasons = async () =>
    Object.fromEntries((await picker()).map(({ node_type, reason }) => [node_type, reason]));

  it('ACT-7 offers all seven under Mekari Qontak, each with the reason why it is not available', async () => {
    const offered = await picker();
    assert.equal(offered.filter(({ group_label }) => group_label === 'Mekari Qontak').length, 7);
    assert.deepEqual(
      offered.filter(({ group_label }) => group_label === 'API').map(({ node_type }) => node_type),
      ['api'],
    );
    assert.ok(offered.every(({ available, reason }) => !available && reason === 'flag_off'));
  });

  it('ACT-7 opens the tools whose component is subscribed once the rollout is on', async () => {
    await as('owner', 'PUT', '/v1/installation/feature-flags', { rollout_ai_agent_action: true });
    await as('owner', 'PUT', `${components()}/CP-QONTAKCHAT-2026-0009`);
    await as('owner', 'PUT', `${components()}/CP-QONTAKCRM-2025-0005`);
    const before = await reasons();
    assert.equal(before['qontak_chat_room_tag'], null);
    assert.equal(before['qontak_crm_deal_create'], 'not_connected');
    assert.equal(before['qontak_crm_ticket_create'], 'component_not_subscribed');
    assert.equal(before['api'], 'flag_off');
    await as('admin', 'PUT', '/v1/connections/__qontak_crm_company_token', { token: 'secret-token' });
    assert.equal((await reasons())['qontak_crm_deal_create'], null);
    await as('owner', 'DELETE', `${components()}/CP-QONTAKCRM-2025-0005`);
    assert.equal((await reasons())['qontak_crm_deal_create'], 'component_not_subscribed');
  });

  it('ACT-7 puts a disabled node type before every flag', async () => {
    const flags = { ai_agent_action: true, ai_agent_action_api: true };
    const on = (await as('admin', 'PUT', '/v1/feature-flags', flags)).body;
    assert.deepEqual(on, { ...flags, ai_agent_sequential_idle: false, actions_center: false });
    assert.deepEqual([(await reasons())['api'], (await reasons())['qontak_chat_room_tag']], [null, null]);
    const path = '/v1/installation/node-registries/qontak_chat_room_tag';
    await as('owner', 'PUT', path, { enabled: false });
    assert.equal((await reasons())['qontak_chat_room_tag'], 'node_type_disabled');
    assert.equal((await as('owner', 'GET', path)).body['enabled'], false);
    assert.equal(
      (await as('owner', 'PUT', '/v1/installation/node-registries/poem', { enabled: true })).status,
      404,
    );
  });

  it('TEN-2 keeps components, system flags and the registry from an organisation’s admin', async () => {
    for (const path of ['feature-flags', 'node-registries', 'organisations'])
      assert.equal((await as('admin', 'GET', `/v1/installation/${path}`)).status, 403, path);
    const unknown = await as('owner', 'PUT', `${components()}/CP-NOTHING`);
    assert.deepEqual([unknown.status, fieldsOf(unknown)], [422, ['code']]);
  });

  it('TEN-2 makes an organisation whose first key is an admin’s', async () => {
    const made = await as('owner', 'POST', '/v1/installation/organisations', { name: 'Toko Baru' });
    assert.equal(made.status, 201);
    const keys = await call(stage.url, 'GET', '/v1/keys', { key: String(made.body['key']) });
    assert.deepEqual(
      (keys.body['data'] as { role: string }[]).map(({ role }) => role),
      ['admin'],
    );
    const listed = await as('owner', 'GET', '/v1/installation/organisations');
    assert.ok(!JSON.stringify(listed.body).includes(String(made.body['key'])));
  });

  it('TEN-3 shows of a connection that it is there, and nothing of its secret', async () => {
    const put = (code: string, body: object) => as('admin', 'PUT', `/v1/connections/${code}`, body);
    const saved = [
      await put('__qontak_crm_company_token', { token: 'very-secret' }),
      await put('shop', { type: 'api_key', origin: ORIGIN, header: 'X-Shop', value: 'very-secret' }),
      await put('shop', { type: 'bearer', origin: ORIGIN, value: 'very-secret' }),
      await as('admin', 'GET', '/v1/connections'),
    ];
    assert.deepEqual(
      saved.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.ok(!JSON.stringify(saved.map(({ body }) => body)).includes('very-secret'));
    assert.deepEqual(
      (saved[3]?.body['data'] as { code: string; connected: boolean }[]).map(({ code }) => code),
      ['__qontak_crm_company_token', 'shop'],
    );
    assert.equal((await as('admin', 'DELETE', '/v1/connections/shop')).status, 200);
    assert.equal((await as('admin', 'DELETE', '/v1/connections/shop')).status, 404);
  });

  it('ACT-9 refuses a connection that could not authenticate anything, naming what is wrong', async () => {
    const refused = async (code: string, body: object) => {
      const answer = await as('admin', 'PUT', `/v1/connections/${code}`, body);
      assert.equal(answer.status, 422);
      return fieldsOf(answer).sort();
    };
    assert.deepEqual(await refused('__qontak_crm_company_token', { type: 'bearer', value: 'x' }), [
      'token',
      'type',
      'value',
    ]);
    assert.deepEqual(await refused('shop', { token: 'x' }), ['type']);
    assert.deepEqual(await refused('shop', { type: 'api_key', origin: ORIGIN, value: 'x' }), ['header']);
    assert.deepEqual(
      await refused('shop', { type: 'api_key', origin: ORIGIN, header: 'Host', value: 'x\r\ny' }),
      ['header', 'value'],
    );
    for (const origin of ['api.example.com', `${ORIGIN}/v1`, 'ftp://api.example.com', ''])
      assert.deepEqual(await refused('shop', { type: 'bearer', origin, value: 'x' }), ['origin']);
    for (const code of ['Shop', '_shop', '9', 'a'.repeat(64)])
      assert.equal(
        (await as('admin', 'PUT', `/v1/connections/${code}`, { type: 'bearer', value: 'x' })).status,
        404,
      );
  });

  describe('of an agent', () => {
    const tag = { node_type: 'qontak_chat_room_tag', fields: {} };
    const patch = (body: object) => as('builder', 'PATCH', `/v1/agents/${stage.here.agent}`, body);

    it('ACT-3 are saved with their fields, and the picker says so', async () => {
      const changed = await patch({ tools: [tag] });
      assert.equal(changed.status, 200);
      assert.deepEqual(changed.body['tools'], [
        { ...tag, requires_confirmation: false, needs_approval: null, on_new_message: 'keep' },
      ]);
      const configured = (await picker(`?agent=${stage.here.agent}`)).filter((tool) => tool.configured);
      assert.deepEqual(
        configured.map(({ node_type }) => node_type),
        ['qontak_chat_room_tag'],
      );
      assert.equal((await as('builder', 'GET', `/v1/tools?agent=${stage.there.agent}`)).status, 404);
    });

    it('ACT-3 are refused with all that is wrong at once', async () => {
      const answer = await patch({
        wait_time_seconds: 60,
        tools: [tag, { node_type: 'qontak_crm_deal_create', fields: {} }, tag],
      });
      assert.equal(answer.status, 422);
      const fields = fieldsOf(answer);
      for (const field of ['wait_cap_seconds', 'tools.1.fields.crm_pipeline_id', 'tools.2.node_type'])
        assert.ok(fields.includes(field), `${field} of ${fields.join()}`);
      const unknown = await patch({ tools: [{ node_type: 'send_poem', fields: {} }] });
      assert.deepEqual(fieldsOf(unknown), ['tools.0.node_type']);
    });

    it('APR-5 say which calls wait for an operator, over the names of their own arguments', async () => {
      const rule = { needs_approval: 'tags contains "vip"', on_new_message: 'withdraw' };
      const saved = await patch({ tools: [{ ...tag, ...rule }] });
      assert.deepEqual(saved.body['tools'], [{ ...tag, requires_confirmation: false, ...rule }]);
      const api = {
        node_type: 'api',
        fields: {
          name: 'refund',
          description: 'Pays back',
          method: 'POST',
          url: 'https://shop.example/refunds',
          body: { amount: '{{amount}}' },
          parameters: [{ name: 'amount', type: 'number' }],
        },
        needs_approval: 'amount > 100',
      };
      assert.equal((await patch({ tools: [api] })).status, 200);
      const wrong = await patch({
        tools: [
          { ...tag, needs_approval: 'amount > 100' },
          { ...api, needs_approval: 'price > 100' },
          { node_type: 'submit_action_request', fields: {}, needs_approval: 'always' },
        ],
      });
      assert.deepEqual(
        [wrong.status, fieldsOf(wrong)],
        [422, ['tools.0.needs_approval', 'tools.1.needs_approval', 'tools.2.needs_approval']],
      );
    });

    it('VER-1 gives the model and its temperature back to the installation with null', async () => {
      await patch({ model: 'other', temperature: 0.5 });
      const cleared = await patch({ model: null, temperature: null });
      assert.deepEqual([cleared.body['model'], cleared.body['temperature']], [null, null]);
    });
  });
});
