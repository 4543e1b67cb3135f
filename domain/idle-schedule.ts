import type { BusinessHours } from './business-hours.ts';
import { lastOpenMoment, nextOpening } from './business-hours.ts';
import type { IdleStep } from './idle-rule.ts';

/** What a step's time is reckoned from. */
export interface IdleSituation {
  /** The customer's last activity for step 1, else when the step before fired or was skipped (IDLE-4). */
  since: Date;
  now: Date;
  /** The agent's; null: people are there at all times. */
  hours: BusinessHours | null;
  /** Until when the channel takes what the customer did not ask for (WhatsApp: 24 h after their last message). */
  windowEndsAt: Date | null;
}

export type IdleDue =
  /** In the past where the step is due already; `moved` tells why it is not `duration` after `since`. */
  | { kind: 'at'; at: Date; moved: 'to_opening' | 'into_window' | null }
  /** It will not fire. From `at` on, when it was due, it counts as fired (IDLE-10). */
  | { kind: 'skip'; at: Date; reason: 'outside_window' | 'never_open' };

/** A nudge is planned no closer to the window's end: sending it takes time, and the provider's clock is not ours. */
const WINDOW_MARGIN = 5 * 60_000;
/** A step that fires so much late still counts as on time: else a timer's delay would move it to the next opening. */
const LATENESS = 60_000;
/** A nudge that is brought forward keeps at least so far from what came before it. */
const LEAST_GAP = 60_000;

/**
 * When a step fires (IDLE-10), `duration` after `since` exactly where neither hours nor window stand in the way. Outside
 * the hours it waits for the opening. A nudge that would miss the window comes earlier, at the last open moment before
 * its end, or not at all. Assigning and resolving need no window: whether a closing message still goes out is the
 * channel's to say. Asked again when the time has come, it answers with a time that is not in the future.
 */
export function dueOf(step: Pick<IdleStep, 'action' | 'duration'>, situation: IdleSituation): IdleDue {
  const { since, now, hours, windowEndsAt } = situation;
  const due = since.getTime() + step.duration * 1000;
  const late = now.getTime() > due + LATENESS;
  const asked = new Date(late && hours !== null ? now.getTime() : due);
  const at = hours === null ? asked : nextOpening(hours, asked);
  if (at === null) return { kind: 'skip', at: new Date(due), reason: 'never_open' };
  const fires: IdleDue = { kind: 'at', at, moved: at > asked ? 'to_opening' : null };
  if (step.action !== 'follow_up' || windowEndsAt === null) return fires;

  const latest = new Date(windowEndsAt.getTime() - WINDOW_MARGIN);
  if (at <= latest && !(late && now > latest)) return fires;
  const earlier = lastChance(situation, windowEndsAt, latest);
  if (earlier === null) return { kind: 'skip', at: new Date(due), reason: 'outside_window' };
  return { kind: 'at', at: earlier, moved: 'into_window' };
}

/** The last moment at which a nudge may still be sent; once it has come, now, if the window is still open. */
function lastChance({ since, now, hours }: IdleSituation, windowEndsAt: Date, latest: Date): Date | null {
  const first = Math.max(since.getTime() + LEAST_GAP, now.getTime() - LATENESS);
  const last = Math.max(latest.getTime(), Math.min(now.getTime(), windowEndsAt.getTime() - LATENESS));
  if (last < first) return null;
  return hours === null ? new Date(last) : lastOpenMoment(hours, new Date(first), new Date(last));
}
