import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { CallRow } from './call-rows.ts';

export type DigestedCall = Pick<
  CallRow,
  'tool' | 'external_action_id' | 'external_action_version' | 'arguments'
>;

/** What an approval is bound to (APR-5): which tool or action, in which version, with which arguments. */
export function callDigest(call: DigestedCall): string {
  const exact = [call.tool, call.external_action_id, call.external_action_version, call.arguments];
  return createHash('sha256').update(canonicalJson(exact)).digest('base64url');
}
