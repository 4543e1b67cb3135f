import { strict as assert } from 'node:assert';
import type { LocalServer } from './local-http-server.ts';
import { openStandIns } from './open-stand-ins.ts';

interface Said {
  status: number;
  data: Record<string, unknown> & Record<string, unknown>[];
  message: string;
  from: string | null;
}

describe('the CRM stand-in', () => {
  let server: LocalServer;
  let token = '';

  before(async () => {
    server = await openStandIns();
  });
  beforeEach(async () => {
    await fetch(`${server.url}/crm/control`, { method: 'DELETE' });
    const shown = await (await fetch(`${server.url}/crm/control`)).json();
    token = (shown as { token: string }).token;
  });
  after(() => server.close());

  async function call(method: string, path: string, body?: object, more: Record<string, string> = {}) {
    const response = await fetch(`${server.url}/crm/api/v3.1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { meta, data } = (await response.json()) as { meta: { message: string }; data: Said['data'] };
    return {
      status: response.status,
      data,
      message: meta.message,
      from: response.headers.get('x-stand-in'),
    } satisfies Said;
  }
  const control = (settings: object) =>
    fetch(`${server.url}/crm/control`, { method: 'POST', body: JSON.stringify(settings) });

  const NEW = { crm_pipeline_id: 1, crm_stage_id: 11, name: 'Lamp' };

  it('ACT-2 keeps what is created and changed, and says that it is a stand-in', async () => {
    for (const kind of ['deals', 'tickets']) {
      const created = await call('POST', kind, { ...NEW, tags: ['a'] }, { 'x-trace-id': `t-${kind}` });
      assert.equal(created.status, 201);
      assert.match(created.from ?? '', /stand-in/);
      const id = String(created.data['id']);
      assert.equal((await call('PUT', `${kind}/${id}`, { name: 'Two lamps' })).data['name'], 'Two lamps');
      assert.deepEqual((await call('GET', `${kind}/${id}`)).data['tags'], ['a']);
      const traced = await call('GET', `${kind}?trace_id=t-${kind}`);
      assert.deepEqual(
        traced.data.map((record) => record['id']),
        [created.data['id']],
      );
      assert.deepEqual((await call('GET', `${kind}?trace_id=other`)).data, []);
      assert.equal((await call('PUT', `${kind}/77`, { name: 'x' })).status, 404);
    }
  });

  it('ACT-3 asks for what a deal and a ticket must have, in the right type', async () => {
    const wrong: [object, string][] = [
      [{ crm_stage_id: 11, name: 'x' }, 'crm_pipeline_id is required'],
      [{ crm_pipeline_id: 1, name: 'x' }, 'crm_stage_id is required'],
      [{ crm_pipeline_id: 1, crm_stage_id: 11, name: ' ' }, 'name is required'],
      [{ ...NEW, crm_stage_id: '11' }, 'crm_stage_id is not a number'],
      [{ ...NEW, crm_lead_ids: 4 }, 'crm_lead_ids is not a list'],
    ];
    for (const [body, message] of wrong) {
      const refused = await call('POST', 'tickets', body);
      assert.deepEqual([refused.status, refused.message], [422, message]);
    }
    assert.deepEqual((await call('GET', 'tickets')).data, []);
  });

  it('ACT-3 finds leads by phone however it is written, and takes new ones', async () => {
    for (const phone of ['6281234567890', '%2B62%20812-3456-7890'])
      assert.equal((await call('GET', `leads?phone=${phone}`)).data[0]?.['first_name'], 'Budi');
    assert.deepEqual((await call('GET', 'leads?phone=62800')).data, []);
    await call('POST', 'leads', { first_name: 'Wati', phone: '62800' });
    assert.equal((await call('GET', 'leads?phone=62800')).data.length, 1);
  });

  it('ACT-2 takes one token at a time: a new one ends the old', async () => {
    await control({ expire_tokens: true });
    assert.equal((await call('GET', 'deals')).status, 401);
    const old = token;
    token = String((await call('POST', 'teams/company_token')).data['token']);
    assert.equal((await call('GET', 'deals')).status, 200);
    token = old;
    assert.equal((await call('GET', 'deals')).status, 401);
    assert.equal((await call('POST', 'teams/company_token')).status, 401);
  });

  it('ACT-2 refuses a stranger, a refresh when told to, and takes the key that was set', async () => {
    assert.equal((await call('GET', 'deals', undefined, { authorization: 'Bearer x' })).status, 401);
    const keyed = { authorization: '', 'x-crm-api-key': 'k' };
    assert.equal((await call('GET', 'deals', undefined, keyed)).status, 401);
    await control({ api_key: 'k', refuse_refresh: true });
    assert.equal((await call('GET', 'deals', undefined, keyed)).status, 200);
    assert.equal((await call('POST', 'teams/company_token')).status, 401);
    assert.equal((await control({ no_such_switch: true })).status, 400);
  });

  it('ACT-2 writes down every request and whether it did something, under faults too', async () => {
    await fetch(`${server.url}/crm/journal`, { method: 'DELETE' });
    await control({ fail: [{ status: 500 }, { drop: true }, { drop: true, when: 'after' }] });
    await call('POST', 'deals', NEW);
    for (let dropped = 0; dropped < 2; dropped++) await assert.rejects(call('POST', 'deals', NEW));
    await call('GET', 'deals/1');
    const { entries } = (await (await fetch(`${server.url}/crm/journal`)).json()) as {
      entries: { status: number | null; done: boolean }[];
    };
    assert.deepEqual(
      entries.map(({ status, done }) => [status, done]),
      [
        [500, false],
        [null, false],
        [201, true],
        [404, false],
      ],
    );
  });
});
