import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import {
  afterOpenTime,
  businessHoursProblems,
  isOpen,
  lastOpenMoment,
  nextClosing,
  nextOpening,
} from './business-hours.ts';
import type { BusinessHours } from './business-hours.ts';
import { wallTimeAt } from './wall-clock.ts';

const NINE_TO_FIVE: [string, string][] = [['09:00', '17:00']];
const ALL_DAY: [string, string][] = [['00:00', '24:00']];
const everyDay = (intervals: [string, string][]): BusinessHours['weekly'] =>
  Object.fromEntries(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => [day, intervals]));

function hours(timeZone: string, more: Partial<BusinessHours> = {}): BusinessHours {
  const weekdays = {
    mon: NINE_TO_FIVE,
    tue: NINE_TO_FIVE,
    wed: NINE_TO_FIVE,
    thu: NINE_TO_FIVE,
    fri: NINE_TO_FIVE,
  };
  return { timeZone, weekly: weekdays, holidays: [], ...more };
}
const opening = (given: BusinessHours, at: string) => nextOpening(given, new Date(at))?.toISOString() ?? null;
const closing = (given: BusinessHours, at: string) => nextClosing(given, new Date(at))?.toISOString() ?? null;
const open = (given: BusinessHours, at: string) => isOpen(given, new Date(at));

