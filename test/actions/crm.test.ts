import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { CrmAnswer } from '../../activities/ports.ts';
import type { LocalServer } from '../../dev/stand-ins/local-http-server.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { createDeal, crmStandIn, openProcess } from './crm-world.ts';
import { makeIntegration, openInstallation } from '../postgres/installation.ts';

const unaborted = new AbortController().signal;
const clock = { now: () => new Date() };
const KEY = 'a key of the environment';

describe('the CRM over HTTP', () => {
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  let pool: pg.Pool;
  let standIns: LocalServer;
  let standIn: ReturnType<typeof crmStandIn>;
  let organisationId: string;
  let process: ReturnType<typeof openProcess>;

  before(async () => {
    installation = await openInstallation();
    pool = installation.pool;
    standIns = await openStandIns();
    standIn = crmStandIn(`${standIns.url}/crm`);
    process = openProcess(pool, { baseUrl: standIn.base, clock });
    ({ organisationId } = await makeIntegration(pool));
    await process.tokens.save(organisationId, await standIn.token(), new Date());
  });
  beforeEach(() => standIn.clean());
  after(async () => {
    await process.crm.close();
    await standIns.close();
    await installation.close();
  });

  const request = (more: Parameters<typeof createDeal>[0] = {}) =>
    process.crm.request(organisationId, createDeal(more), unaborted);

  /** What comes of a deal while this fault is on, and whether the CRM has it afterwards. */
  async function under(fault: object, timeoutMs = 5_000): Promise<[CrmAnswer, 'done' | 'not done']> {
    await standIn.control({ fail: [{ match: '/deals', ...fault }] });
    const answer = await request({ timeoutMs });
    return [answer, (await standIn.journal()).some((entry) => entry.done) ? 'done' : 'not done'];
  }

  it('ACT-2 gives the agent the CRM’s own message of a refusal and does not ask again', async () => {
    assert.deepEqual(await request({ body: { crm_pipeline_id: 1, name: 'x' } }), {
      kind: 'rejected',
      status: 422,
      message: 'crm_stage_id is required',
    });
    assert.deepEqual(await request({ method: 'PUT', path: '/api/v3.1/deals/4', body: { name: 'x' } }), {
      kind: 'rejected',
      status: 404,
      message: 'the record does not exist',
    });
    assert.equal((await standIn.journal()).length, 2);
  });

  it('ACT-2 is told by 429 and 503 to come again, and when', async () => {
    const wait = { headers: { 'retry-after': '7' } };
    assert.deepEqual(await under({ status: 429, ...wait }), [
      { kind: 'busy', status: 429, retryAfterMs: 7_000 },
      'not done',
    ]);
    assert.deepEqual(await under({ status: 503 }), [
      { kind: 'busy', status: 503, retryAfterMs: null },
      'not done',
    ]);
  });

  it('ACT-2 calls unknown what may have happened', async () => {
    const unknown = (code: string) => ({ kind: 'unknown', code });
    const after = { when: 'after' };
    assert.deepEqual(await under({ status: 500, ...after }), [unknown('status_500'), 'done']);
    await standIn.clean();
    assert.deepEqual(await under({ drop: true, ...after }), [unknown('connection_lost'), 'done']);
    await standIn.clean();
    assert.deepEqual(await under({ hang: true, ...after }, 300), [unknown('timed_out'), 'done']);
    await standIn.clean();
    assert.deepEqual(await under({ cut: true }), [unknown('connection_lost'), 'done']);
    await standIn.clean();
    assert.deepEqual(await under({ malformed: true }), [unknown('answer_unreadable'), 'done']);
    await standIn.clean();
    const large = { name: 'x'.repeat(300_000) };
    assert.deepEqual(await under({ status: 200, body: large, ...after }), [
      unknown('answer_unreadable'),
      'done',
    ]);
  });

  it('ACT-2 follows no redirect', async () => {
    const moved = { headers: { location: `${standIn.base}/api/v3.1/tickets` } };
    assert.deepEqual(await under({ status: 302, ...moved }), [
      { kind: 'unknown', code: 'redirected' },
      'not done',
    ]);
    const [answer] = await under({ status: 308, ...moved });
    assert.ok(answer.kind === 'rejected' && answer.status === 308);
    assert.deepEqual(await standIn.journal('/api/v3.1/tickets'), []);
  });

  it('ACT-2 says that nothing was sent where nothing was', async () => {
    const away = openProcess(pool, { baseUrl: 'http://127.0.0.1:1', clock });
    const answer = await away.crm.request(organisationId, createDeal(), unaborted);
    await away.crm.close();
    assert.deepEqual(answer, { kind: 'nothing_sent', code: 'nothing_sent' });
    for (const path of ['/api/v3.1/deals/..', '/api/v3.1/deals/1?x=y', '/api/v3.1/deals/a b', '@evil/x'])
      assert.deepEqual(await request({ path }), { kind: 'nothing_sent', code: 'bad_path' }, path);
    const aborted = process.crm.request(organisationId, createDeal(), AbortSignal.abort());
    assert.deepEqual(await aborted, { kind: 'nothing_sent', code: 'aborted' });
    assert.deepEqual(await standIn.journal(), []);
  });

  it('ACT-2 sends query and headers as given, save those that say who asks', async () => {
    const token = await standIn.token();
    const headers = { 'X-Trace-Id': 'trace-1', Authorization: 'Bearer of another', Accept: 'text/html' };
    const created = await request({ headers, query: { include_logs: 'true', 'a&b': 'c d' } });
    assert.equal(created.kind, 'ok');
    const [entry] = await standIn.journal();
    assert.equal(entry?.query, 'include_logs=true&a%26b=c+d');
    assert.equal(entry?.headers['x-trace-id'], 'trace-1');
    assert.equal(entry?.headers['authorization'], `Bearer ${token}`);
    const found = await request({ method: 'GET', query: { trace_id: 'trace-1' }, body: undefined });
    assert.ok(found.kind === 'ok');
    const { data } = found.body as { data: unknown[] };
    assert.equal(data.length, 1);
  });

  it('ACT-2 shows neither token nor key in what it answers, though the CRM says them', async () => {
    const token = await standIn.token();
    const body = { message: `no: Bearer ${token}, really ${token}` };
    const [answer] = await under({ status: 403, body });
    assert.deepEqual(answer, {
      kind: 'rejected',
      status: 403,
      message: 'no: Bearer [hidden], really [hidden]',
    });
  });
});

