import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { hasTerminalStep, idleMessage, ruleToShow, ruleToStore, stepsOf } from './idle-rule.ts';
import type { IdleRule, IdleStep, SavedIdleStep } from './idle-rule.ts';
import { idleRuleProblems } from './idle-rule-problems.ts';

const ON = { sequential: true };
const OFF = { sequential: false };
const DIVISION = 'b9d1f3f0-1111-4222-8333-444455556666';

const nudge = (duration = 600, message = 'Are you still there?'): SavedIdleStep => ({
  action: 'follow_up',
  duration,
  message,
});
const close = (duration = 600): SavedIdleStep => ({
  action: 'resolve',
  duration,
  message: 'Closing for now.',
});
const read = (saved: SavedIdleStep): IdleStep => ({
  action: saved.action,
  duration: saved.duration,
  message: saved.message ?? null,
  assign: null,
});

describe('the idle rule as it is read', () => {
  it('IDLE-1 (IDLE-S01 AC-1) runs three steps in the order that they name', () => {
    const [first, second, third] = [nudge(600), nudge(1200, 'Last reminder'), close(1800)];
    const steps = [
      { ...third, order: 3 },
      { ...first, order: 1 },
      { ...second, order: 2 },
    ];
    assert.deepEqual(stepsOf({ steps }, ON), [read(first), read(second), read(third)]);
  });

  it('IDLE-1 (IDLE-S01 AC-2) reads a target beside duration and message, and an assign without a message', () => {
    const assign = { type: 'division', division: DIVISION, agent: null };
    const steps = [
      { action: 'assign', duration: 60, message: 'A colleague takes over', assign },
      { action: 'assign', duration: 60, assign: { type: 'auto' } },
    ];
    assert.deepEqual(stepsOf({ steps }, ON), [
      {
        action: 'assign',
        duration: 60,
        message: 'A colleague takes over',
        assign: { type: 'division', id: DIVISION },
      },
      { action: 'assign', duration: 60, message: null, assign: { type: 'auto' } },
    ]);
  });

  it('IDLE-3 (IDLE-S02 NEG-2) runs the first three of more stored steps, whatever the fourth is', () => {
    const steps = [nudge(1), nudge(2), nudge(3), 'not a step', nudge(5)];
    assert.deepEqual(
      stepsOf({ steps }, ON).map(({ duration }) => duration),
      [1, 2, 3],
    );
  });

  it('IDLE-3 (IDLE-S04 AC-1) reads a legacy action as one step, whether the flag is on or off', () => {
    const rule = {
      action: 'resolve',
      follow_up: { duration: 60, message: 'never said' },
      resolve: { duration: 900, message: 'Bye' },
    };
    const expected = [{ action: 'resolve', duration: 900, message: 'Bye', assign: null }];
    assert.deepEqual(stepsOf(rule, ON), expected);
    assert.deepEqual(stepsOf(rule, OFF), expected);
    const assign = { action: 'assign', assign: { duration: 60, type: 'agent', agent: 'somebody' } };
    assert.deepEqual(stepsOf(assign, OFF), [
      { action: 'assign', duration: 60, message: null, assign: { type: 'agent', id: 'somebody' } },
    ]);
  });

  it('IDLE-3 keeps a legacy wait longer than a day, and one that was stored as text', () => {
    const waits = (duration: unknown) =>
      stepsOf({ action: 'follow_up', follow_up: { duration, message: 'Hi' } }, OFF)[0]?.duration;
    assert.equal(waits(172_800), 172_800);
    assert.equal(waits('600'), 600);
    for (const wrong of [0, -1, 1.5, '', 'soon', null, undefined, Number.NaN, 31_536_001])
      assert.equal(waits(wrong), undefined, String(wrong));
  });

  it('IDLE-3 (IDLE-S04 ERR-1) takes no action on a rule that is malformed, empty or none', () => {
    const wrong: unknown[] = [
      null,
      undefined,
      'resolve',
      [],
      {},
      { action: 'none' },
      { action: 'webhook', webhook: { duration: 60, message: 'x' } },
      { action: 'constructor' },
      { action: 'resolve' },
      { action: 'resolve', resolve: { duration: 60, message: '  ' } },
      { action: 'assign', assign: { duration: 60, type: 'division', division: '' } },
      { steps: [] },
      { steps: {} },
      { steps: [nudge(), { action: 'assign', duration: 60 }] },
    ];
    for (const rule of wrong) assert.deepEqual(stepsOf(rule, ON), [], JSON.stringify(rule));
  });

  it('IDLE-2 runs no stored steps while the flag is off, but a legacy action beside them', () => {
    const steps = [nudge(), close()];
    assert.deepEqual(stepsOf({ steps }, OFF), []);
    const both = { steps, action: 'follow_up', follow_up: { duration: 60, message: 'Hello?' } };
    assert.equal(stepsOf(both, OFF)[0]?.message, 'Hello?');
    assert.equal(stepsOf(both, ON).length, 2);
  });

  it('IDLE-3 reads anything at all without failing, and never more than three steps', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.boolean(), (rule, sequential) => {
        for (const wrapped of [rule, { steps: rule }, { steps: [rule, rule, rule, rule] }]) {
          assert.ok(stepsOf(wrapped, { sequential }).length <= 3);
          assert.ok(Array.isArray(idleRuleProblems(wrapped, { sequential })));
        }
      }),
    );
  });

  it('IDLE-1 runs every rule that it lets be saved, step for step', () => {
    const anyStep = fc.record({
      action: fc.constantFrom('follow_up', 'resolve', 'assign', 'wait'),
      duration: fc.integer({ min: -1, max: 86_401 }),
      message: fc.constantFrom('Hi {{customer_name}}', '', 'Bye'),
      assign: fc.constantFrom(
        { type: 'auto' },
        { type: 'division', division: DIVISION },
        { type: 'x' },
        null,
      ),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 4 }), (steps) => {
        fc.pre(idleRuleProblems({ steps }, ON).length === 0);
        assert.equal(stepsOf({ steps }, ON).length, steps.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the idle rule as it is stored and shown', () => {
  const legacy: IdleRule = { action: 'follow_up', follow_up: { duration: 60, message: 'Hello?' } };
  const steps = [nudge(), close()];

  it('IDLE-1 (IDLE-S01 AC-3) stores steps in their order, numbered from 1', () => {
    const named = {
      steps: [
        { ...close(), order: 2 },
        { ...nudge(), order: 1 },
      ],
    };
    const stored = ruleToStore(legacy, named, ON);
    assert.deepEqual(stored, {
      steps: [
        { ...nudge(), order: 1 },
        { ...close(), order: 2 },
      ],
    });
    assert.deepEqual(ruleToShow(stored, ON), stored);
    assert.deepEqual(ruleToStore(null, { steps: [nudge()] }, ON), { steps: [{ ...nudge(), order: 1 }] });
  });

  it('IDLE-2 leaves stored steps untouched while the flag is off, and does not show them', () => {
    const stored = ruleToStore({ steps }, legacy, OFF);
    assert.deepEqual(stored, { ...legacy, steps });
    assert.deepEqual(ruleToShow(stored, OFF), legacy);
    assert.deepEqual(ruleToStore({ steps }, null, OFF), { steps });
    assert.equal(ruleToShow({ steps }, OFF), null);
  });

  it('IDLE-2 (IDLE-S04 NEG-1) writes no steps while the flag is off', () => {
    assert.deepEqual(ruleToStore(null, { steps }, OFF), {});
    assert.deepEqual(ruleToStore(legacy, legacy, OFF), legacy);
    assert.equal(ruleToStore(legacy, null, OFF), null);
  });

  it('IDLE-2 lets a legacy action replace the steps once the flag is on', () => {
    assert.deepEqual(ruleToStore({ steps }, legacy, ON), legacy);
    assert.deepEqual(ruleToShow({ ...legacy, steps }, ON), { steps });
    assert.deepEqual(ruleToShow(legacy, ON), legacy);
    assert.equal(ruleToStore({ steps }, null, ON), null);
  });
});

describe('an idle step', () => {
  it('IDLE-7 counts a resolve anywhere as an end, and an assign at the end', () => {
    const assign = { action: 'assign', duration: 60, message: null, assign: { type: 'auto' } } as const;
    assert.equal(hasTerminalStep([read(nudge()), read(close())]), true);
    assert.equal(hasTerminalStep([read(close()), read(nudge())]), true);
    assert.equal(hasTerminalStep([read(nudge()), assign]), true);
    assert.equal(hasTerminalStep([assign, read(nudge())]), false);
    assert.equal(hasTerminalStep([]), false);
  });

  it('IDLE-1 says the customer’s name, or leaves its place out where there is none', () => {
    const message = 'Hi {{customer_name}}, are you still there?';
    assert.equal(idleMessage(message, 'Budi'), 'Hi Budi, are you still there?');
    assert.equal(
      idleMessage(message, '{{customer_name}} $&'),
      'Hi {{customer_name}} $&, are you still there?',
    );
    assert.equal(idleMessage(message, null), 'Hi, are you still there?');
    assert.equal(idleMessage('{{ customer_name }}, are you there?', ' '), 'are you there?');
    assert.equal(idleMessage('…still there?', null), '…still there?');
    assert.equal(idleMessage('Are you still there, {{customer_name}}?', null), 'Are you still there?');
    assert.equal(idleMessage('Hi, {{customer_name}}, it is us', null), 'Hi, it is us');
    assert.equal(idleMessage('مرحبا، {{customer_name}}؟', ''), 'مرحبا؟');
    assert.equal(idleMessage('Well, {{customer_name}} is gone', null), 'Well, is gone');
  });
});
