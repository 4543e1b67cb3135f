import { strict as assert } from 'node:assert';
import { createRateLimit } from './rate-limit.ts';

describe('a rate limit', () => {
  let now: number;
  const clock = { now: () => new Date(now) };
  beforeEach(() => (now = 1_000_000));

  it('CHAN-2 lets a burst pass, then so many per second, and says how long to wait', () => {
    const limit = createRateLimit(clock, { burst: 3, perSecond: 0.5 });
    assert.deepEqual(
      [1, 2, 3].map(() => limit.take('a')),
      [0, 0, 0],
    );
    assert.equal(limit.take('a'), 2);
    now += 1_000;
    assert.equal(limit.take('a'), 1);
    now += 1_000;
    assert.equal(limit.take('a'), 0);
    assert.equal(limit.take('a'), 2);
  });

  it('CHAN-2 counts keys apart and never saves up more than a burst', () => {
    const limit = createRateLimit(clock, { burst: 1, perSecond: 1 });
    assert.deepEqual([limit.take('a'), limit.take('b')], [0, 0]);
    now += 3600_000;
    assert.deepEqual([limit.take('a'), limit.take('a')], [0, 1]);
  });

  it('CHAN-2 is not upset by a clock that steps back', () => {
    const limit = createRateLimit(clock, { burst: 1, perSecond: 1 });
    limit.take('a');
    now -= 60_000;
    assert.equal(limit.take('a'), 1);
  });

  it('CHAN-2 forgets the keys that were used longest ago', () => {
    const limit = createRateLimit(clock, { burst: 1, perSecond: 0.001, maxKeys: 2 });
    for (const key of ['a', 'b', 'a', 'c']) limit.take(key);
    assert.ok(limit.take('a') > 0);
    assert.equal(limit.take('b'), 0);
  });
});
