import { strict as assert } from 'node:assert';
import { idleRuleProblems } from './idle-rule-problems.ts';

const ON = { sequential: true };
const OFF = { sequential: false };
const ID = 'b9d1f3f0-1111-4222-8333-444455556666';

const nudge = { action: 'follow_up', duration: 600, message: 'Are you still there?' };
const close = { action: 'resolve', duration: 600, message: 'Closing for now.' };
const assigned = (assign: unknown) => ({ action: 'assign', duration: 600, assign });

function fields(rule: unknown, flag = ON): string[] {
  return idleRuleProblems(rule, flag).map(({ field }) => field);
}
function said(rule: unknown, field: string, flag = ON): string | undefined {
  return idleRuleProblems(rule, flag).find((problem) => problem.field === field)?.message;
}

describe('what is wrong with an idle rule', () => {
  it('IDLE-1 accepts one to three steps, with and without order', () => {
    for (const steps of [[nudge], [nudge, close], [nudge, assigned({ type: 'auto' }), close]])
      assert.deepEqual(fields({ steps }), []);
    const ordered = [nudge, nudge, close].map((step, n) => ({ ...step, order: 3 - n }));
    assert.deepEqual(fields({ steps: ordered }), []);
    const message = 'Hi {{customer_name}}';
    for (const duration of [1, 86_400])
      assert.deepEqual(fields({ steps: [{ ...nudge, duration, message }] }), []);
  });

  it('IDLE-2 accepts no idle at all, and the legacy action with the flag on or off', () => {
    const rules = [
      null,
      undefined,
      {},
      { action: 'none' },
      { action: 'resolve', resolve: { duration: 60, message: 'Bye' } },
      { action: 'assign', assign: { duration: 60, type: 'agent', agent: ID, message: null } },
      {
        action: 'follow_up',
        follow_up: { duration: 60, message: 'Hello?' },
        assign: { duration: 0, type: '', division: null, agent: null, message: '' },
        resolve: null,
      },
    ];
    for (const rule of rules)
      for (const flag of [ON, OFF]) assert.deepEqual(fields(rule, flag), [], JSON.stringify(rule));
  });

  it('IDLE-1 (IDLE-S01 NEG-1) refuses a fourth step, and an empty list', () => {
    assert.deepEqual(fields({ steps: [nudge, nudge, nudge, close] }), ['steps']);
    assert.deepEqual(fields({ steps: [] }), ['steps']);
    assert.deepEqual(fields({ steps: nudge }), ['steps']);
  });

  it('IDLE-1 (IDLE-S01 ERR-2) asks for the message of a nudge and of a close, at its place', () => {
    for (const message of [undefined, null, '', ' \n'])
      for (const action of ['follow_up', 'resolve']) {
        const rule = { steps: [close, { action, duration: 60, message }] };
        assert.deepEqual(fields(rule), ['steps.1.message']);
        assert.equal(said(rule, 'steps.1.message'), 'message required');
      }
  });

  it('IDLE-1 (IDLE-S01 ERR-3) refuses a duration that is not 1 to 86,400 whole seconds', () => {
    for (const duration of [0, -1, 86_401, 1.5, '600', null, Number.NaN])
      assert.deepEqual(fields({ steps: [{ ...nudge, duration }] }), ['steps.0.duration'], String(duration));
    assert.equal(said({ steps: [{ action: 'resolve', message: 'x' }] }, 'steps.0.duration'), 'is missing');
  });

  it('IDLE-1 (IDLE-S01 NEG-2) knows three actions and no other', () => {
    for (const action of ['webhook', 'none', 'tag', 'toString', 7, null])
      assert.deepEqual(fields({ steps: [{ ...nudge, action }] }), ['steps.0.action'], String(action));
    assert.deepEqual(fields({ action: 'webhook' }), ['action']);
    assert.deepEqual(fields({ steps: [{ ...nudge, template: 'x' }] }), ['steps.0.template']);
  });

  it('IDLE-1 asks an assignment for its target', () => {
    const place = 'steps.0.assign';
    const wrong: [unknown, string][] = [
      [undefined, place],
      [null, place],
      ['auto', place],
      [{}, `${place}.type`],
      [{ type: 'everybody' }, `${place}.type`],
      [{ type: 'division' }, `${place}.division`],
      [{ type: 'division', agent: ID }, `${place}.division`],
      [{ type: 'agent', agent: ' ' }, `${place}.agent`],
      [{ type: 'agent', agent: 'Budi' }, `${place}.agent`],
      [{ type: 'auto', team: ID }, `${place}.team`],
    ];
    for (const [assign, field] of wrong)
      assert.deepEqual(fields({ steps: [assigned(assign)] }), [field], JSON.stringify(assign));
    assert.equal(
      said({ action: 'assign', assign: { duration: 60, type: 'division', division: '' } }, 'assign.division'),
      'Division/Agent ID required',
    );
  });

  it('IDLE-1 refuses orders with a gap, twice the same, from 0, or named by some steps only', () => {
    const orders = (...given: unknown[]) => fields({ steps: given.map((order) => ({ ...nudge, order })) });
    assert.deepEqual(orders(1, 3), ['steps.1.order']);
    assert.deepEqual(orders(1, 1), ['steps.1.order']);
    assert.deepEqual(orders(0, 1), ['steps.0.order']);
    assert.deepEqual(orders(1, undefined), ['steps.1.order']);
    assert.deepEqual(orders('1'), ['steps.0.order']);
  });

  it('IDLE-1 refuses a message that is too long, cannot be stored, or has a placeholder that leads nowhere', () => {
    const wrong = ['x'.repeat(4001), 'a\0b', '\ud800', 'Hi {{name}}', '{{customer_name}} {{}}'];
    for (const message of wrong)
      assert.deepEqual(fields({ steps: [{ ...nudge, message }] }), ['steps.0.message']);
    assert.deepEqual(fields({ steps: [{ ...nudge, message: '😀'.repeat(4000) }] }), []);
  });

  it('IDLE-2 refuses steps while the flag is off, and both forms at once', () => {
    assert.deepEqual(fields({ steps: [nudge] }, OFF), ['steps']);
    assert.match(said({ steps: [nudge] }, 'steps', OFF) ?? '', /ai_agent_sequential_idle/);
    assert.deepEqual(fields({ steps: [nudge], action: 'none' }), ['action']);
  });

  it('IDLE-1 reports everything at once', () => {
    const rule = {
      action: 'assign',
      color: 'red',
      resolve: 'now',
      steps: [
        { action: 'tag', duration: 0, order: 2 },
        { action: 'resolve', duration: 90_000, message: '', order: 5 },
        'nudge',
        { action: 'assign', assign: { type: 'agent' } },
      ],
    };
    const expected = [
      'steps',
      'action',
      'steps.0.action',
      'steps.0.duration',
      'steps.1.duration',
      'steps.1.message',
      'steps.2',
      'steps.3.duration',
      'steps.3.assign.agent',
      'steps.1.order',
      'steps.2.order',
      'steps.3.order',
      'color',
      'assign',
      'resolve',
    ];
    assert.deepEqual(new Set(fields(rule)), new Set(expected));
  });

  it('IDLE-3 asks a legacy action for its part', () => {
    assert.deepEqual(fields({ action: 'resolve' }, OFF), ['resolve']);
    assert.deepEqual(fields({ follow_up: { duration: 60, message: 'x' } }, OFF), ['action']);
    assert.deepEqual(fields({ action: 'follow_up', follow_up: {} }, OFF), [
      'follow_up.duration',
      'follow_up.message',
    ]);
    assert.deepEqual(fields({ action: 'none', assign: { type: { a: 1 } } }, OFF), ['assign.type']);
  });
});
