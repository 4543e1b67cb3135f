import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { DAY, instantOf, isTimeZone, wallTimeAt } from './wall-clock.ts';

const shown = (wall: string) => Date.parse(`${wall}Z`);
const at = (timeZone: string, wall: string) => new Date(instantOf(timeZone, shown(wall))).toISOString();

const ZONES = [
  'UTC',
  'Asia/Jakarta',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Pacific/Kiritimati',
];

describe('the clock on the wall', () => {
  it('IDLE-10 finds the moment at which a clock shows a time', () => {
    assert.equal(at('Asia/Jakarta', '2026-03-02T09:00'), '2026-03-02T02:00:00.000Z');
    assert.equal(at('Asia/Kathmandu', '2026-03-02T09:00'), '2026-03-02T03:15:00.000Z');
    assert.equal(at('Europe/Berlin', '2026-07-01T09:00'), '2026-07-01T07:00:00.000Z');
    assert.equal(at('Europe/Berlin', '2026-12-01T09:00'), '2026-12-01T08:00:00.000Z');
    assert.equal(at('Europe/Berlin', '2028-02-29T00:00'), '2028-02-28T23:00:00.000Z');
  });

  it('IDLE-10 takes the jump for a time that the clock skips, and the first of two that it repeats', () => {
    assert.equal(at('Europe/Berlin', '2026-03-29T02:00'), '2026-03-29T01:00:00.000Z');
    assert.equal(at('Europe/Berlin', '2026-03-29T02:59'), '2026-03-29T01:00:00.000Z');
    assert.equal(at('Europe/Berlin', '2026-10-25T02:30'), '2026-10-25T00:30:00.000Z');
    assert.equal(at('Australia/Lord_Howe', '2026-10-04T02:15'), '2026-10-03T15:30:00.000Z');
    // Midnight itself is skipped in one, and comes twice in the other.
    assert.equal(at('America/Sao_Paulo', '2018-11-04T00:00'), '2018-11-04T03:00:00.000Z');
    assert.equal(at('America/Havana', '2026-11-01T00:00'), '2026-11-01T04:00:00.000Z');
    // The day that the date line swallowed.
    assert.equal(at('Pacific/Apia', '2011-12-30T12:00'), '2011-12-30T10:00:00.000Z');
  });

  it('IDLE-10 shows at the moment it found what was asked for, or what comes right after a jump', () => {
    const minutes = { min: shown('2005-01-01T00:00') / 60_000, max: shown('2037-12-31T00:00') / 60_000 };
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), fc.integer(minutes), (timeZone, minute) => {
        const wall = minute * 60_000;
        const found = instantOf(timeZone, wall);
        const jumped = wallTimeAt(timeZone, found) - wall;
        assert.ok(jumped >= 0 && jumped <= DAY);
        // It never showed that, or anything later, just before.
        assert.ok(jumped === 0 || wallTimeAt(timeZone, found - 1000) < wall);
      }),
      { numRuns: 500 },
    );
  });

  it('IDLE-10 knows names of zones from other words, and cannot reckon without one', () => {
    for (const name of ['Asia/Jakarta', 'UTC', 'europe/berlin']) assert.ok(isTimeZone(name), name);
    for (const name of ['', 'Mars/Olympus', '+07:00', 'constructor', '\0'])
      assert.ok(!isTimeZone(name), name);
    assert.ok(Number.isNaN(instantOf('Mars/Olympus', 0)));
    for (const moment of [Number.NaN, Infinity, 8.64e15]) assert.ok(Number.isNaN(wallTimeAt('UTC', moment)));
  });
});
