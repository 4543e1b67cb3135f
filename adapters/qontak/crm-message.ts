import type { Json } from '../../domain/external-action.ts';

const LONGEST = 300;
/** Deep enough for `{errors: [{message}]}` and `{errors: {name: [text]}}`. */
const DEEPEST = 4;

/** Where vendors put what went wrong, the most telling first. */
const NAMES = ['message', 'error_message', 'error', 'errors', 'error_description', 'detail', 'title', 'meta'];

/**
 * What the CRM says about a request that it refused, for the agent (ACT-2): one line without control characters,
 * at most 300 characters, and none of the given secrets in it. Without a message a sentence of ours with the status.
 */
export function crmMessage(status: number, body: Json, secrets: readonly string[]): string {
  const said = find(body, 0) ?? `The CRM refused the request with status ${status}.`;
  const hidden = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[hidden]'), said);
  const line = hidden
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .toWellFormed();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function find(value: Json | undefined, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  if (value === null || typeof value !== 'object' || depth >= DEEPEST) return undefined;
  if (Array.isArray(value)) return find(value[0], depth + 1);
  for (const name of NAMES) {
    if (!Object.hasOwn(value, name)) continue;
    const member = value[name];
    const said = find(member, depth + 1) ?? (name === 'errors' ? ofFields(member) : undefined);
    if (said !== undefined) return said;
  }
  return undefined;
}

/** `{name: ["can't be blank"]}`: the field is part of what is said. */
function ofFields(errors: Json | undefined): string | undefined {
  if (errors === null || typeof errors !== 'object' || Array.isArray(errors)) return undefined;
  for (const [field, problem] of Object.entries(errors)) {
    const first = Array.isArray(problem) ? problem[0] : problem;
    if (typeof first === 'string' && first.trim() !== '') return `${field}: ${first}`;
  }
  return undefined;
}
