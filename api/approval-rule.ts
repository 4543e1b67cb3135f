import { z } from 'zod';
import { approvalRuleProblems, ON_NEW_MESSAGE } from '../domain/approval.ts';
import type { ApprovalRule } from '../domain/approval.ts';
import type { FieldError } from './problem.ts';

/** Which calls wait for an operator, as builders write it of external actions and tools (APR-5). */

export const approvalRule = z
  .string()
  .nullable()
  .meta({ description: 'null, always, or a condition over the arguments such as amount > 100' });

export const onNewMessage = z.enum(ON_NEW_MESSAGE).meta({
  description:
    'What becomes of a call that waits for an operator when the customer writes: it goes on waiting, it is withdrawn and may be proposed anew with what was said, or it is withdrawn',
});

/** @param names what the arguments are called; left out: not known before there are some */
export function ruleProblems(field: string, rule: ApprovalRule, names?: readonly string[]): FieldError[] {
  return approvalRuleProblems(rule, names).map(({ at, message }) => ({
    field,
    message: `${message} (at character ${at})`,
  }));
}
