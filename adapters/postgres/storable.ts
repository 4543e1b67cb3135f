/**
 * Text as Postgres can hold it: without NUL, which its text type refuses, and without halves of surrogate pairs,
 * which its json refuses. A customer's odd byte must not become an error of ours.
 */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** The same for a JSON document, keys included. Undefined becomes null. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null';
  // Both show up in JSON as escapes; nearly no document has one.
  if (!/\\u(0000|d[89a-f])/i.test(json)) return json;
  return JSON.stringify(cleaned(JSON.parse(json)));
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storable(key), cleaned(member)]));
}
