/** Reading of JSON whose shape nobody promised: every function is total, absence and nonsense give null. */
export type JsonObject = Record<string, unknown>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The objects of a list; anything else in it, or in its place, is left out. */
export function asObjects(value: unknown): JsonObject[] {
  return asList(value)
    .map(asObject)
    .filter((item) => item !== null);
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A non-empty string. NUL and lone surrogates become U+FFFD: Postgres stores neither in text nor in jsonb. */
export function asText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return value.replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}

/** An id: text short enough for an index entry. */
export function asId(value: unknown): string | null {
  const text = asText(value);
  return text !== null && text.length <= 256 ? text : null;
}

export function asNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** Unix seconds, as a string or a number. Null also for a time no calendar has. */
export function asTime(value: unknown): Date | null {
  const seconds = asNumber(value);
  if (seconds === null || seconds <= 0 || seconds > 253_402_300_799) return null;
  return new Date(seconds * 1000);
}

/** Parses bytes as JSON; null where they are none. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
