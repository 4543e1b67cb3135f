/** A token bucket per key, in this process. */
export interface RateLimit {
  /** 0 when the call may go on, else the whole seconds to wait. */
  take(key: string): number;
}

/** `burst` calls at once and `perSecond` in the long run. Forgets the longest unused keys beyond `maxKeys`. */
export function createRateLimit(
  clock: { now(): Date },
  limit: { burst: number; perSecond: number; maxKeys?: number },
): RateLimit {
  const maxKeys = limit.maxKeys ?? 10_000;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(key) {
      const now = clock.now().getTime();
      const bucket = buckets.get(key) ?? { tokens: limit.burst, at: now };
      const elapsed = Math.max(0, now - bucket.at) / 1000;
      const tokens = Math.min(limit.burst, bucket.tokens + elapsed * limit.perSecond);
      const allowed = tokens >= 1;
      // Deleted first, so that the map's order stays the order of last use.
      buckets.delete(key);
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now });
      if (buckets.size > maxKeys) {
        const oldest = buckets.keys().next().value;
        if (oldest !== undefined) buckets.delete(oldest);
      }
      return allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / limit.perSecond));
    },
  };
}
