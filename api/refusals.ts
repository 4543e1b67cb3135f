import type { Log } from './gateway.ts';
import type { Audit, ReceivingIntegration } from './ports.ts';
import { createRateLimit } from './rate-limit.ts';

/** Writes down who was turned away at the door (CHAN-2). */
export interface Refusals {
  /** Never throws: whoever was refused stays refused, store or no store. */
  record(integration: ReceivingIntegration, refusal: Refusal): Promise<void>;
}

export interface Refusal {
  /** What was tried, e.g. `webhook`, `message`, `chat`. */
  attempt: string;
  /** Why it was refused, one of a few fixed words. */
  reason: string;
  /** Address of the peer. */
  from: string | null;
}

/** A flood of forgeries must not become a flood of rows: what was left out is counted in the next entry. */
export function createRefusals(audit: Audit, clock: { now(): Date }, log: Log): Refusals {
  const limit = createRateLimit(clock, { burst: 20, perSecond: 0.5 });
  const leftOut = new Map<string, number>();
  return {
    async record(integration, { attempt, reason, from }) {
      if (limit.take(integration.id) > 0) {
        leftOut.set(integration.id, (leftOut.get(integration.id) ?? 0) + 1);
        return;
      }
      const unwritten = leftOut.get(integration.id) ?? 0;
      leftOut.delete(integration.id);
      try {
        await audit.refused({
          organisationId: integration.organisationId,
          action: `${attempt}.refused`,
          subject: integration.id,
          from,
          detail: { reason, ...(unwritten > 0 ? { refused_since_last_entry: unwritten } : {}) },
        });
      } catch (error) {
        log.warn({ err: error, attempt, reason }, 'a refusal could not be written down');
      }
    },
  };
}
