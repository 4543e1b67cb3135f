import type { z } from 'zod';
import type { FieldError } from './problem.ts';

const MOST_ERRORS = 20;

/**
 * What is wrong with a request, once per field: where and what kind, never the value.
 * A whole body that is no object is the field `body`.
 */
export function fieldErrors(error: z.ZodError, value: unknown): FieldError[] {
  const messages = new Map<string, string>();
  for (const issue of error.issues) {
    for (const { field, message } of errorsOf(issue, value)) {
      if (!messages.has(field)) messages.set(field, message);
    }
  }
  return [...messages]
    .slice(0, MOST_ERRORS)
    .map(([field, message]) => ({ field: field.slice(0, 128), message }));
}

type Issue = z.core.$ZodIssue;

function errorsOf(issue: Issue, value: unknown): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'is not a known field' }));
  if (path.length === 0) return [{ field: 'body', message: 'must be a JSON object' }];
  const missing = at(value, issue.path) === undefined && issue.code !== 'custom';
  return [{ field: path.join('.'), message: missing ? 'is missing' : says(issue) }];
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** As the API's description calls them. */
const TYPES: Readonly<Record<string, string>> = { record: 'object', int: 'integer' };

/** A schema's own words stand; the library's are said as the rest of the sentence that begins with the field. */
function says(issue: Issue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `is not a valid ${issue.format}`;
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? `must be one of ${issue.options.map(String).join(', ')}`
        : 'is none of the forms that are taken';
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'is empty'
        : `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return 'is not valid';
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}
