import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { openPool } from '../../adapters/postgres/pool.ts';
import type { LocalServer } from '../../dev/stand-ins/local-http-server.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { until } from '../../dev/until.ts';
import { look, makeIntegration, openInstallation } from '../postgres/installation.ts';
import { createDeal, crmStandIn, NEW_DEAL, openProcess, refreshEvents } from './crm-world.ts';

const unaborted = new AbortController().signal;
const TOKEN = '/teams/company_token';

describe('the company token of the CRM', () => {
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  let pool: pg.Pool;
  let standIns: LocalServer;
  let standIn: ReturnType<typeof crmStandIn>;
  let process: ReturnType<typeof openProcess>;
  let now = new Date();
  const clock = { now: () => now };

  before(async () => {
    installation = await openInstallation();
    pool = installation.pool;
    standIns = await openStandIns();
    standIn = crmStandIn(`${standIns.url}/crm`);
    process = openProcess(pool, { baseUrl: standIn.base, clock });
  });
  beforeEach(async () => {
    now = new Date('2026-01-01T00:00:00.000Z');
    await standIn.clean();
  });
  after(async () => {
    await process.crm.close();
    await standIns.close();
    await installation.close();
  });

  /** An organisation whose stored token is the one that the CRM takes. */
  async function connected(): Promise<string> {
    const { organisationId } = await makeIntegration(pool);
    await process.tokens.save(organisationId, await standIn.token(), now);
    return organisationId;
  }

  const burst = (organisationId: string, count: number, crm = process.crm) =>
    Promise.all(Array.from({ length: count }, () => crm.request(organisationId, createDeal(), unaborted)));

  it('ACT-2 is stored sealed and sent as a bearer', async () => {
    const organisationId = await connected();
    const token = await standIn.token();
    const answer = await process.crm.request(organisationId, createDeal(), unaborted);
    assert.ok(answer.kind === 'ok' && answer.status === 201);
    const [entry] = await standIn.journal();
    assert.deepEqual(
      [entry?.method, entry?.path, entry?.headers['authorization'], JSON.parse(entry?.body ?? '')],
      ['POST', '/api/v3.1/deals', `Bearer ${token}`, NEW_DEAL],
    );
    const rows = await look(pool, organisationId, 'select * from organization_connections');
    assert.equal(rows.length, 1);
    assert.ok(!JSON.stringify(rows).includes(token));
  });

  it('ACT-2 is refreshed on a 401, stored, and the request goes out once more', async () => {
    const organisationId = await connected();
    const before = await standIn.token();
    await standIn.control({ expire_tokens: true });
    const [answer] = await burst(organisationId, 1);
    assert.equal(answer?.kind, 'ok');
    const after = await standIn.token();
    assert.notEqual(after, before);
    assert.equal((await process.tokens.read(organisationId))?.token, after);
    const seen = (await standIn.journal()).map(({ path, status, headers }) => [
      path,
      status,
      headers['authorization'],
    ]);
    assert.deepEqual(seen, [
      ['/api/v3.1/deals', 401, `Bearer ${before}`],
      ['/api/v3.1/teams/company_token', 200, `Bearer ${before}`],
      ['/api/v3.1/deals', 201, `Bearer ${after}`],
    ]);
    assert.deepEqual(await refreshEvents(pool, organisationId), [{ outcome: 'succeeded' }]);
  });

  it('ACT-2 is refreshed once when 50 calls at once find it expired, and all succeed', async () => {
    const organisationId = await connected();
    await standIn.control({ expire_tokens: true });
    const answers = await burst(organisationId, 50);
    assert.deepEqual(
      answers.filter((answer) => answer.kind !== 'ok'),
      [],
    );
    assert.equal((await standIn.refreshes()).length, 1);
    assert.equal((await standIn.journal('/api/v3.1/deals')).filter((entry) => entry.done).length, 50);
    assert.deepEqual(await refreshEvents(pool, organisationId), [{ outcome: 'succeeded' }]);
  });

  it('ACT-2 is refreshed once by two processes, though it takes longer than a statement may', async () => {
    const organisationId = await connected();
    const otherPool = openPool(installation.database.appUrl, { max: 4 });
    const other = openProcess(otherPool, { baseUrl: standIn.base, clock });
    try {
      await standIn.control({ expire_tokens: true, fail: [{ match: TOKEN, delay_ms: 2_700 }] });
      const answers = (
        await Promise.all([burst(organisationId, 5), burst(organisationId, 5, other.crm)])
      ).flat();
      assert.deepEqual(
        answers.filter((answer) => answer.kind !== 'ok'),
        [],
      );
      assert.equal((await standIn.refreshes()).length, 1);
      assert.deepEqual(await refreshEvents(pool, organisationId), [{ outcome: 'succeeded' }]);
    } finally {
      await other.crm.close();
      await otherPool.end();
    }
  });

  it('ACT-2 that stays refused is a failure for the agent with one alert event and no loop', async () => {
    const organisationId = await connected();
    await standIn.control({ expire_tokens: true, refuse_refresh: true });
    const failure = { kind: 'rejected', status: 401, message: 'the company token has expired' };
    const failed = { outcome: 'failed', reason: 'status_401' };
    assert.deepEqual(
      await burst(organisationId, 50),
      Array.from({ length: 50 }, () => failure),
    );
    assert.deepEqual(await burst(organisationId, 3), [failure, failure, failure]);
    assert.equal((await standIn.refreshes()).length, 1);
    assert.equal((await standIn.journal('/api/v3.1/deals')).length, 53);
    assert.deepEqual(await refreshEvents(pool, organisationId), [failed]);

    now = new Date(now.getTime() + 59_000);
    await burst(organisationId, 1);
    assert.equal((await standIn.refreshes()).length, 1);
    now = new Date(now.getTime() + 1_000);
    await burst(organisationId, 2);
    assert.equal((await standIn.refreshes()).length, 2);
    assert.deepEqual(await refreshEvents(pool, organisationId), [failed, failed]);
  });

  it('ACT-2 that stays refused in one process is left alone by another', async () => {
    const organisationId = await connected();
    await standIn.control({ expire_tokens: true, refuse_refresh: true });
    await burst(organisationId, 1);
    const other = openProcess(pool, { baseUrl: standIn.base, clock });
    const [answer] = await burst(organisationId, 1, other.crm);
    await other.crm.close();
    assert.equal(answer?.kind, 'rejected');
    assert.equal((await standIn.refreshes()).length, 1);
  });

  it('ACT-2 that is refused although it is new is not refreshed again at once', async () => {
    const organisationId = await connected();
    await standIn.control({ fail: [{ match: '/deals', status: 401, times: -1 }] });
    assert.equal((await burst(organisationId, 1))[0]?.kind, 'rejected');
    assert.equal((await burst(organisationId, 10)).filter((answer) => answer.kind === 'rejected').length, 10);
    assert.equal((await standIn.refreshes()).length, 1);
    assert.equal((await standIn.journal('/api/v3.1/deals')).length, 12);
    await standIn.control({ fail: [] });
    assert.equal((await burst(organisationId, 1))[0]?.kind, 'ok');
  });

  it('ACT-2 that a person has put in the refused one’s place is used at once', async () => {
    const organisationId = await connected();
    await standIn.control({ expire_tokens: true, refuse_refresh: true });
    await burst(organisationId, 1);
    await standIn.control({ expire_tokens: false });
    await process.tokens.save(organisationId, await standIn.token(), now);
    assert.equal((await burst(organisationId, 1))[0]?.kind, 'ok');
    await standIn.control({ expire_tokens: true, refuse_refresh: false });
    assert.equal((await burst(organisationId, 1))[0]?.kind, 'ok');
  });

  it('ACT-2 says by a code why no new one came: no token in the answer, no answer in time, no connection', async () => {
    const hasty = openProcess(pool, { baseUrl: standIn.base, clock, refreshTimeoutMs: 200 });
    const faults = [{ status: 200, body: { data: {} } }, { hang: true }, { drop: true }];
    const reasons = ['no_token_in_answer', 'timed_out', 'connection_lost'];
    for (const [index, fault] of faults.entries()) {
      const organisationId = await connected();
      await standIn.control({ expire_tokens: true, fail: [{ match: TOKEN, ...fault }] });
      assert.equal((await burst(organisationId, 1, hasty.crm))[0]?.kind, 'rejected');
      assert.deepEqual(await refreshEvents(pool, organisationId), [
        { outcome: 'failed', reason: reasons[index] },
      ]);
      await standIn.clean();
    }
    await hasty.crm.close();
  });

  it('ACT-2 goes on being refreshed for the others when one who waits gives up', async () => {
    const organisationId = await connected();
    await standIn.control({ expire_tokens: true, fail: [{ match: TOKEN, delay_ms: 1_000 }] });
    const impatient = new AbortController();
    const first = process.crm.request(organisationId, createDeal(), impatient.signal);
    const second = burst(organisationId, 1);
    const bothRefused = async () => (await standIn.journal('/api/v3.1/deals')).length === 2;
    assert.ok(await until(bothRefused, 5_000, 10));
    impatient.abort();
    assert.deepEqual(await first, { kind: 'nothing_sent', code: 'aborted' });
    assert.equal((await second)[0]?.kind, 'ok');
    assert.equal((await standIn.refreshes()).length, 1);
  });
});
