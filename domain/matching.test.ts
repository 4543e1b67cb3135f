import { strict as assert } from 'node:assert';
import { bestMatch, type Candidate } from './matching.ts';

const action = (actionName: string, priority = 0, confidenceThreshold = 0.8) => ({
  actionName,
  priority,
  confidenceThreshold,
});
const candidate = (name: string, confidence: number, variables = {}): Candidate => ({
  action: name,
  confidence,
  variables,
});

describe('the best match', () => {
  it('INT-2 takes no candidate below its action’s own threshold', () => {
    const actions = [action('strict', 5, 0.95), action('easy', 0, 0.5)];
    assert.equal(bestMatch([candidate('strict', 0.94)], actions), null);
    assert.equal(bestMatch([candidate('strict', 0.95)], actions)?.action.actionName, 'strict');
    const both = bestMatch([candidate('strict', 0.94), candidate('easy', 0.6)], actions);
    assert.equal(both?.action.actionName, 'easy');
  });

  it('INT-2 prefers priority over confidence, and confidence among equals', () => {
    const actions = [action('low', 1), action('high', 2), action('also_high', 2)];
    const candidates = [candidate('low', 1), candidate('high', 0.81), candidate('also_high', 0.9)];
    assert.equal(bestMatch(candidates, actions)?.action.actionName, 'also_high');
    assert.equal(bestMatch(candidates.slice(0, 2), actions)?.action.actionName, 'high');
  });

  it('INT-2 lets the order of the actions decide what is equal in both, not the model’s', () => {
    const actions = [action('first'), action('second')];
    const candidates = [candidate('second', 0.9), candidate('first', 0.9)];
    assert.equal(bestMatch(candidates, actions)?.action.actionName, 'first');
  });

  it('INT-2 ignores names that are not on offer, and a confidence that is no number', () => {
    assert.equal(bestMatch([candidate('Known', 1), candidate('__proto__', 1)], [action('known')]), null);
    assert.equal(bestMatch([candidate('known', Number.NaN)], [action('known')]), null);
    assert.equal(bestMatch([], [action('known')]), null);
  });

  it('INT-2 takes the surer of two candidates for one action, with its variables', () => {
    const candidates = [candidate('known', 0.85, { a: 1 }), candidate('known', 0.9, { a: 2 })];
    assert.deepEqual(bestMatch(candidates, [action('known')]), {
      action: action('known'),
      confidence: 0.9,
      variables: { a: 2 },
    });
  });
});
