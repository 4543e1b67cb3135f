import { z } from 'zod';
import { isSlackTarget } from '../domain/approval-message.ts';
import { businessHoursProblems, WEEKDAYS } from '../domain/business-hours.ts';
import type { BusinessHours } from '../domain/business-hours.ts';
import { assigneeOf, escalationProblems, MOST_ESCALATION_RULES } from '../domain/escalation.ts';
import type { EscalationRule } from '../domain/escalation.ts';
import { escalationNoticeProblems } from '../domain/escalation-notices.ts';
import type { EscalationNotices } from '../domain/escalation-notices.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import { readable, words } from './shapes.ts';

/** When people are there, and how they are called (IDLE-10, ESC-1 to ESC-7), on the wire. */

const time = z
  .string()
  .max(5)
  .meta({ description: 'HH:MM, an end up to 24:00', examples: ['09:00'] });

const hours = z.strictObject({
  time_zone: words(64).meta({ description: 'IANA name', examples: ['Asia/Jakarta'] }),
  weekly: z.partialRecord(z.enum(WEEKDAYS), z.array(z.tuple([time, time])).max(10)),
  holidays: z
    .array(z.string().max(10))
    .max(400)
    .optional()
    .meta({ examples: [['2026-12-25']] }),
});

const rule = z.strictObject({
  name: readable(words(100)).optional(),
  condition: words(500).meta({ examples: ['billing_dispute and attempts > 2'] }),
  reason: readable(words(500)).optional(),
});

const notice = words(2000).optional();

const notices = z.strictObject({
  called: notice.meta({ description: "A person was called; in place of the agent's answer" }),
  waiting: notice.meta({ description: 'The customer writes on before anybody has it' }),
  closed: notice.meta({ description: 'Called outside the business hours; may hold {{next_opening}}' }),
  nobody_online: notice.meta({ description: 'Called within the hours, and nobody is there' }),
  offer: notice.meta({ description: 'Nobody answered in time, and the agent offers to go on' }),
});

export const businessHours = hours
  .superRefine((value, context) => tell(context, businessHoursProblems(toHours(value))))
  .nullable()
  .meta({
    description:
      'Null: people are there at all times. An end that is not after its start is on the next day; a holiday is closed all day',
  });

export const escalationRules = z
  .array(rule)
  .max(MOST_ESCALATION_RULES)
  .superRefine((rules, context) => tell(context, escalationProblems(toRules(rules))))
  .meta({
    description:
      'The first whose condition holds calls a person. Conditions speak of text, attempts, billing_dispute, channel, turn, core_intent, wants_human and customer_name, with == != > >= < <= contains and or not and parentheses',
  });

export const escalationAssignee = z
  .string()
  .max(64)
  .refine((id) => assigneeOf(id) !== null, "is neither a member's id nor a Slack user's")
  .nullable()
  .meta({ description: "Who is called: a member's id, or the id of a user of the organisation's Slack" });

export const slackTarget = z
  .string()
  .max(64)
  .refine(isSlackTarget, 'is neither a channel nor a user of Slack')
  .nullable()
  .meta({
    description:
      "Where requests to operators are posted with their buttons: the id of a channel or a user of the organisation's Slack. Null: to escalation_assignee, where that is a user of Slack",
  });

export const escalationNotice = notices
  .superRefine((value, context) => tell(context, escalationNoticeProblems(toNotices(value))))
  .meta({ description: 'What the customer is told; a text that is left out is the default one' });

export function toHours({ time_zone, weekly, holidays = [] }: z.output<typeof hours>): BusinessHours {
  return { timeZone: time_zone, weekly, holidays };
}

export function fromHours({ timeZone, weekly, holidays }: BusinessHours): z.input<typeof hours> {
  return { time_zone: timeZone, weekly, holidays };
}

/** A rule without a name gets its place for one. */
export function toRules(rules: z.output<typeof rule>[]): EscalationRule[] {
  return rules.map(({ name, ...others }, n) => ({ name: name ?? `rule ${n + 1}`, ...others }));
}

export function toNotices({
  nobody_online,
  ...others
}: z.output<typeof notices>): Partial<EscalationNotices> {
  return nobody_online === undefined ? others : { ...others, nobodyOnline: nobody_online };
}

export function fromNotices({ nobodyOnline, ...others }: EscalationNotices): z.input<typeof notices> {
  return { ...others, nobody_online: nobodyOnline };
}

const WIRE_NAMES = new Map([
  ['timeZone', 'time_zone'],
  ['nobodyOnline', 'nobody_online'],
]);

/** Problems under the names that the fields have on the wire. */
function tell(context: z.RefinementCtx, problems: readonly FieldProblem[]): void {
  for (const { field, message } of problems)
    context.addIssue({ code: 'custom', path: (WIRE_NAMES.get(field) ?? field).split('.'), message });
}

export const periods = {
  quiet_period_seconds: z.int().min(0).max(86_400).meta({
    description: 'How long the customer of an escalated conversation is not told so again',
  }),
  response_time_seconds: z.int().min(10).max(86_400).meta({
    description: 'How long a person who was called may take before being reminded',
  }),
};
