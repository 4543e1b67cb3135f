import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { isOpen } from './business-hours.ts';
import type { BusinessHours } from './business-hours.ts';
import type { IdleAction } from './idle-rule.ts';
import { dueOf } from './idle-schedule.ts';
import type { IdleSituation } from './idle-schedule.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const NINE_TO_FIVE: [string, string][] = [['09:00', '17:00']];
const OFFICE: BusinessHours = {
  timeZone: 'UTC',
  weekly: { mon: NINE_TO_FIVE, tue: NINE_TO_FIVE, wed: NINE_TO_FIVE, thu: NINE_TO_FIVE, fri: NINE_TO_FIVE },
  holidays: [],
};
/** A Friday. */
const FRIDAY = '2026-03-06';

const after = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1000);
const time = (text: string) => new Date(`${text}Z`);

function due(action: IdleAction, duration: number, since: string, more: Partial<IdleSituation> = {}) {
  const situation = { since: time(since), now: time(since), hours: null, windowEndsAt: null, ...more };
  const answer = dueOf({ action, duration }, situation);
  return answer.kind === 'at'
    ? [answer.at.toISOString().slice(0, 19), answer.moved]
    : [answer.at.toISOString().slice(0, 19), answer.reason];
}

describe('when an idle step is due', () => {
  it('IDLE-4 (IDLE-S02 AC-1) counts from what came before, to the millisecond, where no hours are set', () => {
    const since = new Date('2026-03-29T00:59:59.123Z');
    for (const action of ['follow_up', 'assign', 'resolve'] as const)
      for (const now of [since, after(since, 5000)])
        assert.deepEqual(dueOf({ action, duration: 600 }, { since, now, hours: null, windowEndsAt: null }), {
          kind: 'at',
          at: after(since, 600),
          moved: null,
        });
  });

  it('IDLE-10 waits for the opening, whatever the action, also over a weekend and a holiday', () => {
    const monday = ['2026-03-09T09:00:00', 'to_opening'];
    for (const action of ['follow_up', 'assign', 'resolve'] as const)
      assert.deepEqual(due(action, 4 * HOUR, `${FRIDAY}T15:00:00`, { hours: OFFICE }), monday);
    const hours = { ...OFFICE, holidays: ['2026-03-09'] };
    assert.deepEqual(due('resolve', 4 * HOUR, `${FRIDAY}T15:00:00`, { hours }), [
      '2026-03-10T09:00:00',
      'to_opening',
    ]);
    assert.deepEqual(due('follow_up', HOUR, `${FRIDAY}T15:00:00`, { hours: OFFICE }), [
      `${FRIDAY}T16:00:00`,
      null,
    ]);
  });

  it('IDLE-10 opens at the clock’s hour after a change to summer time', () => {
    const hours: BusinessHours = { timeZone: 'Europe/Berlin', weekly: { sun: NINE_TO_FIVE }, holidays: [] };
    const opening = ['2026-03-29T07:00:00', 'to_opening'];
    assert.deepEqual(due('follow_up', HOUR, '2026-03-28T20:00:00', { hours }), opening);
  });

  it('IDLE-10 brings a nudge forward that would miss the window, to before its end', () => {
    const windowEndsAt = time('2026-03-07T10:00:00');
    const brought = ['2026-03-07T09:55:00', 'into_window'];
    assert.deepEqual(due('follow_up', DAY, `${FRIDAY}T10:00:00`, { windowEndsAt }), brought);
    assert.deepEqual(due('follow_up', DAY, `${FRIDAY}T10:30:00`, { windowEndsAt }), brought);
    const inTime = ['2026-03-07T09:55:00', null];
    assert.deepEqual(due('follow_up', DAY - 300, `${FRIDAY}T10:00:00`, { windowEndsAt }), inTime);
  });

  it('IDLE-10 brings it forward to the last open moment where the opening comes after the window', () => {
    const windowEndsAt = time('2026-03-07T14:00:00');
    assert.deepEqual(due('follow_up', 6 * HOUR, `${FRIDAY}T14:00:00`, { hours: OFFICE, windowEndsAt }), [
      `${FRIDAY}T16:59:00`,
      'into_window',
    ]);
    const saturday = {
      ...OFFICE,
      weekly: { ...OFFICE.weekly, sat: [['10:00', '12:00']] as [string, string][] },
    };
    assert.deepEqual(due('follow_up', 6 * HOUR, `${FRIDAY}T14:00:00`, { hours: saturday, windowEndsAt }), [
      '2026-03-07T10:00:00',
      'to_opening',
    ]);
  });

  it('IDLE-10 skips a nudge for which no open moment is left, and says why', () => {
    const windowEndsAt = time('2026-03-07T14:00:00');
    const evening = due('follow_up', HOUR, `${FRIDAY}T16:59:30`, { hours: OFFICE, windowEndsAt });
    assert.deepEqual(evening, [`${FRIDAY}T17:59:30`, 'outside_window']);
    const secondNudge = due('follow_up', DAY, '2026-03-07T13:55:00', { windowEndsAt });
    assert.deepEqual(secondNudge, ['2026-03-08T13:55:00', 'outside_window']);
    const closed = due('follow_up', HOUR, `${FRIDAY}T10:00:00`, { windowEndsAt: time(`${FRIDAY}T09:00:00`) });
    assert.deepEqual(closed, [`${FRIDAY}T11:00:00`, 'outside_window']);
  });

  it('IDLE-10 lets assign and resolve happen after the window', () => {
    const windowEndsAt = time('2026-03-07T14:00:00');
    for (const action of ['assign', 'resolve'] as const)
      assert.deepEqual(due(action, DAY, '2026-03-07T13:55:00', { windowEndsAt }), [
        '2026-03-08T13:55:00',
        null,
      ]);
  });

  it('IDLE-10 skips what would wait for an opening that never comes', () => {
    const hours = { ...OFFICE, weekly: {} };
    for (const action of ['follow_up', 'assign', 'resolve'] as const)
      assert.deepEqual(due(action, HOUR, `${FRIDAY}T10:00:00`, { hours }), [
        `${FRIDAY}T11:00:00`,
        'never_open',
      ]);
  });

  it('IDLE-10 waits for the next opening when nobody fired the step in its hours', () => {
    const since = `${FRIDAY}T15:00:00`;
    const at = (now: string) => due('resolve', HOUR, since, { hours: OFFICE, now: time(now) });
    assert.deepEqual(at(`${FRIDAY}T16:30:00`), [`${FRIDAY}T16:30:00`, null]);
    assert.deepEqual(at(`${FRIDAY}T18:00:00`), ['2026-03-09T09:00:00', 'to_opening']);
  });

  it('IDLE-10 sends no late nudge after the window, but one while it is still open', () => {
    const windowEndsAt = time('2026-03-07T10:00:00');
    const at = (now: string) =>
      due('follow_up', DAY - HOUR, `${FRIDAY}T10:00:00`, { windowEndsAt, now: time(now) });
    assert.deepEqual(at('2026-03-07T09:30:00'), ['2026-03-07T09:00:00', null]);
    assert.deepEqual(at('2026-03-07T09:58:00'), ['2026-03-07T09:58:00', 'into_window']);
    assert.deepEqual(at('2026-03-07T10:00:01'), ['2026-03-07T09:00:00', 'outside_window']);
  });
});