describe('the CRM without a company token', () => {
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  let standIns: LocalServer;
  let standIn: ReturnType<typeof crmStandIn>;

  before(async () => {
    [installation, standIns] = await Promise.all([openInstallation(), openStandIns()]);
    standIn = crmStandIn(`${standIns.url}/crm`);
    await standIn.control({ api_key: KEY });
  });
  after(async () => {
    await standIns.close();
    await installation.close();
  });

  it('ACT-2 is not connected, or by the environment’s key while there is one organisation', async () => {
    const { pool } = installation;
    const { organisationId } = await makeIntegration(pool);
    const keyless = openProcess(pool, { baseUrl: standIn.base, clock });
    const homeless = openProcess(pool, { baseUrl: null, apiKey: KEY, clock });
    const keyed = openProcess(pool, { baseUrl: standIn.base, apiKey: KEY, clock });
    const wrong = openProcess(pool, { baseUrl: standIn.base, apiKey: 'another', clock });
    const ask = ({ crm }: typeof keyed) => crm.request(organisationId, createDeal(), unaborted);

    for (const process of [keyless, homeless]) {
      assert.deepEqual(await ask(process), { kind: 'not_connected' });
      assert.equal(await process.crm.isConnected(organisationId), false);
    }
    assert.deepEqual(await standIn.journal(), []);

    assert.equal((await ask(keyed)).kind, 'ok');
    assert.equal(await keyed.crm.isConnected(organisationId), true);
    const [entry] = await standIn.journal();
    assert.deepEqual([entry?.headers['x-crm-api-key'], entry?.headers['authorization']], [KEY, undefined]);

    const refusal = await ask(wrong);
    assert.ok(refusal.kind === 'rejected' && refusal.status === 401);
    assert.deepEqual(await standIn.refreshes(), []);

    // The token's refresh shows the key beside the old token while the key serves.
    await keyed.tokens.save(organisationId, await standIn.token(), new Date());
    await standIn.control({ expire_tokens: true });
    assert.equal((await ask(keyed)).kind, 'ok');
    assert.equal((await standIn.refreshes())[0]?.headers['x-crm-api-key'], KEY);

    const second = await makeIntegration(pool);
    assert.equal(await keyed.crm.isConnected(second.organisationId), false);
    const foreign = await keyed.crm.request(second.organisationId, createDeal(), unaborted);
    assert.deepEqual(foreign, { kind: 'not_connected' });
    await standIn.control({ expire_tokens: true });
    assert.equal((await ask(keyed)).kind, 'ok');
    assert.equal((await standIn.refreshes())[1]?.headers['x-crm-api-key'], undefined);
    for (const process of [keyless, homeless, keyed, wrong]) await process.crm.close();
  });
});
