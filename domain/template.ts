import type { Json } from './external-action.ts';

/** What placeholders stand for, by name. Only own properties count. */
export type Values = Readonly<Record<string, Json>>;

export interface Filled<T> {
  value: T;
  /** Names that led to nothing, each once; the value must not be used then. */
  missing: string[];
}

/** Of a place with a grammar of its own: a URL, or a header. */
export interface FilledPlace extends Filled<string> {
  /** Names whose value (or whose place) would change more than its own spot; nothing may be sent then. */
  unusable: string[];
}

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/** Names through which a value could reach what every object inherits. */
const NEVER = new Set(['__proto__', 'constructor', 'prototype']);

/** The dotted names inside `{{ }}`, each once, in the order they appear. Object keys are never templates. */
export function placeholdersOf(template: Json): string[] {
  return [...new Set(namesIn(template))];
}

/** The value a dotted name leads to through own properties and array indices; undefined: there is none. */
export function valueAt(values: Values, name: string): Json | undefined {
  let at: Json | undefined = values as { [name: string]: Json };
  for (const step of name.split('.')) {
    if (typeof at !== 'object' || at === null || NEVER.has(step) || !Object.hasOwn(at, step))
      return undefined;
    if (Array.isArray(at)) at = /^\d+$/.test(step) ? at[Number(step)] : undefined;
    else at = at[step];
  }
  return at;
}

/** A value inside other text: objects and lists as compact JSON, null as nothing. */
export function asText(value: Json): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * Fills a payload (EXT-2). The template keeps its shape: a string that is one placeholder becomes that value with its
 * type, any other string stays a string, keys are left alone, and what was filled in is never read as a template.
 */
export function fillJson(template: Json, values: Values): Filled<Json> {
  const missing = new Set<string>();
  const fill = (part: Json): Json => {
    if (typeof part === 'string') {
      const only = wholeName(part);
      if (only === null) return replaced(part, values, missing, asText);
      const value = valueAt(values, only);
      if (value === undefined) missing.add(only);
      return value ?? null;
    }
    if (Array.isArray(part)) return part.map(fill);
    if (part === null || typeof part !== 'object') return part;
    // Not by assignment: that would hand a key named __proto__ to the object itself.
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, fill(inner)]));
  };
  return { value: fill(template), missing: [...missing] };
}

/** Fills a text that a person reads. A missing name leaves nothing behind, and is reported. */
export function fillText(text: string, values: Values): Filled<string> {
  const missing = new Set<string>();
  return { value: replaced(text, values, missing, asText), missing: [...missing] };
}

/**
 * Fills a URL. Placeholders stand in the path and the query only, so no value can choose the host (EXT-6); each value
 * is encoded, and one that would empty a path segment or climb out of it is refused. Names outside path and query
 * are unusable whatever their value is.
 */
export function fillUrl(url: string, values: Values): FilledPlace {
  const origin = /^https?:\/\/[^/?#\\{}\s]+(?=[/?#]|$)/i.exec(url)?.[0];
  if (origin === undefined) return { value: url, missing: [], unusable: placeholdersOf(url) };
  const [, path = '', query = '', fragment = ''] =
    /^((?:\{\{[^{}]*\}\}|[^?#])*)(\?(?:\{\{[^{}]*\}\}|[^#])*)?(#.*)?$/s.exec(url.slice(origin.length)) ?? [];
  const missing = new Set<string>();
  const unusable = new Set(placeholdersOf(fragment));

  for (const segment of segmentsOf(path, values))
    if (segment.names.length > 0 && isEmptyOrClimbs(segment.text))
      for (const name of segment.names) unusable.add(name);
  const filled = replaced(path + query, values, missing, encoded);
  return {
    value: origin + filled + fragment,
    missing: [...missing],
    unusable: [...unusable].filter((name) => !missing.has(name)),
  };
}

/** Fills a header's value. One that holds a line break, a control character or what is not Latin-1 is unusable. */
export function fillHeader(header: string, values: Values): FilledPlace {
  const missing = new Set<string>();
  const unusable = new Set<string>();
  const value = header.replace(PLACEHOLDER, (_, inner: string) => {
    const name = inner.trim();
    const found = valueAt(values, name);
    if (found === undefined) missing.add(name);
    const text = found === undefined ? '' : asText(found);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) unusable.add(name);
    return unusable.has(name) ? '' : text;
  });
  return { value, missing: [...missing], unusable: [...unusable] };
}

function namesIn(template: Json): string[] {
  if (typeof template === 'string')
    return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name.trim());
  if (template === null || typeof template !== 'object') return [];
  return Object.values(template).flatMap(namesIn);
}

function wholeName(text: string): string | null {
  const match = /^\{\{([^{}]*)\}\}$/.exec(text);
  return match?.[1] === undefined ? null : match[1].trim();
}

/** One pass with a function: neither `$&` nor braces in a value mean anything. */
function replaced(
  text: string,
  values: Values,
  missing: Set<string>,
  render: (value: Json) => string,
): string {
  return text.replace(PLACEHOLDER, (_, inner: string) => {
    const name = inner.trim();
    const value = valueAt(values, name);
    if (value === undefined) missing.add(name);
    return value === undefined ? '' : render(value);
  });
}

/** Half a surrogate pair cannot be encoded; it becomes U+FFFD instead of an exception. */
function encoded(value: Json): string {
  return encodeURIComponent(asText(value).toWellFormed());
}

/** The segments of a path as they come out, each with the names that went into it. */
function segmentsOf(path: string, values: Values): { text: string; names: string[] }[] {
  let last: { text: string; names: string[] } = { text: '', names: [] };
  const segments = [last];
  const addLiteral = (literal: string) => {
    const [first = '', ...others] = literal.split(/[/\\]/);
    last.text += first;
    for (const text of others) segments.push((last = { text, names: [] }));
  };
  let at = 0;
  for (const match of path.matchAll(PLACEHOLDER)) {
    addLiteral(path.slice(at, match.index));
    const name = (match[1] ?? '').trim();
    last.names.push(name);
    last.text += encoded(valueAt(values, name) ?? '');
    at = match.index + match[0].length;
  }
  addLiteral(path.slice(at));
  return segments;
}

/** URL parsers drop tabs and line breaks, and read %2e as a dot. */
function isEmptyOrClimbs(segment: string): boolean {
  return ['', '.', '..'].includes(segment.replace(/[\t\r\n]/g, '').replace(/%2e/gi, '.'));
}
