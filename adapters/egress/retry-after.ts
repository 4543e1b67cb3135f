/** What another server may make us wait at most. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3: seconds or an HTTP date) as milliseconds from `now`,
 * capped at one hour. Null where there is none or it cannot be read.
 */
export function retryAfterMs(header: string | string[] | undefined, now: Date): number | null {
  const value = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : untilDate(value, now);
  if (wait === null) return null;
  return Math.min(Math.max(wait, 0), LONGEST_WAIT_MS);
}

function untilDate(value: string, now: Date): number | null {
  const at = value.endsWith(' GMT') ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? null : at - now.getTime();
}
