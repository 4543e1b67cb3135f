import { strict as assert } from 'node:assert';
import { idleSteps, runsWithPeople } from './idle-sequence.ts';
import type { IdleSource } from './idle-sequence.ts';
import type { IdleRule } from './idle-rule.ts';
import { FLAGS } from './tool.ts';

const followUp: IdleRule = { action: 'follow_up', follow_up: { duration: 60, message: 'Still there?' } };
const resolve: IdleRule = { action: 'resolve', resolve: { duration: 120, message: 'Goodbye.' } };
const sequence: IdleRule = {
  steps: [
    { order: 1, action: 'follow_up', duration: 5, message: 'One' },
    { order: 2, action: 'resolve', duration: 6, message: 'Two' },
  ],
};
const ON = new Set([FLAGS.sequentialIdle]);
const OFF = new Set<string>();

function actions(source: {
  agent: IdleRule | null;
  channel: IdleRule | null;
  flags: ReadonlySet<string>;
  people?: boolean;
  override?: boolean;
}): string[] {
  const whole: IdleSource = {
    agent: { idleRule: source.agent, sequentialIdle: source.override ?? null },
    channel: { rule: source.channel, answeredBy: source.people === true ? 'people' : 'agent' },
    flags: source.flags,
  };
  return idleSteps(whole).map(({ action, duration }) => `${action} ${duration}`);
}

describe('whose idle rule counts', () => {
  it('IDLE-8 lets the channel rule follow a legacy follow_up while steps are off', () => {
    assert.deepEqual(actions({ agent: followUp, channel: resolve, flags: OFF }), [
      'follow_up 60',
      'resolve 120',
    ]);
    assert.deepEqual(actions({ agent: followUp, channel: null, flags: OFF }), ['follow_up 60']);
  });

  it('IDLE-8 chains to no other legacy action, and to none', () => {
    const assign: IdleRule = { action: 'assign', assign: { duration: 60, type: 'auto' } };
    assert.deepEqual(actions({ agent: assign, channel: resolve, flags: OFF }), ['assign 60']);
    assert.deepEqual(actions({ agent: { action: 'none' }, channel: resolve, flags: OFF }), []);
    assert.deepEqual(actions({ agent: null, channel: resolve, flags: OFF }), []);
  });

  it('IDLE-8 (IDLE-S02 NEG-1) never uses the channel rule in an agent whose steps are on', () => {
    assert.deepEqual(actions({ agent: sequence, channel: resolve, flags: ON }), ['follow_up 5', 'resolve 6']);
    assert.deepEqual(actions({ agent: followUp, channel: resolve, flags: ON }), ['follow_up 60']);
    assert.deepEqual(actions({ agent: followUp, channel: resolve, flags: OFF, override: true }), [
      'follow_up 60',
    ]);
    assert.deepEqual(actions({ agent: null, channel: resolve, flags: ON }), []);
  });

  it('IDLE-8 runs the channel rule alone where people answer', () => {
    for (const flags of [ON, OFF])
      assert.deepEqual(actions({ agent: followUp, channel: resolve, flags, people: true }), ['resolve 120']);
    assert.deepEqual(actions({ agent: null, channel: sequence, flags: ON, people: true }), [
      'follow_up 5',
      'resolve 6',
    ]);
    assert.deepEqual(actions({ agent: null, channel: sequence, flags: OFF, people: true }), []);
  });

  it('IDLE-9 runs with people where the builder wants it, and where there is nobody else', () => {
    assert.equal(runsWithPeople({ idleWhileAssigned: false }, 'agent'), false);
    assert.equal(runsWithPeople({ idleWhileAssigned: true }, 'agent'), true);
    assert.equal(runsWithPeople({ idleWhileAssigned: false }, 'people'), true);
  });
});
