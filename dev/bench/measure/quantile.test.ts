import { strict as assert } from 'node:assert';
import { median, quantile } from './quantile.ts';

describe('quantile', () => {
  it('RUN-3 takes the middle, or half-way between the two in the middle', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 2, 9]), 3);
    assert.equal(quantile([1, 2, 3, 4, 5], 0.95), 4.8);
    assert.equal(quantile([7], 0.95), 7);
    assert.ok(Number.isNaN(median([])));
  });
});
