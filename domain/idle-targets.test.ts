import { strict as assert } from 'node:assert';
import { idleTargets } from './idle-targets.ts';

describe('the targets of an idle rule', () => {
  it('IDLE-1 are those of its assign steps, each at its field', () => {
    const steps = [
      { action: 'follow_up' as const, duration: 1, assign: { type: 'agent' as const, agent: 'of no use' } },
      { action: 'assign' as const, duration: 1, assign: { type: 'division' as const, division: 'd' } },
      {
        action: 'assign' as const,
        duration: 1,
        assign: { type: 'agent' as const, agent: 'm', division: 'x' },
      },
      { action: 'assign' as const, duration: 1, assign: { type: 'auto' as const, agent: 'of no use' } },
    ];
    assert.deepEqual(idleTargets({ steps }), [
      { field: 'steps.1.assign.division', kind: 'division', id: 'd' },
      { field: 'steps.2.assign.agent', kind: 'member', id: 'm' },
    ]);
  });

  it('IDLE-3 are those of the legacy action where that assigns', () => {
    const assign = { type: 'agent' as const, agent: 'm', duration: 1 };
    const resolve = { duration: 1 };
    assert.deepEqual(idleTargets({ action: 'assign', assign }), [
      { field: 'assign.agent', kind: 'member', id: 'm' },
    ]);
    assert.deepEqual(idleTargets({ action: 'resolve', assign, resolve }), []);
    assert.deepEqual([idleTargets(null), idleTargets({}), idleTargets(undefined)], [[], [], []]);
  });
});