describe('business hours', () => {
  const jakarta = hours('Asia/Jakarta');

  it('IDLE-10 is open from the first minute to before the last, on the clock of the zone', () => {
    assert.equal(open(jakarta, '2026-03-02T01:59:59.999Z'), false);
    assert.equal(open(jakarta, '2026-03-02T02:00:00Z'), true);
    assert.equal(open(jakarta, '2026-03-02T09:59:59.999Z'), true);
    assert.equal(open(jakarta, '2026-03-02T10:00:00Z'), false);
  });

  it('IDLE-10 waits over the night and over the weekend', () => {
    assert.equal(opening(jakarta, '2026-03-02T12:00:00Z'), '2026-03-03T02:00:00.000Z');
    assert.equal(opening(jakarta, '2026-03-06T10:00:00Z'), '2026-03-09T02:00:00.000Z');
    assert.equal(opening(jakarta, '2026-03-03T05:06:07.008Z'), '2026-03-03T05:06:07.008Z');
    assert.equal(closing(jakarta, '2026-03-03T05:06:07Z'), '2026-03-03T10:00:00.000Z');
    assert.equal(closing(jakarta, '2026-03-06T10:00:00Z'), '2026-03-09T10:00:00.000Z');
  });

  it('ESC-6 counts only the time that is open, over nights, weekends and openings that overlap', () => {
    const after = (given: BusinessHours, since: string, minutes: number) =>
      afterOpenTime(given, new Date(since), minutes * 60_000)?.toISOString() ?? null;
    assert.equal(after(jakarta, '2026-03-02T03:00:00Z', 15), '2026-03-02T03:15:00.000Z');
    assert.equal(after(jakarta, '2026-03-02T09:55:00Z', 15), '2026-03-03T02:10:00.000Z');
    assert.equal(after(jakarta, '2026-03-06T20:00:00Z', 15), '2026-03-09T02:15:00.000Z');
    assert.equal(
      after(jakarta, '2026-03-02T09:45:00Z', 15),
      '2026-03-03T02:00:00.000Z',
      'never as it closes',
    );
    const nights = hours('UTC', { weekly: everyDay([['22:00', '02:00']]) });
    assert.equal(after(nights, '2026-03-02T21:00:00Z', 5 * 60), '2026-03-03T23:00:00.000Z');
    const touching = hours('UTC', { weekly: everyDay(ALL_DAY) });
    assert.equal(after(touching, '2026-03-02T12:00:00Z', 48 * 60), '2026-03-04T12:00:00.000Z');
    assert.equal(after(hours('UTC', { weekly: {} }), '2026-03-02T12:00:00Z', 1), null);
  });

  it('IDLE-10 keeps the clock’s hour over a change to summer time and back', () => {
    const berlin = hours('Europe/Berlin', { weekly: everyDay(NINE_TO_FIVE) });
    assert.equal(opening(berlin, '2026-03-28T17:00:00Z'), '2026-03-29T07:00:00.000Z');
    assert.equal(opening(berlin, '2026-03-27T17:00:00Z'), '2026-03-28T08:00:00.000Z');
    assert.equal(opening(berlin, '2026-10-24T17:00:00Z'), '2026-10-25T08:00:00.000Z');
  });

  it('IDLE-10 opens at the jump where the clock skips the opening, and not at all in a skipped interval', () => {
    const night = hours('Europe/Berlin', { weekly: everyDay([['02:30', '05:00']]) });
    assert.equal(opening(night, '2026-03-29T00:00:00Z'), '2026-03-29T01:00:00.000Z');
    const gone = hours('Europe/Berlin', { weekly: everyDay([['02:15', '02:45']]) });
    assert.equal(opening(gone, '2026-03-29T00:00:00Z'), '2026-03-30T00:15:00.000Z');
  });

  it('IDLE-10 has an interval once where the clock shows its hour twice', () => {
    const night = hours('Europe/Berlin', { weekly: everyDay([['02:00', '02:30']]) });
    assert.equal(open(night, '2026-10-25T00:15:00Z'), true);
    assert.equal(open(night, '2026-10-25T01:15:00Z'), false);
    const through = hours('Europe/Berlin', { weekly: everyDay([['01:00', '04:00']]) });
    for (const at of ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:59:00Z'])
      assert.equal(open(through, at), true, at);
    assert.equal(closing(through, '2026-10-25T00:30:00Z'), '2026-10-25T03:00:00.000Z');
  });

  it('IDLE-10 crosses midnight, and belongs to the day on which it begins', () => {
    const friday = hours('UTC', { weekly: { fri: [['22:00', '02:00']] } });
    assert.equal(open(friday, '2026-03-07T01:59:00Z'), true);
    assert.equal(open(friday, '2026-03-06T01:00:00Z'), false);
    assert.equal(closing(friday, '2026-03-06T12:00:00Z'), '2026-03-07T02:00:00.000Z');
    const toMidnight = hours('UTC', { weekly: { fri: [['22:00', '24:00']] } });
    assert.equal(closing(toMidnight, '2026-03-06T23:59:59Z'), '2026-03-07T00:00:00.000Z');
    const likewise = hours('UTC', { weekly: { fri: [['22:00', '00:00']] } });
    assert.equal(closing(likewise, '2026-03-06T23:59:59Z'), '2026-03-07T00:00:00.000Z');
  });

  it('IDLE-10 is closed on a holiday from midnight to midnight, in the zone', () => {
    const bar = hours('Asia/Jakarta', { weekly: everyDay([['20:00', '02:00']]), holidays: ['2026-12-25'] });
    assert.equal(closing(bar, '2026-12-24T15:00:00Z'), '2026-12-24T17:00:00.000Z');
    assert.equal(opening(bar, '2026-12-24T17:00:00Z'), '2026-12-26T13:00:00.000Z');
    const office = hours('Asia/Jakarta', { holidays: ['2026-03-09', '2026-03-10'] });
    assert.equal(opening(office, '2026-03-06T10:00:00Z'), '2026-03-11T02:00:00.000Z');
  });

  it('IDLE-10 knows leap days, as days and as holidays', () => {
    const leap = { weekly: everyDay(NINE_TO_FIVE) };
    assert.equal(opening(hours('UTC', leap), '2028-02-28T18:00:00Z'), '2028-02-29T09:00:00.000Z');
    const holiday = hours('UTC', { ...leap, holidays: ['2028-02-29'] });
    assert.equal(opening(holiday, '2028-02-28T18:00:00Z'), '2028-03-01T09:00:00.000Z');
  });

  it('IDLE-10 never closes around the clock, but for a holiday, and never opens without hours', () => {
    const always = hours('America/New_York', { weekly: everyDay(ALL_DAY) });
    assert.equal(closing(always, '2026-03-01T00:00:00Z'), null);
    assert.equal(opening(always, '2026-11-01T05:30:00Z'), '2026-11-01T05:30:00.000Z');
    const butOnce = { ...always, holidays: ['2026-12-25'] };
    assert.equal(closing(butOnce, '2026-03-01T00:00:00Z'), '2026-12-25T05:00:00.000Z');
    const never = hours('UTC', { weekly: {} });
    assert.equal(opening(never, '2026-03-01T00:00:00Z'), null);
    assert.equal(closing(never, '2026-03-01T00:00:00Z'), null);
  });

  it('IDLE-10 never opens in a zone that the runtime does not know, or at a moment that is none', () => {
    assert.equal(opening(hours('Mars/Olympus'), '2026-03-02T10:00:00Z'), null);
    assert.equal(isOpen(jakarta, new Date(Number.NaN)), false);
    assert.equal(nextOpening(jakarta, new Date(8.64e15)), null);
    const broken = hours('UTC', {
      weekly: {
        mon: [
          ['9am', '17:00'],
          ['25:00', '26:00'],
        ],
      },
      holidays: ['soon'],
    });
    assert.equal(opening(broken, '2026-03-02T10:00:00Z'), null);
  });

  it('IDLE-10 finds the last open moment, a minute before closing', () => {
    const last = (first: string, until: string) =>
      lastOpenMoment(jakarta, new Date(first), new Date(until))?.toISOString() ?? null;
    assert.equal(last('2026-03-06T05:00:00Z', '2026-03-07T05:00:00Z'), '2026-03-06T09:59:00.000Z');
    assert.equal(last('2026-03-06T05:00:00Z', '2026-03-06T06:00:00Z'), '2026-03-06T06:00:00.000Z');
    assert.equal(last('2026-03-06T09:59:30Z', '2026-03-07T05:00:00Z'), '2026-03-06T09:59:30.000Z');
    assert.equal(last('2026-03-06T10:00:00Z', '2026-03-08T05:00:00Z'), null);
    assert.equal(last('2026-03-06T05:00:00Z', '2026-03-06T04:00:00Z'), null);
  });
});

const ZONES = [
  'UTC',
  'Asia/Jakarta',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
];
const MINUTE = 60_000;

const anyTime = fc.integer({ min: 0, max: 1439 }).map(clock);
const anyInterval = fc
  .tuple(anyTime, fc.oneof(anyTime, fc.constant('24:00')))
  .filter(([from, to]) => from !== to) as fc.Arbitrary<[string, string]>;
const anyHours: fc.Arbitrary<BusinessHours> = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  weekly: fc.dictionary(
    fc.constantFrom('sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'),
    fc.array(anyInterval, { minLength: 1, maxLength: 2 }),
    { minKeys: 1 },
  ),
  holidays: fc.array(fc.constantFrom('2026-03-29', '2026-10-25', '2026-11-01', '2026-03-08'), {
    maxLength: 2,
  }),
});
/** Around the days on which clocks change, so that most runs meet one. */
const anyMoment = fc
  .tuple(
    fc.constantFrom('2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01', '2028-02-29'),
    fc.integer({ min: -4 * 86_400, max: 4 * 86_400 }),
  )
  .map(([date, seconds]) => new Date(Date.parse(`${date}T00:00:00Z`) + seconds * 1000));

