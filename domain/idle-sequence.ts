import type { AgentSettings } from './agent.ts';
import type { BusinessHours } from './business-hours.ts';
import { isSequential, stepsOf } from './idle-rule.ts';
import type { IdleStep } from './idle-rule.ts';

/** Who answers on a channel integration: an agent, or people alone (IDLE-8). */
export const ANSWERED_BY = ['agent', 'people'] as const;
export type AnsweredBy = (typeof ANSWERED_BY)[number];

/** All that decides what a conversation's silence leads to. */
export interface IdleSource {
  agent: Pick<AgentSettings, 'idleRule' | 'sequentialIdle'>;
  channel: { rule: unknown; answeredBy: AnsweredBy };
  /** The flags that are on in the organisation. */
  flags: ReadonlySet<string>;
}

/**
 * The steps that run (IDLE-8). Where people answer alone, the channel's own rule. An agent's sequence stands for itself;
 * while its steps are off, the channel's rule follows a legacy follow_up, as it always did, and nothing else.
 */
export function idleSteps({ agent, channel, flags }: IdleSource): IdleStep[] {
  const ofChannel = () => stepsOf(channel.rule, { sequential: isSequential(null, flags) });
  if (channel.answeredBy === 'people') return ofChannel();
  const sequential = isSequential(agent.sequentialIdle, flags);
  const own = stepsOf(agent.idleRule, { sequential });
  return !sequential && own[0]?.action === 'follow_up' ? [...own, ...ofChannel()] : own;
}

/** When people are there for its steps (IDLE-10): the hours are an agent's, and people who answer alone have none. */
export function idleHours(
  { businessHours }: Pick<AgentSettings, 'businessHours'>,
  answeredBy: AnsweredBy,
): BusinessHours | null {
  return answeredBy === 'people' ? null : businessHours;
}

/** Whether the sequence runs while a person has the conversation (IDLE-9): the builder's choice, or there is nobody else. */
export function runsWithPeople(
  { idleWhileAssigned }: Pick<AgentSettings, 'idleWhileAssigned'>,
  answeredBy: AnsweredBy,
): boolean {
  return answeredBy === 'people' || idleWhileAssigned;
}
