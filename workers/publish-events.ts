import { setTimeout as pause } from 'node:timers/promises';

/** Numbers the events that wait for it; belongs to the process that leads. */
export interface Publisher {
  /** True: more may be waiting. When it fails, asking again is right. */
  publish(): Promise<boolean>;
}

/** How long a console waits for news at most. A look that finds nothing costs Postgres one empty index. */
const LOOK_MS = 100;
const AWAY_MS = 1_000;

/**
 * Publishes what was committed, so that live readers hear of it (APR-7), until `leading` aborts. It looks instead of
 * being told: a notice with every event would make all commits wait for each other.
 */
export async function publishEvents(
  publisher: Publisher,
  log: { warn(fields: object, message: string): void },
  leading: AbortSignal,
): Promise<void> {
  let failing = false;
  while (!leading.aborted) {
    let waitMs = LOOK_MS;
    try {
      if (await publisher.publish()) waitMs = 0;
      failing = false;
    } catch (error) {
      if (!failing && !leading.aborted) log.warn({ err: error }, 'events are not published for now');
      failing = true;
      waitMs = AWAY_MS;
    }
    await pause(waitMs, undefined, { signal: leading }).catch(() => undefined);
  }
}
