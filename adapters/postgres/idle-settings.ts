import type { AgentSettings } from '../../domain/agent.ts';
import { isSequential } from '../../domain/idle-rule.ts';
import { FLAGS } from '../../domain/tool.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/** Part of a statement with `$1` for the organisation: whether its flag for sequences of idle steps is on (IDLE-2). */
export const SEQUENTIAL_IDLE = `
  exists (
    select from feature_flags g
    where g.organisation_id = $1 and g.name = '${FLAGS.sequentialIdle}' and g.enabled)`;

/**
 * Part of a statement with a conversation `c`: whether a sequence goes on although a person has the conversation
 * (IDLE-9): it gave it to them itself, and they have not answered yet (every other change of hands raises the epoch),
 * or the builder wants it so.
 * @param seenSeq the message that the sequence counts from, as SQL
 */
export function goesOnWhileAssigned(seenSeq: string): string {
  return `
    c.owner = 'operator' and (
      exists (
        select from idle_firings g
        where g.organisation_id = $1 and g.conversation_id = c.id and g.seen_seq = ${seenSeq} and g.epoch = c.epoch)
      and not exists (
        select from outbound w
        where w.organisation_id = $1 and w.conversation_id = c.id and w.kind = 'operator' and w.epoch = c.epoch)
      or exists (
        select from agents b
        where b.organisation_id = $1 and b.id = c.agent_id and b.settings -> 'idleWhileAssigned' = 'true'::jsonb))`;
}

const GOES_ON: Statement = {
  name: 'idle-goes-on',
  text: `
    select ${goesOnWhileAssigned('$3')} as goes_on from conversations c where c.organisation_id = $1 and c.id = $2`,
};

/** The same of a conversation that is locked. */
export async function idleGoesOn(
  tenancy: Tenancy,
  conversationId: string,
  seenSeq: number,
): Promise<boolean> {
  const [found] = await tenancy.rows<{ goes_on: boolean }>(GOES_ON, [
    tenancy.organisationId,
    conversationId,
    seenSeq,
  ]);
  return found?.goes_on ?? false;
}

/** @param flag what `SEQUENTIAL_IDLE` found */
export function sequentialIdle({ sequentialIdle: override }: AgentSettings, flag: boolean): boolean {
  return isSequential(override, new Set(flag ? [FLAGS.sequentialIdle] : []));
}
