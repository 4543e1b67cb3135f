import { createHash } from 'node:crypto';
import type { Json } from '../domain/external-action.ts';

/** The same for the same tool and arguments, whatever the order of their members: what tells a call from another (ACT-8). */
export function digestOf(tool: string, args: Json): string {
  return createHash('sha256')
    .update(`${tool}\n${canonical(args)}`)
    .digest('base64url');
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