describe('business hours, whatever they are', () => {
  it('IDLE-10 opens at a moment that is open and not before the one asked about', () => {
    fc.assert(
      fc.property(anyHours, anyMoment, (given, at) => {
        const found = nextOpening(given, at);
        assert.ok(found !== null && found >= at && isOpen(given, found));
      }),
    );
  });

  it('IDLE-10 has no open minute before the opening, and no closed one before the closing', () => {
    fc.assert(
      fc.property(anyHours, anyMoment, (given, at) => {
        const [found, end] = [nextOpening(given, at), nextClosing(given, at)];
        assert.ok(found !== null);
        for (const moment of momentsBetween(at, found)) assert.equal(isOpen(given, moment), false);
        if (end === null) return;
        assert.equal(isOpen(given, end), false);
        for (const moment of momentsBetween(found, end)) assert.equal(isOpen(given, moment), true);
      }),
      { numRuns: 40 },
    );
  });

  it('IDLE-10 is open when the wall clock says so, away from holidays and changes of the clock', () => {
    fc.assert(
      fc.property(anyHours, fc.integer({ min: 0, max: 14 * 1440 }), (given, minute) => {
        const at = new Date(Date.parse('2026-06-01T00:00:00Z') + minute * MINUTE);
        assert.equal(isOpen(given, at), isOpenOnTheWall(given, at));
      }),
      { numRuns: 300 },
    );
  });

  it('IDLE-10 finds no later open minute than the last open moment, but the one before closing', () => {
    fc.assert(
      fc.property(anyHours, anyMoment, fc.integer({ min: 0, max: 1440 }), (given, first, minutes) => {
        const last = new Date(first.getTime() + minutes * MINUTE);
        const found = lastOpenMoment(given, first, last);
        const from = found === null ? first.getTime() : found.getTime() + MINUTE;
        if (found !== null) assert.ok(found >= first && found <= last && isOpen(given, found));
        for (const moment of momentsBetween(new Date(from), new Date(last.getTime() + 1)))
          assert.equal(isOpen(given, moment), false);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what is wrong with business hours', () => {
  const fields = (given: BusinessHours) => businessHoursProblems(given).map(({ field }) => field);

  it('IDLE-10 accepts a week with lunch breaks, nights, leap days and holidays', () => {
    const weekly: BusinessHours['weekly'] = {
      ...everyDay(NINE_TO_FIVE),
      mon: [
        ['09:00', '12:00'],
        ['13:00', '24:00'],
      ],
      sat: [['22:00', '09:00']],
    };
    assert.deepEqual(fields({ timeZone: 'Asia/Jakarta', weekly, holidays: ['2028-02-29'] }), []);
    assert.deepEqual(fields({ timeZone: 'UTC', weekly: everyDay(ALL_DAY), holidays: [] }), []);
  });

  it('IDLE-10 reports everything at once', () => {
    const weekly: BusinessHours['weekly'] = {
      mon: [
        ['9:00', '17:00'],
        ['10:00', '10:00'],
        ['24:00', '02:00'],
        ['00:00', '24:01'],
      ],
      tue: [
        ['09:00', '12:00'],
        ['11:59', '13:00'],
      ],
      sat: [['22:00', '03:00']],
      sun: [['02:00', '04:00']],
    };
    const holidays = ['2026-02-29', '2026-12-25', '25.12.2026', '2026-13-01'];
    assert.deepEqual(
      new Set(fields({ timeZone: 'Jakarta', weekly, holidays })),
      new Set([
        'timeZone',
        'weekly.mon.0',
        'weekly.mon.1',
        'weekly.mon.2',
        'weekly.mon.3',
        'weekly.tue.1',
        'weekly.sat.0',
        'holidays.0',
        'holidays.2',
        'holidays.3',
      ]),
    );
    assert.deepEqual(fields({ timeZone: 'UTC', weekly: { mon: [] }, holidays: [] }), ['weekly']);
  });
});

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** Each minute of the first and the last quarter of an hour, and every eleventh between; the end itself excluded. */
function* momentsBetween(first: Date, end: Date): Generator<Date> {
  const [from, to] = [first.getTime(), end.getTime()];
  for (let at = from; at < to; at += MINUTE)
    if (at - from < 15 * MINUTE || to - at <= 15 * MINUTE || ((at - from) / MINUTE) % 11 === 0)
      yield new Date(at);
}

/** By what the clock shows, compared as text. */
function isOpenOnTheWall({ timeZone, weekly }: BusinessHours, at: Date): boolean {
  const shown = new Date(wallTimeAt(timeZone, at.getTime()));
  const time = shown.toISOString().slice(11, 16);
  const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
  const of = (day: number) => weekly[names[(day + 7) % 7] ?? 'sun'] ?? [];
  return (
    of(shown.getUTCDay()).some(([from, to]) => from <= time && (time < to || to < from)) ||
    of(shown.getUTCDay() - 1).some(([from, to]) => to < from && time < to)
  );
}
