import type { FieldProblem } from './field-problem.ts';
import { DAY, instantOf, isTimeZone, MINUTE, wallTimeAt } from './wall-clock.ts';

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/**
 * When people are there (IDLE-10, ESC-7). Times are what the clock on the wall shows, `HH:MM`, the end excluded and up
 * to `24:00`; an end that is not after its start is on the next day. A time that the clock shows twice counts the first
 * time, one that it skips counts as the moment of the jump. An interval belongs to the day on which it begins; a
 * holiday has none of its own, and one that reaches into it from the day before ends at midnight.
 *
 * What zones do comes with the runtime: ask only where the answer is recorded (activities, API), never in a workflow.
 */
export interface BusinessHours {
  /** IANA name. */
  timeZone: string;
  weekly: Partial<Record<Weekday, [from: string, to: string][]>>;
  /** `YYYY-MM-DD`. */
  holidays: string[];
}

/** A stretch in which it is open, in ms since 1970; the end is excluded. */
interface Span {
  from: number;
  to: number;
}

/** What does not open, or close, within so many days never does. */
const LOOK_AHEAD_DAYS = 400;
const MINUTES_A_DAY = 24 * 60;

/** Whether it is open at a moment. In a zone that the runtime does not know it never is. */
export function isOpen(hours: BusinessHours, at: Date): boolean {
  const now = at.getTime();
  for (const { from, to } of spansFrom(hours, now, 0)) if (from <= now && now < to) return true;
  return false;
}

/** The moment itself where it is open then, else the next one at which it opens; null: not within 400 days. */
export function nextOpening(hours: BusinessHours, at: Date): Date | null {
  const now = at.getTime();
  for (const { from, to } of spansFrom(hours, now, LOOK_AHEAD_DAYS))
    if (to > now) return new Date(Math.max(from, now));
  return null;
}

/** When it closes: now if it is open, else after it has opened. Null: not within 400 days. */
export function nextClosing(hours: BusinessHours, at: Date): Date | null {
  const now = at.getTime();
  let end: number | null = null;
  for (const { from, to } of spansFrom(hours, now, LOOK_AHEAD_DAYS)) {
    if (to <= now) continue;
    if (end !== null && from > end) return new Date(end);
    end = Math.max(end ?? 0, to);
  }
  return end !== null && end - now < (LOOK_AHEAD_DAYS - 1) * DAY ? new Date(end) : null;
}

/**
 * The latest moment from `first` to `last`, both included, at which it is open: a minute before it closes where there
 * is one, so that what is planned for it may be a little late. Null: it is closed all the while.
 */
export function lastOpenMoment(hours: BusinessHours, first: Date, last: Date): Date | null {
  const [earliest, latest] = [first.getTime(), last.getTime()];
  const days = Math.min(Math.ceil((latest - earliest) / DAY), LOOK_AHEAD_DAYS);
  let found = -Infinity;
  for (const { from, to } of spansFrom(hours, earliest, days))
    if (to > earliest && from <= latest)
      found = Math.max(found, Math.min(latest, Math.max(earliest, from, to - MINUTE)));
  return found < earliest ? null : new Date(found);
}

/** The moment by which it was open for so long since another; one at which it closes is the next opening's. Null: not within 400 days. */
export function afterOpenTime(hours: BusinessHours, since: Date, ms: number): Date | null {
  let left = ms;
  let counted = since.getTime();
  for (const { from, to } of spansFrom(hours, counted, LOOK_AHEAD_DAYS)) {
    const begin = Math.max(from, counted);
    if (to <= begin) continue;
    if (to - begin > left) return new Date(begin + left);
    left -= to - begin;
    counted = to;
  }
  return null;
}

/** Everything that is wrong with hours that are to be saved, at once. */
export function businessHoursProblems({ timeZone, weekly, holidays }: BusinessHours): FieldProblem[] {
  const zone = isTimeZone(timeZone) ? [] : [{ field: 'timeZone', message: 'is not an IANA time zone' }];
  const dates = holidays
    .map((date, n) => ({ date, field: `holidays.${n}`, message: 'must be a date, as in 2026-12-25' }))
    .filter(({ date }) => Number.isNaN(dayOf(date)))
    .map(({ field, message }) => ({ field, message }));
  return [...zone, ...weeklyProblems(weekly), ...dates];
}

function weeklyProblems(weekly: BusinessHours['weekly']): FieldProblem[] {
  const placed: Span[] = [];
  const problems: FieldProblem[] = [];
  WEEKDAYS.forEach((weekday, day) =>
    weekly[weekday]?.forEach((interval, n) => {
      const field = `weekly.${weekday}.${n}`;
      const { from, to } = minutesOf(interval);
      const span = { from: day * MINUTES_A_DAY + from, to: day * MINUTES_A_DAY + to };
      if (Number.isNaN(from + to))
        problems.push({ field, message: 'must be two different times, as in ["09:00", "17:00"]' });
      else if (placed.some((other) => overlapInWeek(other, span)))
        problems.push({ field, message: 'overlaps another opening' });
      placed.push(span);
    }),
  );
  return placed.length === 0 ? [{ field: 'weekly', message: 'holds no opening' }] : problems;
}

function overlapInWeek(one: Span, other: Span): boolean {
  const week = 7 * MINUTES_A_DAY;
  return [-week, 0, week].some((shift) => one.from < other.to + shift && other.from + shift < one.to);
}

/** The stretches that may matter from a moment on, by their beginnings; those of two days may touch or overlap. */
function* spansFrom(
  { timeZone, weekly, holidays }: BusinessHours,
  now: number,
  days: number,
): Generator<Span> {
  const today = Math.floor(wallTimeAt(timeZone, now) / DAY);
  const closed = new Set(holidays.map(dayOf));
  // Yesterday's may reach into today, also where the date line has swallowed a day.
  for (let day = today - 2; day <= today + days + 1; day += 1) {
    if (closed.has(day)) continue;
    const intervals = (weekly[weekdayOf(day)] ?? []).map(minutesOf).sort((one, two) => one.from - two.from);
    for (const { from, to } of intervals) {
      const until = closed.has(day + 1) ? Math.min(to, MINUTES_A_DAY) : to;
      const span = { from: instantAt(timeZone, day, from), to: instantAt(timeZone, day, until) };
      if (span.from < span.to) yield span;
    }
  }
}

function instantAt(timeZone: string, day: number, minute: number): number {
  return instantOf(timeZone, day * DAY + minute * MINUTE);
}

/** Minutes from the midnight at which the day begins, so up to twice a day's; NaN where the times are none. */
function minutesOf([start, end]: readonly [string, string]): Span {
  const [from, to] = [minuteOf(start), end === '24:00' ? MINUTES_A_DAY : minuteOf(end)];
  if (from === to) return { from, to: Number.NaN };
  return { from, to: to < from ? to + MINUTES_A_DAY : to };
}

function minuteOf(time: string): number {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  return Number(hour) * 60 + Number(minute);
}

/** Days since 1970; NaN where the text is no date that exists. */
function dayOf(date: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date) ? at / DAY : Number.NaN;
}

/** 1 January 1970 was a Thursday. */
function weekdayOf(day: number): Weekday {
  return WEEKDAYS[(((day + 4) % 7) + 7) % 7] ?? 'sun';
}
