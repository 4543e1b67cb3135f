import type { Log } from './gateway.ts';
import type { Audit, ReceivingIntegration } from './ports.ts';
import { createRateLimit } from './rate-limit.ts';

/** Writes down who was turned away at the door (CHAN-2). */
export interface Refusals {
  /** Never throws: whoever was refused stays refused, store or no store. */
  record(door: Door, refusal: Refusal): Promise<void>;
}

/** What somebody tried to get past: a channel integration, or a key. */
export type Door = Pick<ReceivingIntegration, 'organisationId' | 'id'>;

export interface Refusal {
  /** What was tried, e.g. `webhook`, `message`, `chat`. */
  attempt: string;
  /** Why it was refused, one of a few fixed words. */
  reason: string;
  /** Address of the peer. */
  from: string | null;
  /** Ids. */
  detail?: Record<string, string>;
}

/** A flood of forgeries must not become a flood of rows: what was left out is counted in the next entry. */
export function createRefusals(audit: Audit, clock: { now(): Date }, log: Log): Refusals {
  const limit = createRateLimit(clock, { burst: 20, perSecond: 0.5 });
  const leftOut = new Map<string, number>();
  return {
    async record({ organisationId, id }, { attempt, reason, from, detail = {} }) {
      if (limit.take(id) > 0) {
        leftOut.set(id, (leftOut.get(id) ?? 0) + 1);
        return;
      }
      const unwritten = leftOut.get(id) ?? 0;
      leftOut.delete(id);
      try {
        await audit.refused({
          organisationId,
          action: `${attempt}.refused`,
          subject: id,
          from,
          detail: { reason, ...detail, ...(unwritten > 0 ? { refused_since_last_entry: unwritten } : {}) },
        });
      } catch (error) {
        log.warn({ err: error, attempt, reason }, 'a refusal could not be written down');
      }
    },
  };
}
