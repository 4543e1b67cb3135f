import type { AgentSettings } from '../../domain/agent.ts';
import { idleSteps } from '../../domain/idle-sequence.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import { FLAGS } from '../../domain/tool.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/**
 * Part of a statement with `$1` for the organisation and a conversation `c`: what decides on the steps of its silence
 * besides its agent (IDLE-2, IDLE-8); read it with `idleStepsOf`.
 */
export const IDLE_SOURCE = `
  (select jsonb_build_object('rule', v.default_idle_rule, 'answeredBy', v.answered_by, 'sequencesOn', exists (
      select from feature_flags g
      where g.organisation_id = $1 and g.name = '${FLAGS.sequentialIdle}' and g.enabled))
    from channel_integrations v
    where v.organisation_id = $1 and v.id = c.channel_integration_id) as idle_source`;

export interface IdleSourceRow {
  idle_source: { rule: unknown; answeredBy: AnsweredBy; sequencesOn: boolean };
}

/** The steps that the silence of a conversation with these settings leads to. */
export function idleStepsOf(agent: AgentSettings, { idle_source: channel }: IdleSourceRow): IdleStep[] {
  return idleSteps({ agent, channel, flags: new Set(channel.sequencesOn ? [FLAGS.sequentialIdle] : []) });
}

/**
 * Part of a statement with a conversation `c`: whether a sequence goes on although a person has the conversation
 * (IDLE-9). It gave it to them itself, and they have not answered yet (every other change of hands raises the epoch); or
 * it counts from their own last reply, where that is wanted.
 * @param seenSeq the row that the sequence counts from, as SQL
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
      or (select max(w.seq) from inbox w
          where w.organisation_id = $1 and w.conversation_id = c.id and w.kind = 'reply' and w.seq >= ${seenSeq}
         ) = ${seenSeq}
      and ${runsWithPeople('c')})`;
}

/** Part of a statement: whether the sequence of that conversation runs while a person has it; `runsWithPeople` of domain/. */
export function runsWithPeople(conversation: string): string {
  return `exists (
    select from agents b, channel_integrations v
    where b.organisation_id = $1 and b.id = ${conversation}.agent_id
      and v.organisation_id = $1 and v.id = ${conversation}.channel_integration_id
      and (v.answered_by = 'people' or b.settings -> 'idleWhileAssigned' = 'true'::jsonb))`;
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
