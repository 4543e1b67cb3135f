import type { BusinessHours } from './business-hours.ts';
import type { IdleStep } from './idle-rule.ts';
import { dueOf } from './idle-schedule.ts';

/**
 * How long each step of a sequence waits for the one before it, in ms, were none of them late: its duration, longer
 * where it waits for an opening, shorter where it would miss the channel's window (IDLE-10). Each firing is judged
 * anew, so this decides only when somebody looks.
 * @param since the customer's last activity
 */
export function idleWaits(
  steps: readonly IdleStep[],
  { since, ...limits }: { since: Date; hours: BusinessHours | null; windowEndsAt: Date | null },
): number[] {
  let from = since;
  return steps.map((step) => {
    const { at } = dueOf(step, { ...limits, since: from, now: from });
    const wait = at.getTime() - from.getTime();
    from = at;
    return wait;
  });
}
