import { z } from 'zod';
import { isSequential } from '../domain/idle-rule.ts';
import type { IdleRule } from '../domain/idle-rule.ts';
import { idleRuleProblems } from '../domain/idle-rule-problems.ts';
import type { AgentSettings } from '../domain/agent.ts';
import type { Gates } from '../domain/tool.ts';
import type { FieldError } from './problem.ts';

const duration = { type: 'integer', minimum: 1, maximum: 86_400, description: 'Seconds' } as const;
const message = {
  type: ['string', 'null'],
  maxLength: 4_000,
  description: 'May hold {{customer_name}}',
} as const;
const target = {
  type: { type: 'string', enum: ['auto', 'division', 'agent'] },
  division: { type: ['string', 'null'], format: 'uuid' },
  agent: { type: ['string', 'null'], format: 'uuid', description: 'Id of an operator' },
} as const;
const part = (more: object = {}) =>
  ({ type: ['object', 'null'], properties: { duration, message, ...more } }) as const;

/** What no schema library can tell as well as the rule itself: every field that is wrong, all at once (IDLE-1). */
export const idleRule = z
  .unknown()
  .superRefine((rule, context) => {
    // Whether steps may be saved at all is known only where the agent and its organisation are.
    for (const { field, message: wrong } of idleRuleProblems(rule, { sequential: true }))
      context.addIssue({ code: 'custom', path: field === '' ? [] : field.split('.'), message: wrong });
  })
  .meta({
    description:
      'What silence leads to: 1 to 3 steps, or one action with its own part. Steps need the feature ai_agent_sequential_idle',
    override: {
      type: ['object', 'null'],
      properties: {
        steps: {
          type: 'array',
          minItems: 1,
          maxItems: 3,
          items: {
            type: 'object',
            required: ['action', 'duration'],
            properties: {
              order: { type: 'integer', minimum: 1, maximum: 3 },
              action: { type: 'string', enum: ['follow_up', 'assign', 'resolve'] },
              duration,
              message,
              assign: { type: ['object', 'null'], properties: target },
            },
          },
        },
        action: { type: 'string', enum: ['none', 'follow_up', 'assign', 'resolve'] },
        follow_up: part(),
        assign: part(target),
        resolve: part(),
      },
    },
  });

/** As it was checked. */
export function toIdleRule(rule: unknown): IdleRule | null | undefined {
  return rule as IdleRule | null | undefined;
}

/** Whether an agent's steps count (IDLE-2). */
export function isSequentialFor({ sequentialIdle }: AgentSettings, { organisationFlags }: Gates): boolean {
  return isSequential(sequentialIdle, organisationFlags);
}

/** @param name of the field that holds the rule */
export function idleProblems(
  rule: IdleRule | null | undefined,
  sequential: boolean,
  name = 'idle_rule',
): FieldError[] {
  return idleRuleProblems(rule, { sequential }).map(({ field, message: wrong }) => ({
    field: field === '' ? name : `${name}.${field}`,
    message: wrong,
  }));
}
