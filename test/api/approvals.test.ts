import { strict as assert } from 'node:assert';
import type { Role } from '../../domain/role.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('approvals over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (role: Role, method: string, path: string, body?: unknown) =>
    call(stage.url, method, path, { key: stage.here.keys[role], body });
  const path = () => `/v1/approvals/${stage.here.approval}`;
  const decide = (body: object) => as('operator', 'POST', `${path()}/decision`, body);
  const list = async (query: string) =>
    ((await as('viewer', 'GET', `/v1/approvals${query}`)).body['data'] as { id: string }[]).map(
      ({ id }) => id,
    );

  it('APR-2 lists what waits, and shows one, to a viewer', async () => {
    assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
    assert.deepEqual(await list('?status=approved'), []);
    const shown = await as('viewer', 'GET', path());
    assert.equal(shown.status, 200);
    assert.deepEqual(shown.body['request_data'], { order: 7 });
    assert.equal((await as('viewer', 'GET', '/v1/approvals?status=open')).status, 422);
    assert.equal((await as('viewer', 'GET', `/v1/approvals/${stage.there.approval}`)).status, 404);
  });

  it('APR-3 answers a decision at once, keeps its data, and tells the conversation and whoever waits', async () => {
    const answer = await decide({ decision: 'approve', response: 'Fine', response_data: { refund: 12 } });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      [answer.body['status'], answer.body['decided_at']],
      ['approved', stage.world.now.toISOString()],
    );
    const shown = await as('viewer', 'GET', path());
    assert.deepEqual([shown.body['response'], shown.body['response_data']], ['Fine', { refund: 12 }]);
    assert.deepEqual(
      stage.world.signals.map(({ row }) => row.kind),
      ['approval_outcome'],
    );
    assert.deepEqual(stage.world.decided, [stage.here.approval]);
  });

  it('APR-4 tells the second who decided and when', async () => {
    const first = await decide({ decision: 'deny' });
    stage.world.advance(1_000);
    const second = await decide({ decision: 'approve' });
    assert.equal(second.status, 409);
    const { approval_status, decided_by, decided_at } = second.body;
    assert.deepEqual(
      [approval_status, decided_by, decided_at],
      ['denied', first.body['decided_by'], first.body['decided_at']],
    );
    assert.equal(stage.world.signals.length, 1);
  });

  it('APR-4 refuses a decision after the expiry, and after a withdrawal, with 410', async () => {
    const withdrawn = await as('operator', 'POST', `${path()}/cancel`);
    assert.deepEqual([withdrawn.status, withdrawn.body['status']], [200, 'cancelled']);
    const late = await decide({ decision: 'approve' });
    assert.deepEqual([late.status, late.body['approval_status']], [410, 'cancelled']);
    assert.equal(late.body['decided_by'], withdrawn.body['decided_by']);

    const key = stage.there.keys.operator;
    stage.world.advance(86_400_000);
    const decision = `/v1/approvals/${stage.there.approval}/decision`;
    const expired = await call(stage.url, 'POST', decision, { key, body: { decision: 'approve' } });
    assert.deepEqual([expired.status, expired.body['approval_status']], [410, 'expired']);
  });

  it('APR-2 (AC Priority) lets an operator raise a request to urgent, and a viewer not', async () => {
    const raised = await as('operator', 'PATCH', path(), { priority: 'urgent' });
    assert.deepEqual([raised.status, raised.body['priority']], [200, 'urgent']);
    assert.equal((await as('operator', 'PATCH', path(), { priority: 'highest' })).status, 422);
    assert.equal((await as('viewer', 'PATCH', path(), { priority: 'low' })).status, 403);
    assert.deepEqual([stage.world.signals, stage.world.decided], [[], []]);
  });

  it('APR-1 (AC Limits) refuses an answer that is too long or too large', async () => {
    for (const more of [{ response: 'x'.repeat(2_001) }, { response_data: { x: 'x'.repeat(10_240) } }])
      assert.equal((await decide({ decision: 'approve', ...more })).status, 422);
    assert.equal((await decide({ decision: 'maybe' })).status, 422);
    assert.deepEqual(await list('?status=pending'), [stage.here.approval]);
  });
});
