/** Reading of JSON whose shape nobody promised: every function is total, absence and nonsense give null. */
export type JsonObject = Record<string, unknown>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The objects of a list; anything else in it, or in its place, is left out. */
export function asObjects(value: unknown): JsonObject[] {
  return (Array.isArray(value) ? value : []).map(asObject).filter((item) => item !== null);
}

/** A non-empty string. NUL and lone surrogates become U+FFFD: Postgres stores neither in text nor in jsonb. */
export function asText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return value.replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}

/** An id: text short enough for an index entry. */
export function asId(value: unknown): string | null {
  const text = asText(value);
  return text !== null && text.length <= 200 ? text : null;
}

/** Parses text as JSON; null where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
