import { strict as assert } from 'node:assert';
import type { BusinessHours, Weekday } from '../../domain/business-hours.ts';
import { DAY, instantOf, wallTimeAt } from '../../domain/wall-clock.ts';
import { HOUR, MINUTE, openSkippedWorld, punctual } from './skipped-world.ts';
import type { SkippedWorld } from './skipped-world.ts';

/** Its clocks jump in the night to the last Sunday of March and back in that to the last Sunday of October. */
const ZONE = 'Europe/Amsterdam';
const MARCH = 2;
const OCTOBER = 9;
const SATURDAY = 6;
const FRIDAY = 5;
const NINE_TO_FIVE: [string, string][] = [['09:00', '17:00']];

/** Half an hour after the last message, in the opening hours. */
const NUDGE = { steps: [{ action: 'follow_up' as const, duration: 1_800, message: 'Still there?' }] };

describe('opening hours in their real durations', function () {
  this.timeout(60_000);
  let world: SkippedWorld;

  before(async function () {
    const opened = await openSkippedWorld();
    if (opened === null) return this.skip();
    world = opened;
  });
  after(() => world?.close());

  const openOn = (days: Weekday[]): BusinessHours => ({
    timeZone: ZONE,
    weekly: Object.fromEntries(days.map((day) => [day, NINE_TO_FIVE])),
    holidays: [],
  });

  /** The moment at which the clock in the zone shows a time of the day that begins at `midnight` (as if it were UTC). */
  const at = (midnight: number, hour: number, minute = 0) =>
    new Date(instantOf(ZONE, midnight + hour * HOUR + minute * MINUTE));

  /** The next such weekday, from tomorrow on; as `at` wants it. */
  async function next(weekday: number): Promise<number> {
    const today = Math.floor(wallTimeAt(ZONE, (await world.now()).getTime()) / DAY) * DAY;
    const ahead = (weekday - new Date(today).getUTCDay() + 7) % 7;
    return today + (ahead === 0 ? 7 : ahead) * DAY;
  }

  /** The Saturday before the next last Sunday of such a month. */
  async function saturdayBeforeChange(month: number): Promise<number> {
    const from = await next(SATURDAY);
    for (let saturday = from; ; saturday += 7 * DAY) {
      const sunday = new Date(saturday + DAY);
      const isLast = new Date(saturday + 8 * DAY).getUTCMonth() !== month;
      if (sunday.getUTCMonth() === month && isLast) return saturday;
    }
  }

  /** Writes ten minutes before closing time; resolves with when. */
  async function writesLate(day: number, hours: BusinessHours) {
    const customer = await world.customer({ idleRule: NUDGE, businessHours: hours });
    await world.sleepUntil(at(day, 16, 50));
    const said = await customer.says('Where is my order?');
    punctual(said, at(day, 16, 50), 0);
    return { customer, said };
  }

  it('IDLE-10 nudges on Monday at nine whoever wrote on Friday before closing time', async () => {
    const friday = await next(FRIDAY);
    const { customer } = await writesLate(friday, openOn(['mon', 'tue', 'wed', 'thu', 'fri']));
    const monday = at(friday + 3 * DAY, 9);
    await world.sleepUntil(new Date(monday.getTime() - MINUTE));
    await customer.hears(1);
    await world.sleep(MINUTE);
    const [, nudge] = await customer.hears(2);
    punctual(nudge?.at, monday, 0);
  });

  const changes: [string, number, number][] = [
    ['spring', MARCH, 15],
    ['autumn', OCTOBER, 17],
  ];
  for (const [season, month, night] of changes) {
    it(`IDLE-10 opens at nine by the clock on the wall behind the night in which it changes in ${season}`, async () => {
      const saturday = await saturdayBeforeChange(month);
      const { customer } = await writesLate(saturday, openOn(['sat', 'sun']));
      const opening = at(saturday + DAY, 9);
      // From five to nine it is 16 hours in any other night.
      assert.equal(opening.getTime() - at(saturday, 17).getTime(), night * HOUR);
      await world.sleepUntil(new Date(opening.getTime() - MINUTE));
      await customer.hears(1);
      await world.sleep(MINUTE);
      const [, nudge] = await customer.hears(2);
      punctual(nudge?.at, opening, 0);
    });

    it(`IDLE-4 waits a day of 24 hours over the change in ${season} where no hours are set`, async () => {
      const steps = [{ action: 'follow_up' as const, duration: 86_400, message: 'Still there?' }];
      const customer = await world.customer({ idleRule: { steps } });
      const saturday = await saturdayBeforeChange(month);
      await world.sleepUntil(at(saturday, 12));
      const said = await customer.says('Where is my order?');
      await world.sleep(24 * HOUR);
      const [, nudge] = await customer.hears(2);
      punctual(nudge?.at, said, 24 * HOUR);
    });
  }
});
