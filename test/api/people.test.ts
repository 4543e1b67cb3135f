import { strict as assert } from 'node:assert';
import type { Role } from '../../domain/role.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('people over the API', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const as = (role: Role, method: string, path: string, body?: unknown) =>
    call(stage.url, method, path, { key: stage.here.keys[role], body });
  const fieldsOf = (answer: { body: Record<string, unknown> }) =>
    (answer.body['errors'] as { field: string }[]).map(({ field }) => field);
  const make = async (path: string, body: object) => {
    const made = await as('admin', 'POST', path, body);
    assert.equal(made.status, 201);
    return made.body;
  };

  it('ACT-5 makes a member of divisions, changes what is named, and refuses what does not exist', async () => {
    const division = await make('/v1/divisions', { name: 'Billing' });
    const member = await make('/v1/members', {
      name: 'Olga',
      role: 'operator',
      divisions: [division['id']],
    });
    assert.deepEqual(
      [member['capacity'], member['online'], member['divisions']],
      [10, false, [division['id']]],
    );
    const path = `/v1/members/${String(member['id'])}`;
    const changed = await as('admin', 'PATCH', path, { capacity: 3 });
    assert.deepEqual([changed.body['capacity'], changed.body['name']], [3, 'Olga']);
    const foreign = await as('admin', 'PATCH', path, { divisions: [stage.there.division] });
    assert.deepEqual([foreign.status, fieldsOf(foreign)], [422, ['divisions']]);
    const wrong = await as('admin', 'POST', '/v1/members', { name: ' ', role: 'owner', capacity: -1 });
    assert.deepEqual([wrong.status, fieldsOf(wrong).sort()], [422, ['capacity', 'name', 'role']]);
    assert.equal((await as('admin', 'DELETE', path)).status, 200);
    assert.equal((await as('admin', 'GET', path)).status, 404);
  });

  it('APR-7 connects a member with one user of Slack, whom no other member has', async () => {
    const member = await make('/v1/members', { name: 'Adi', role: 'operator', slack_user_id: 'U0ADI' });
    assert.equal(member['slack_user_id'], 'U0ADI');
    const path = `/v1/members/${stage.here.member}`;
    const taken = await as('admin', 'PATCH', path, { slack_user_id: 'U0ADI' });
    assert.deepEqual([taken.status, fieldsOf(taken)], [422, ['slack_user_id']]);
    const again = await as('admin', 'POST', '/v1/members', {
      name: 'B',
      role: 'viewer',
      slack_user_id: 'U0ADI',
    });
    assert.deepEqual([again.status, fieldsOf(again)], [422, ['slack_user_id']]);
    for (const wrong of ['adi', 'C0SHOP', '@adi', 'U0'])
      assert.deepEqual(fieldsOf(await as('admin', 'PATCH', path, { slack_user_id: wrong })), [
        'slack_user_id',
      ]);
    const freed = await as('admin', 'PATCH', `/v1/members/${String(member['id'])}`, { slack_user_id: null });
    assert.equal(freed.body['slack_user_id'], null);
    const taking = await as('admin', 'PATCH', path, { slack_user_id: 'U0ADI' });
    assert.deepEqual([taking.status, taking.body['slack_user_id']], [200, 'U0ADI']);
  });

  it('ACT-5 refuses two divisions of one name', async () => {
    await make('/v1/divisions', { name: 'Billing' });
    const other = await make('/v1/divisions', { name: 'Repairs', members: [stage.here.member] });
    assert.deepEqual(other['members'], [stage.here.member]);
    assert.equal((await as('admin', 'POST', '/v1/divisions', { name: 'Billing' })).status, 409);
    const path = `/v1/divisions/${String(other['id'])}`;
    assert.equal((await as('admin', 'PATCH', path, { name: 'Billing' })).status, 409);
    const foreign = await as('admin', 'PATCH', path, { members: [stage.there.member] });
    assert.deepEqual([foreign.status, fieldsOf(foreign)], [422, ['members']]);
  });

  it('TEN-2 gives a member a key of the member’s own role and no other', async () => {
    const member_id = stage.here.member;
    const key = await make('/v1/keys', { name: 'Olga', role: 'operator', member_id });
    assert.equal(key['member_id'], member_id);
    const higher = await as('admin', 'POST', '/v1/keys', { name: 'Olga', role: 'admin', member_id });
    assert.deepEqual([higher.status, fieldsOf(higher)], [422, ['role']]);
    const foreign = await as('admin', 'POST', '/v1/keys', {
      name: 'Olga',
      role: 'operator',
      member_id: stage.there.member,
    });
    assert.deepEqual([foreign.status, fieldsOf(foreign)], [422, ['member_id']]);
    const path = `/v1/members/${member_id}`;
    assert.equal((await as('admin', 'PATCH', path, { role: 'builder' })).status, 409);
  });

  it('ACT-5 takes presence from a member’s key alone', async () => {
    assert.equal((await as('operator', 'PUT', '/v1/me/presence', { online: true })).status, 409);
    const { key } = await make('/v1/keys', {
      name: 'Olga',
      role: 'operator',
      member_id: stage.here.member,
    });
    const mine = (method: string, body?: object) =>
      call(stage.url, method, '/v1/me/presence', { key: String(key), body });
    const put = await mine('PUT', { online: true, capacity: 2 });
    assert.deepEqual([put.status, put.body], [200, { online: true, capacity: 2, open: 0, assigned: [] }]);
    assert.deepEqual((await mine('GET')).body, { online: true, capacity: 2, open: 0 });
  });

  describe('a conversation that changes hands', () => {
    const path = (what = '') => `/v1/conversations/${stage.here.conversation}${what}`;
    const signalled = () =>
      stage.world.signals.map(({ ref, row }) => [ref.conversationId, row.kind, row.epoch] as const);

    it('ACT-5 assigns to a division or an operator, and signals it', async () => {
      const { division, member, conversation } = stage.here;
      const queued = await as('operator', 'POST', path('/assign'), {
        assign_type: 'division',
        division_id: division,
      });
      const queue = { division_id: null, since: stage.world.now.toISOString() };
      assert.deepEqual(
        [queued.status, queued.body],
        [200, { owner: 'operator', epoch: 2, assignee: null, queue }],
      );
      const given = await as('operator', 'POST', path('/assign'), {
        assign_type: 'agent',
        operator_id: member,
      });
      assert.deepEqual(given.body, { owner: 'operator', epoch: 3, assignee: member, queue: null });
      assert.deepEqual(signalled(), [
        [conversation, 'assign', 2],
        [conversation, 'assign', 3],
      ]);
    });

    it('ACT-5 refuses to assign without an id, to nobody, and what is resolved', async () => {
      const errors = async (body: object) => {
        const refused = await as('operator', 'POST', path('/assign'), body);
        return [refused.status, refused.body['errors']];
      };
      const needed = (field: string) => [422, [{ field, message: 'Division/Agent ID required' }]];
      assert.deepEqual(await errors({ assign_type: 'division' }), needed('division_id'));
      assert.deepEqual(await errors({ assign_type: 'agent', operator_id: ' ' }), needed('operator_id'));
      assert.deepEqual(await errors({ assign_type: 'agent', operator_id: stage.there.member }), [
        422,
        [{ field: 'operator_id', message: 'names no operator' }],
      ]);
      assert.deepEqual(await errors({ assign_type: 'division', division_id: 'sales' }), [
        422,
        [{ field: 'division_id', message: 'names a division that does not exist' }],
      ]);
      assert.equal((await errors({ assign_type: 'somebody' }))[0], 422);
      await as('operator', 'POST', path('/resolve'));
      const late = await as('operator', 'POST', path('/assign'), { assign_type: 'auto' });
      assert.deepEqual([late.status, late.body['conversation_status']], [409, 'resolved']);
      assert.deepEqual(
        signalled().map(([, kind]) => kind),
        ['resolve'],
      );
    });

    it('ACT-5 signals what comes to a person, and what goes back into a queue', async () => {
      const { member, conversation } = stage.here;
      await as('operator', 'POST', path('/assign'), { assign_type: 'auto' });
      const { key } = await make('/v1/keys', { name: 'Olga', role: 'operator', member_id: member });
      const online = await call(stage.url, 'PUT', '/v1/me/presence', {
        key: String(key),
        body: { online: true },
      });
      assert.deepEqual(online.body['assigned'], [conversation]);
      assert.equal((await as('admin', 'DELETE', `/v1/members/${member}`)).status, 200);
      assert.deepEqual(
        signalled().map(([, kind, epoch]) => [kind, epoch]),
        [
          ['assign', 2],
          ['assign', 3],
          ['assign', 4],
        ],
      );
    });
  });

  it('TEN-2 keeps the last admin key, and lets it go once there is another', async () => {
    const keys = (await as('admin', 'GET', '/v1/keys')).body['data'] as { id: string; role: Role }[];
    const path = `/v1/keys/${keys.find(({ role }) => role === 'admin')?.id}`;
    assert.equal((await as('admin', 'DELETE', path)).status, 409);
    await make('/v1/keys', { name: 'Another', role: 'admin' });
    assert.equal((await as('admin', 'DELETE', path)).status, 200);
    assert.equal((await as('admin', 'GET', '/v1/keys')).status, 401);
  });
});
