/** gRPC: deadline exceeded, resource exhausted, unavailable. */
const AWAY = new Set([4, 8, 14]);

/**
 * Whether a call failed because Temporal is away or overloaded, which concerns every conversation, and not because
 * it refused this one call.
 */
export function isServerAway(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'number') return AWAY.has(code);
  }
  return false;
}
