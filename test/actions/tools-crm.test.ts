import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { CallContext } from '../../activities/ports.ts';
import { toolOf } from '../../activities/tools/index.ts';
import type { Executed } from '../../activities/tools/tool.ts';
import type { LocalServer } from '../../dev/stand-ins/local-http-server.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import type { Json } from '../../domain/external-action.ts';
import type { NodeType } from '../../domain/tool.ts';
import { makeIntegration, openInstallation } from '../postgres/installation.ts';
import { crmStandIn, openProcess } from './crm-world.ts';
import { attemptWith, contextWith, fakePorts, KEY, ready, situationWith } from './tool-situation.ts';

const NEW = { crm_pipeline_id: '1', crm_stage_id: 11, name: 'Lamp for {{customer_name}}' };
const clock = { now: () => new Date() };

describe('the CRM tools at a CRM', () => {
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
  });
  beforeEach(async () => {
    await standIn.clean();
    await process.tokens.save(organisationId, await standIn.token(), new Date());
  });
  after(async () => {
    await process.crm.close();
    await standIns.close();
    await installation.close();
  });

  /** Resolves and makes one attempt, as a turn would. */
  function run(
    nodeType: NodeType,
    fields: Record<string, unknown>,
    proposed: object = {},
    { repeat = false, ...context }: Partial<CallContext> & { repeat?: boolean } = {},
  ): Promise<Executed> {
    const resolved = ready(nodeType, fields, proposed, situationWith(context));
    const attempt = attemptWith(resolved, {
      context: contextWith(context),
      repeat,
      call: { organisationId },
    });
    return toolOf(nodeType).execute({ ...fakePorts().ports, crm: process.crm }, attempt);
  }

  const writes = async () =>
    (await standIn.journal()).filter(({ method, path }) => method !== 'GET' && !path.includes('/teams/'));

  it('ACT-2 (QACT-S01 AC-2; QACT-S01 AC-3) posts a deal with its fields, filled in, and the company token', async () => {
    const executed = await run('qontak_crm_deal_create', { ...NEW, creator_id: '7', tags: 'vip, Lamps' });
    const [post, ...others] = await writes();
    assert.equal(others.length, 0);
    assert.equal(post?.method, 'POST');
    assert.equal(post.path, '/api/v3.1/deals');
    assert.match(post.headers['authorization'] ?? '', /^Bearer crm-stand-in-/);
    assert.deepEqual(JSON.parse(post.body), {
      crm_pipeline_id: 1,
      crm_stage_id: 11,
      name: 'Lamp for Budi',
      creator_id: 7,
      tags: ['vip', 'Lamps'],
    });
    assert.equal(outcomeOf(executed).state, 'succeeded');
    assert.equal(outcomeOf(executed).record?.kind, 'deal');
  });

  it('ACT-2 (QACT-S02 AC-2; QACT-S02 AC-3) posts a ticket with its fields, filled in, and the company token', async () => {
    const executed = await run('qontak_crm_ticket_create', NEW);
    const [post] = await writes();
    assert.equal(post?.path, '/api/v3.1/tickets');
    assert.match(post.headers['authorization'] ?? '', /^Bearer crm-stand-in-/);
    assert.deepEqual(JSON.parse(post.body), { crm_pipeline_id: 1, crm_stage_id: 11, name: 'Lamp for Budi' });
    const { state, record, result } = outcomeOf(executed);
    assert.equal(state, 'succeeded');
    assert.deepEqual(result, { ok: true, created: 'ticket', id: record?.id });
  });

  for (const [nodeType, path] of [
    ['qontak_crm_deal_create', '/api/v3.1/deals'],
    ['qontak_crm_ticket_create', '/api/v3.1/tickets'],
  ] as const) {
    it('ACT-3 (QACT-S01 AC-4) looks lead ids up by phone and sends them as crm_lead_ids', async () => {
      const executed = await run(nodeType, { ...NEW, customer_contact_association: true });
      const [leads] = await standIn.journal('/api/v3.1/leads');
      assert.equal(new URLSearchParams(leads?.query).get('phone'), '+6281234567890');
      const [post] = await writes();
      assert.equal(post?.path, path);
      const body = JSON.parse(post.body) as Record<string, unknown>;
      assert.deepEqual(body['crm_lead_ids'], [3000]);
      assert.ok(!('customer_contact_association' in body));
      assert.equal((outcomeOf(executed).result as { contact_linked: boolean }).contact_linked, true);
    });
  }

  it('ACT-3 makes the deal without leads where the customer has no number, or no lead, and says so', async () => {
    const fields = { ...NEW, customer_contact_association: 'true' };
    for (const [phone, why] of [
      [null, 'no_phone_number'],
      ['+15550001', 'no_lead'],
    ] as const) {
      const contact = { id: 'c', name: 'Budi', phone };
      const { state, result } = outcomeOf(await run('qontak_crm_deal_create', fields, {}, { contact }));
      assert.equal(state, 'succeeded');
      const { contact_linked: linked, contact_reason: reason } = result as Record<string, Json>;
      assert.deepEqual([linked, reason], [false, why]);
    }
    assert.ok((await writes()).every(({ body }) => !body.includes('crm_lead_ids')));
  });

  it('ACT-2 (QACT-S03 AC-2) puts the changed fields to the ticket of the conversation', async () => {
    const id = await made('ticket');
    const own = { ownRecords: { deals: [], tickets: [id] } };
    const executed = await run(
      'qontak_crm_ticket_update',
      { crm_stage_id: '12' },
      { name: 'Lamp came' },
      own,
    );
    const put = (await writes()).at(-1);
    assert.equal(`${put?.method} ${put?.path}`, `PUT /api/v3.1/tickets/${id}`);
    assert.match(put?.headers['authorization'] ?? '', /^Bearer crm-stand-in-/);
    assert.deepEqual(JSON.parse(put?.body ?? ''), { crm_stage_id: 12, name: 'Lamp came' });
    assert.deepEqual(outcomeOf(executed).result, { ok: true, updated: 'ticket', id });
  });

  it('ACT-3 (QACT-S04 AC-1) puts the changed fields to the deal, with its query and X-Trace-Id', async () => {
    const id = await made('deal');
    const fields = {
      id: '{{deal_id}}',
      stage_id: '12',
      include_logs: true,
      limit: '5',
      page: 2,
      x_trace_id: 'trace-{{conversation_id}}',
    };
    const own = { ownRecords: { deals: [id], tickets: [] } };
    await run('qontak_crm_deal_update', fields, { name: null, amount: 900 }, own);
    const put = (await writes()).at(-1);
    assert.equal(`${put?.method} ${put?.path}`, `PUT /api/v3.1/deals/${id}`);
    assert.deepEqual(JSON.parse(put?.body ?? ''), { stage_id: '12', amount: 900 });
    assert.deepEqual(Object.fromEntries(new URLSearchParams(put?.query)), {
      include_logs: 'true',
      limit: '5',
      page: '2',
    });
    assert.match(put?.headers['x-trace-id'] ?? '', /^trace-0b9d8a1e-/);
  });

  for (const [nodeType, fields] of [
    ['qontak_crm_deal_create', NEW],
    ['qontak_crm_ticket_create', NEW],
    ['qontak_crm_ticket_update', { id: '2000', name: 'x' }],
  ] as const) {
    it('ACT-2 (QACT-S01 ERR-1; QACT-S02 ERR-1; QACT-S03 ERR-2) refreshes a refused token and repeats the call', async () => {
      await standIn.control({ expire_tokens: true });
      const executed = await run(nodeType, fields);
      assert.equal((await standIn.refreshes()).length, 1);
      const statuses = (await writes()).map(({ status }) => status);
      assert.equal(statuses[0], 401);
      assert.notEqual(statuses[1], 401);
      assert.equal(executed.kind, 'ended');
    });
  }

  it('ACT-2 (QACT-S01 ERR-1) tells the agent of a token that stays refused, and does not try again', async () => {
    await standIn.control({ expire_tokens: true, refuse_refresh: true });
    const executed = await run('qontak_crm_deal_create', NEW);
    const { state, reason, result } = outcomeOf(executed);
    assert.deepEqual([state, reason], ['failed', 'crm_401']);
    assert.equal((result as { ok: boolean }).ok, false);
    assert.ok((await writes()).every(({ done }) => !done));
  });

  it('ACT-2 passes on what the CRM says of a refused record', async () => {
    const own = { ownRecords: { deals: [], tickets: ['77'] } };
    const executed = await run('qontak_crm_ticket_update', {}, { name: 'x' }, own);
    assert.deepEqual(outcomeOf(executed), {
      state: 'failed',
      reason: 'crm_404',
      result: { ok: false, error: 'the record does not exist' },
    });
  });

  it('ACT-8 finds the record of an attempt whose answer was lost instead of making another', async () => {
    await standIn.control({ fail: [{ match: '/deals', when: 'after', drop: true, times: 1 }] });
    const first = await run('qontak_crm_deal_create', NEW);
    assert.equal(first.kind === 'try_again' && first.code, 'outcome_unknown');
    const second = await run('qontak_crm_deal_create', NEW, {}, { repeat: true });
    assert.equal(outcomeOf(second).state, 'succeeded');
    assert.equal((await writes()).length, 1);
    assert.match(outcomeOf(second).record?.id ?? '', /^\d+$/);
    assert.equal((await writes())[0]?.headers['x-trace-id'], KEY);
  });

  it('ACT-8 makes the record where the attempt before made none', async () => {
    await run('qontak_crm_ticket_create', NEW, {}, { repeat: true });
    assert.equal((await writes()).length, 1);
  });

  async function made(kind: 'deal' | 'ticket'): Promise<string> {
    const executed = await run(`qontak_crm_${kind}_create`, NEW);
    const id = outcomeOf(executed).record?.id;
    assert.ok(id !== undefined);
    return id;
  }
});

function outcomeOf(executed: Executed) {
  assert.ok(executed.kind === 'ended', JSON.stringify(executed));
  return executed.outcome;
}
