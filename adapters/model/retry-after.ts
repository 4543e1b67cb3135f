/**
 * How long a server asks to be left alone, in milliseconds: `retry-after-ms`, else `Retry-After` in seconds or as a
 * date (measured by the server's own clock where it tells it). Undefined when it does not say, or not legibly.
 */
export function retryAfterMs(headers: Headers | undefined): number | undefined {
  const exact = amount(headers?.get('retry-after-ms'));
  if (exact !== undefined) return exact;
  const value = headers?.get('retry-after');
  const seconds = amount(value);
  if (seconds !== undefined) return seconds * 1000;
  // Date.parse makes a date of nearly anything, '-5' included; an HTTP date begins with the day of the week.
  const until = Date.parse(/^[A-Z][a-z]{2,8},? /.test(value ?? '') ? (value as string) : '');
  if (Number.isNaN(until)) return undefined;
  const serverTime = Date.parse(headers?.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(serverTime) ? Date.now() : serverTime));
}

function amount(value: string | null | undefined): number | undefined {
  return value && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}
