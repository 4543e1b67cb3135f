/** The daily limit where no admin has set one: so many times the peak of the days before, at least this (IDLE-11). */
const PEAKS = 3;
export const LEAST_DAILY_LIMIT = 1_000;
/** How many days before today the peak is looked for in. */
export const PEAK_DAYS = 30;

/** What an organisation has planned of nudges, and what it may. */
export interface ProactiveUse {
  plannedToday: number;
  /** What had been planned by today's last resume, and counts no more. */
  forgiven: number;
  /** The most that was planned on one of the days before. */
  peak: number;
  /** An admin's own limit. */
  set: number | null;
}

export function dailyLimit({ peak, set }: Pick<ProactiveUse, 'peak' | 'set'>): number {
  return set ?? Math.max(LEAST_DAILY_LIMIT, PEAKS * peak);
}

/** Whether the next nudge would be beyond the limit. */
export function isLimitReached(use: ProactiveUse): boolean {
  return use.plannedToday - use.forgiven >= dailyLimit(use);
}

const SHORTEST_HOLD_MS = 10 * 60_000;
const LONGEST_HOLD_MS = 60 * 60_000;

/**
 * When a step that is held is looked at again: less and less often, for nobody knows when an admin resumes, and thousands
 * may be held.
 * @param due when it would have fired
 */
export function heldUntil(due: Date, now: Date): Date {
  const late = now.getTime() - due.getTime();
  return new Date(now.getTime() + Math.min(Math.max(late, SHORTEST_HOLD_MS), LONGEST_HOLD_MS));
}
