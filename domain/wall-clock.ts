/** Ms since 1970 of a moment. */
export type Instant = number;
/** What a clock on the wall shows, in ms as if it were UTC. */
export type WallTime = number;

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
/** Moments beyond it, some 250,000 years off, cannot be reckoned with. */
const FARTHEST = 8e15;

/** Costly to make; there are some 600 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Whether the name is one of an IANA time zone that this runtime knows. What zones do comes with the runtime and
 * changes with its updates: so nothing here belongs into code that is replayed elsewhere later.
 */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && formatOf(name) !== null;
}

/** What the clock in the zone shows at a moment; NaN where zone or moment cannot be reckoned with. */
export function wallTimeAt(timeZone: string, at: Instant): WallTime {
  const format = formatOf(timeZone);
  if (format === null || !(Math.abs(at) < FARTHEST)) return Number.NaN;
  const shown: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) shown[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (at - Math.floor(at / 1000) * 1000);
}

/**
 * The moment at which the clock in the zone shows a time: the first one where it shows it twice, and the moment of
 * the jump where it skips it (also a whole day, as at the date line). NaN as above.
 */
export function instantOf(timeZone: string, wall: WallTime): Instant {
  const offsetAt = (at: Instant) => wallTimeAt(timeZone, at) - at;
  // No zone is 36 hours off, and none jumps twice in three days.
  const [before, after] = [offsetAt(wall - 1.5 * DAY), offsetAt(wall + 1.5 * DAY)];
  const shows = [wall - before, wall - after].filter((at) => at + offsetAt(at) === wall);
  return shows.length > 0 ? Math.min(...shows) : jumpBetween(wall - after, wall - before, before, offsetAt);
}

/** To the second. */
function jumpBetween(
  from: Instant,
  to: Instant,
  offsetBefore: number,
  offsetAt: (at: Instant) => number,
): Instant {
  let [low, high] = [from, to];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offsetAt(middle) === offsetBefore) low = middle;
    else high = middle;
  }
  return high;
}

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = makeFormat(timeZone);
  // Names that are none must not fill the memory.
  if (made !== null) formats.set(timeZone, made);
  return made;
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // A name that is no zone.
    return null;
  }
}