const anyHours: fc.Arbitrary<BusinessHours | null> = fc.option(
  fc.record({
    timeZone: fc.constantFrom('UTC', 'Asia/Jakarta', 'Europe/Berlin', 'America/New_York'),
    weekly: fc.dictionary(
      fc.constantFrom('sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'),
      fc.constantFrom<[string, string][]>(
        NINE_TO_FIVE,
        [['22:00', '06:00']],
        [['00:00', '24:00']],
        [['08:00', '08:01']],
      ),
    ),
    holidays: fc.array(fc.constantFrom('2026-03-30', '2026-03-08')),
  }),
);
const anySituation = fc
  .record({
    action: fc.constantFrom<IdleAction>('follow_up', 'assign', 'resolve'),
    duration: fc.oneof(fc.integer({ min: 1, max: DAY }), fc.constantFrom(HOUR, 4 * HOUR, DAY)),
    since: fc.integer({ min: 0, max: 40 * DAY }).map((s) => after(time('2026-03-01T00:00:00'), s)),
    hours: anyHours,
    window: fc.option(fc.integer({ min: -HOUR, max: DAY })),
  })
  .map(({ action, duration, since, hours, window }) => ({
    step: { action, duration },
    situation: { since, now: since, hours, windowEndsAt: window === null ? null : after(since, window) },
  }));

describe('when an idle step is due, whatever the hours and the window', () => {
  it('IDLE-10 is in its hours, in the window if it is a nudge, and earlier only for the window', () => {
    fc.assert(
      fc.property(anySituation, ({ step, situation }) => {
        const answer = dueOf(step, situation);
        const plain = after(situation.since, step.duration);
        if (answer.kind === 'skip') return assert.deepEqual(answer.at, plain);
        if (situation.hours !== null) assert.ok(isOpen(situation.hours, answer.at));
        if (step.action === 'follow_up' && situation.windowEndsAt !== null)
          assert.ok(answer.at <= after(situation.windowEndsAt, -300));
        if (answer.moved === 'to_opening') assert.ok(answer.at > plain);
        else if (answer.moved === null) assert.deepEqual(answer.at, plain);
        else assert.ok(answer.at < plain && answer.at >= after(situation.since, 60));
      }),
      { numRuns: 300 },
    );
  });

  it('IDLE-10 does not move away when it is asked again once the time has come', () => {
    fc.assert(
      fc.property(anySituation, fc.integer({ min: 0, max: 59_999 }), ({ step, situation }, lateMs) => {
        const answer = dueOf(step, situation);
        if (answer.kind === 'skip') return;
        const now = after(answer.at, lateMs / 1000);
        const again = dueOf(step, { ...situation, now });
        assert.ok(again.kind === 'at' && again.at <= now);
      }),
      { numRuns: 500 },
    );
  });
});
