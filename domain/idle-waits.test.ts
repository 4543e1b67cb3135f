import { strict as assert } from 'node:assert';
import type { BusinessHours } from './business-hours.ts';
import type { IdleStep } from './idle-rule.ts';
import { idleWaits } from './idle-waits.ts';
import { windowEndsAt } from './messaging-window.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const step = (action: IdleStep['action'], seconds: number): IdleStep => ({
  action,
  duration: seconds,
  message: 'x',
  assign: null,
});
/** A Thursday, 16:00 in Jakarta. */
const SINCE = new Date('2026-01-01T09:00:00.000Z');
const OFFICE: BusinessHours = {
  timeZone: 'Asia/Jakarta',
  weekly: { thu: [['09:00', '17:00']], fri: [['09:00', '17:00']] },
  holidays: [],
};
const EVER = { since: SINCE, hours: null, windowEndsAt: null };

describe('idle waits', () => {
  it('IDLE-4 are the durations, to the millisecond, where neither hours nor window stand in the way', () => {
    const steps = [step('follow_up', 600), step('assign', 1), step('resolve', 86_400)];
    assert.deepEqual(idleWaits(steps, EVER), [600_000, 1_000, 86_400_000]);
    assert.deepEqual(idleWaits([], EVER), []);
  });

  it('IDLE-10 run over closing time to the opening, and the next step counts from there', () => {
    const steps = [step('follow_up', 1_800), step('follow_up', 7_200), step('resolve', 600)];
    const overnight = 17 * HOUR - 30 * MINUTE;
    assert.deepEqual(idleWaits(steps, { ...EVER, hours: OFFICE }), [1_800_000, overnight, 600_000]);
  });

  it('IDLE-10 are shorter for a nudge that would miss the window, and no later than its end together', () => {
    const windowEnd = windowEndsAt('whatsapp', SINCE);
    const steps = [step('follow_up', 12 * 3_600), step('follow_up', 12 * 3_600), step('resolve', 3_600)];
    const [first = 0, second = 0, third] = idleWaits(steps, { ...EVER, windowEndsAt: windowEnd });
    assert.equal(first, 12 * HOUR);
    assert.ok(second < 12 * HOUR && second > 11.5 * HOUR, String(second));
    assert.equal(third, HOUR);
  });

  it('IDLE-10 keep their length for a step that will be skipped, so that it is skipped in its time', () => {
    const closed = { ...OFFICE, weekly: {} };
    assert.deepEqual(idleWaits([step('follow_up', 600)], { ...EVER, hours: closed }), [600_000]);
  });

  it('IDLE-10 know a window on WhatsApp alone', () => {
    assert.deepEqual(windowEndsAt('whatsapp', SINCE), new Date('2026-01-02T09:00:00.000Z'));
    assert.equal(windowEndsAt('whatsapp', null), null);
    for (const channel of ['generic', 'webchat', 'slack'] as const)
      assert.equal(windowEndsAt(channel, SINCE), null);
  });
});
