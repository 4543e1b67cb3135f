import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

const nudge = { action: 'follow_up', duration: 600, message: 'Hi {{customer_name}}, are you still there?' };
const close = { action: 'resolve', duration: 600, message: 'Closing for now.' };
const LEGACY = { action: 'resolve', resolve: { duration: 900, message: 'Bye' } };
const OFFICE = {
  time_zone: 'Asia/Jakarta',
  weekly: { mon: [['09:00', '17:00']], fri: [['09:00', '24:00']] },
  holidays: ['2026-12-25'],
};

describe('silence, hours and escalation in an agent’s settings', () => {
  let stage: ApiStage;
  let path: string;
  beforeEach(async () => {
    stage = await openApiStage();
    path = `/v1/agents/${stage.here.agent}`;
  });
  afterEach(() => stage.close());

  const as = (role: 'admin' | 'builder' | 'viewer', method: string, at: string, body?: unknown) =>
    call(stage.url, method, at, { key: stage.here.keys[role], body });
  const patch = (body: object) => as('builder', 'PATCH', path, body);
  const turnFlag = (on: boolean) => as('admin', 'PUT', '/v1/feature-flags', { ai_agent_sequential_idle: on });
  const errorsOf = (answer: { body: Record<string, unknown> }) =>
    (answer.body['errors'] ?? []) as { field: string; message: string }[];
  const refused = async (body: object, ...fields: string[]) => {
    const answer = await patch(body);
    const found = errorsOf(answer).map(({ field }) => field);
    assert.deepEqual([answer.status, found.sort()], [422, fields.sort()], JSON.stringify(body));
  };

  it('IDLE-1 (IDLE-S01 AC-1) saves three steps and shows the same three', async () => {
    await turnFlag(true);
    const saved = await patch({ idle_rule: { steps: [nudge, nudge, close] } });
    assert.equal(saved.status, 200);
    const { idle_rule } = (await as('builder', 'GET', path)).body;
    assert.deepEqual(idle_rule, { steps: [nudge, nudge, close] });
  });

  it('IDLE-1 (IDLE-S01 ERR-2) refuses the whole save for any wrong field, names all of them and writes nothing', async () => {
    await turnFlag(true);
    await patch({ idle_rule: { steps: [close] } });
    const before = (await as('builder', 'GET', path)).body;
    const steps = [
      { ...nudge, message: '' },
      { action: 'tag', duration: 0, message: 'x' },
      { action: 'assign', duration: 90_000, assign: { type: 'division' } },
    ];
    await refused(
      { prompt: 'Other.', wait_time_seconds: -1, idle_rule: { steps } },
      'wait_time_seconds',
      'idle_rule.steps.0.message',
      'idle_rule.steps.1.action',
      'idle_rule.steps.1.duration',
      'idle_rule.steps.2.duration',
      'idle_rule.steps.2.assign.division',
    );
    assert.deepEqual((await as('builder', 'GET', path)).body, before);
    const made = await as('builder', 'POST', '/v1/agents', { name: 'Eve', idle_rule: { steps } });
    assert.equal(made.status, 422);
    assert.equal(stage.world.agents.filter(({ name }) => name === 'Eve').length, 0);
  });

  it('IDLE-1 (IDLE-S01 NEG-1) refuses a fourth step', async () => {
    await turnFlag(true);
    await refused({ idle_rule: { steps: [nudge, nudge, nudge, close] } }, 'idle_rule.steps');
    await refused({ idle_rule: 'resolve' }, 'idle_rule');
  });

  it('IDLE-2 (IDLE-S04 AC-3) takes and shows the legacy action alone while the flag is off', async () => {
    await refused({ idle_rule: { steps: [close] } }, 'idle_rule.steps');
    assert.equal((await patch({ idle_rule: LEGACY })).status, 200);
    assert.deepEqual((await as('builder', 'GET', path)).body['idle_rule'], LEGACY);
    await turnFlag(true);
    await patch({ idle_rule: { steps: [close] } });
    await turnFlag(false);
    assert.equal((await as('builder', 'GET', path)).body['idle_rule'], null);
    const list = (await as('builder', 'GET', '/v1/agents')).body['data'] as Record<string, unknown>[];
    assert.equal(list.find(({ id }) => id === stage.here.agent)?.['idle_rule'], null);
  });

  it('IDLE-2 takes null for no idle, and leaves the rule alone where it is not named', async () => {
    await patch({ idle_rule: LEGACY });
    await patch({ prompt: 'Other.' });
    assert.deepEqual((await as('builder', 'GET', path)).body['idle_rule'], LEGACY);
    assert.equal((await patch({ idle_rule: null })).body['idle_rule'], null);
  });

  it('IDLE-2 (IDLE-S01 CAN) lets an admin alone make an agent differ from the flag', async () => {
    const differ = { ai_agent_sequential_idle: true, idle_rule: { steps: [close] } };
    assert.equal((await patch(differ)).status, 403);
    const made = await as('builder', 'POST', '/v1/agents', { name: 'Eve', ...differ });
    assert.equal(made.status, 403);
    const changed = await as('admin', 'PATCH', path, differ);
    assert.deepEqual([changed.status, changed.body['idle_rule']], [200, { steps: [close] }]);
    assert.equal((await patch({ ...differ, idle_rule: { steps: [nudge, close] } })).status, 200);
    await turnFlag(true);
    await as('admin', 'PATCH', path, { ai_agent_sequential_idle: false });
    await refused({ idle_rule: { steps: [close] } }, 'idle_rule.steps');
  });

  it('IDLE-1 (IDLE-S01 CANNOT) lets nobody save who may not edit agents', async () => {
    assert.equal((await as('viewer', 'PATCH', path, { idle_rule: LEGACY })).status, 403);
  });

  it('IDLE-10 keeps business hours, gives them back as they came, and takes null for always', async () => {
    assert.deepEqual((await patch({ business_hours: OFFICE })).body['business_hours'], OFFICE);
    const { holidays: _, ...plain } = OFFICE;
    assert.deepEqual((await patch({ business_hours: plain })).body['business_hours'], {
      ...plain,
      holidays: [],
    });
    assert.equal((await patch({ business_hours: null })).body['business_hours'], null);
  });

  it('IDLE-10 refuses hours that are none, at their place', async () => {
    const weekly = { mon: [['9:00', '17:00']], tue: [['09:00', '09:00']] };
    await refused(
      { business_hours: { time_zone: 'Jakarta', weekly, holidays: ['2026-02-29'] } },
      'business_hours.time_zone',
      'business_hours.weekly.mon.0',
      'business_hours.weekly.tue.0',
      'business_hours.holidays.0',
    );
    await refused({ business_hours: { ...OFFICE, weekly: {} } }, 'business_hours.weekly');
    await refused(
      { business_hours: { ...OFFICE, weekly: { ...OFFICE.weekly, someday: [] } } },
      'business_hours.weekly.someday',
    );
  });

  it('ESC-1 keeps escalation rules in their order, and refuses conditions that mean nothing', async () => {
    const rules = [
      { name: 'Dispute', condition: 'billing_dispute and attempts > 2', reason: 'Asked about money again' },
      { condition: 'text contains "lawyer"' },
    ];
    const saved = await patch({ escalation_rules: rules });
    assert.deepEqual(saved.body['escalation_rules'], [rules[0], { name: 'rule 2', ...rules[1] }]);
    const wrong = [
      { condition: 'attempts >' },
      { condition: 'mood == "bad"' },
      { name: ' ', condition: 'true' },
    ];
    await refused(
      { escalation_rules: wrong.slice(0, 2) },
      'escalation_rules.0.condition',
      'escalation_rules.1.condition',
    );
    await refused({ escalation_rules: wrong.slice(2) }, 'escalation_rules.0.name');
    const [first] = errorsOf(await patch({ escalation_rules: wrong.slice(0, 1) }));
    assert.match(first?.message ?? '', /^at character 11: /);
  });

  it('ESC-2 takes a member or a Slack user to be called, and nobody', async () => {
    for (const escalation_assignee of [stage.here.member, 'U02ABC9XYZ', null]) {
      const saved = await patch({ escalation_assignee });
      assert.deepEqual([saved.status, saved.body['escalation_assignee']], [200, escalation_assignee]);
    }
    await refused({ escalation_assignee: 'budi' }, 'escalation_assignee');
  });

  it('ESC-2 refuses whoever is not there to be called or to be given a conversation, all at once', async () => {
    await turnFlag(true);
    const viewer = stage.world.makeMember(stage.here.id, { name: 'Vera', role: 'viewer' }).id;
    const give = (type: 'agent' | 'division', id: string) => ({
      action: 'assign',
      duration: 600,
      assign: { type, [type]: id },
    });
    for (const nobody of [randomUUID(), stage.there.member, viewer])
      await refused(
        {
          escalation_assignee: nobody,
          idle_rule: { steps: [give('agent', nobody), give('division', stage.there.division), close] },
        },
        'escalation_assignee',
        'idle_rule.steps.0.assign.agent',
        'idle_rule.steps.1.assign.division',
      );
    const legacy = { action: 'assign', assign: { type: 'agent', agent: randomUUID(), duration: 600 } };
    await refused({ idle_rule: legacy }, 'idle_rule.assign.agent');
    const { member, division } = stage.here;
    const steps = [give('agent', member), give('division', division), close];
    assert.equal((await patch({ escalation_assignee: member, idle_rule: { steps } })).status, 200);
    const made = { name: 'Eve', escalation_assignee: stage.there.member };
    assert.equal((await as('builder', 'POST', '/v1/agents', made)).status, 422);
  });

  it('IDLE-8 refuses whoever is not there in the rule of a channel, too', async () => {
    await turnFlag(true);
    const { member, division, agent, channels } = stage.here;
    const give = (type: 'agent' | 'division', id: string) => ({
      action: 'assign',
      duration: 600,
      assign: { type, [type]: id },
    });
    const at = `/v1/channels/${channels.webchat}`;
    const named = { kind: 'webchat', name: 'Chat', agent_id: agent };
    const foreign = {
      default_idle_rule: {
        steps: [give('agent', stage.there.member), give('division', stage.there.division), close],
      },
    };
    for (const answer of [
      await as('admin', 'PATCH', at, foreign),
      await as('admin', 'POST', '/v1/channels', { ...named, ...foreign }),
    ]) {
      assert.equal(answer.status, 422);
      const fields = ['default_idle_rule.steps.0.assign.agent', 'default_idle_rule.steps.1.assign.division'];
      assert.deepEqual(
        errorsOf(answer).map(({ field }) => field),
        fields,
      );
    }
    const ours = { default_idle_rule: { steps: [give('agent', member), give('division', division), close] } };
    assert.equal((await as('admin', 'PATCH', at, ours)).status, 200);
    assert.equal((await as('admin', 'PATCH', at, { name: 'Other' })).status, 200);
  });

  it('ESC-3 takes the notices that are named, and tells the default ones for the rest', async () => {
    const { escalation_notice, quiet_period_seconds, response_time_seconds } = (
      await as('builder', 'GET', path)
    ).body;
    assert.deepEqual([quiet_period_seconds, response_time_seconds], [1800, 900]);
    const saved = await patch({
      escalation_notice: { nobody_online: 'Later, {{customer_name}}.' },
      quiet_period_seconds: 0,
    });
    assert.deepEqual(saved.body['escalation_notice'], {
      ...(escalation_notice as object),
      nobody_online: 'Later, {{customer_name}}.',
    });
    await refused(
      { escalation_notice: { nobody_online: 'At {{next_opening}}', called: '  ', shout: 'x' } },
      'escalation_notice.nobody_online',
      'escalation_notice.called',
      'escalation_notice.shout',
    );
    await refused(
      { quiet_period_seconds: -1, response_time_seconds: 5 },
      'quiet_period_seconds',
      'response_time_seconds',
    );
  });

  it('IDLE-1 refuses settings of another form altogether, at their place', async () => {
    await refused(
      { business_hours: 'always', escalation_rules: {}, escalation_notice: [] },
      'business_hours',
      'escalation_rules',
      'escalation_notice',
    );
    await refused(
      { business_hours: { time_zone: 7, weekly: { mon: 'x', tue: [['09:00']] }, holidays: 'never' } },
      'business_hours.time_zone',
      'business_hours.weekly.mon',
      'business_hours.weekly.tue.0',
      'business_hours.holidays',
    );
    await refused(
      { escalation_rules: [{ condition: 7 }, 'attempts > 2'] },
      'escalation_rules.0.condition',
      'escalation_rules.1',
    );
    await refused(
      { escalation_notice: { called: 7 }, idle_rule: [] },
      'escalation_notice.called',
      'idle_rule',
    );
  });

  it('APR-1 switches the Actions Center on and off, off at first', async () => {
    const flags = (await as('admin', 'GET', '/v1/feature-flags')).body;
    assert.deepEqual([flags['actions_center'], flags['ai_agent_sequential_idle']], [false, false]);
    const on = await as('admin', 'PUT', '/v1/feature-flags', { actions_center: true });
    assert.deepEqual([on.body['actions_center'], on.body['ai_agent_action']], [true, false]);
    assert.equal((await as('builder', 'PUT', '/v1/feature-flags', { actions_center: false })).status, 403);
  });

  it('APR-7 takes a channel or a user of Slack for requests to operators, and nothing else', async () => {
    for (const target of ['C0OFFICE', 'U0ADI', null])
      assert.equal((await patch({ approval_slack_target: target })).body['approval_slack_target'], target);
    for (const wrong of ['#office', 'D0DIRECT', '', stage.here.member])
      await refused({ approval_slack_target: wrong }, 'approval_slack_target');
  });
});
