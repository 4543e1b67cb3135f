import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Json } from '../domain/external-action.ts';

/** The same for the same tool and arguments, whatever the order of their members: what tells a call from another (ACT-8). */
export function digestOf(tool: string, args: Json): string {
  return createHash('sha256')
    .update(`${tool}\n${canonicalJson(args)}`)
    .digest('base64url');
}
