import { strict as assert } from 'node:assert';
import { dailyLimit, heldUntil, isLimitReached } from './proactive-limit.ts';

const use = { plannedToday: 0, forgiven: 0, peak: 0, set: null };
const MINUTE = 60_000;

describe('the daily limit on proactive messages', () => {
  it('IDLE-11 is three times the peak of the days before, and at least 1,000', () => {
    assert.equal(dailyLimit({ peak: 0, set: null }), 1_000);
    assert.equal(dailyLimit({ peak: 333, set: null }), 1_000);
    assert.equal(dailyLimit({ peak: 4_000, set: null }), 12_000);
  });

  it('IDLE-11 is what the admin has set, also below the default', () => {
    assert.equal(dailyLimit({ peak: 4_000, set: 10 }), 10);
    assert.equal(dailyLimit({ peak: 0, set: 50_000 }), 50_000);
    assert.ok(isLimitReached({ ...use, set: 0 }));
  });

  it('IDLE-11 is reached by the nudges of today, without those before the last resume', () => {
    assert.ok(!isLimitReached({ ...use, plannedToday: 999 }));
    assert.ok(isLimitReached({ ...use, plannedToday: 1_000 }));
    assert.ok(!isLimitReached({ ...use, plannedToday: 1_999, forgiven: 1_000 }));
    assert.ok(isLimitReached({ ...use, plannedToday: 2_000, forgiven: 1_000 }));
  });

  it('IDLE-11 looks at what is held less and less often, at least once an hour', () => {
    const due = new Date('2026-11-01T12:00:00Z');
    const after = (minutes: number) => {
      const now = new Date(due.getTime() + minutes * MINUTE);
      return (heldUntil(due, now).getTime() - now.getTime()) / MINUTE;
    };
    assert.deepEqual([0, 10, 30, 60, 600].map(after), [10, 10, 30, 60, 60]);
  });
});
