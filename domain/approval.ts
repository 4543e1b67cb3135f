import { conditionProblems } from './condition.ts';
import { holds } from './condition-holds.ts';
import type { ConditionProblem } from './condition.ts';
import type { Json } from './external-action.ts';

/** The life of an approval (APR-2). All but the first are for good. */
export const APPROVAL_STATUSES = ['pending', 'approved', 'denied', 'cancelled', 'expired'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** What a model may ask for (APR-1). */
export const MODEL_PRIORITIES = ['low', 'medium', 'high'] as const;
export type ModelPriority = (typeof MODEL_PRIORITIES)[number];

/** Operators may also raise a request to urgent (APR-2). */
export const PRIORITIES = [...MODEL_PRIORITIES, 'urgent'] as const;
export type Priority = (typeof PRIORITIES)[number];

export type Decision =
  | { kind: 'moves'; to: Exclude<ApprovalStatus, 'pending'> }
  /** Somebody decided before (APR-4). */
  | { kind: 'lost'; status: 'approved' | 'denied' }
  /** It had been withdrawn, or its time had run out. */
  | { kind: 'too_late'; status: 'cancelled' | 'expired' };

/**
 * What becomes of an approval that is asked to move (APR-3, APR-4). From `expiresAt` on it can only expire, also where
 * nobody has noted that yet, and it does not expire before. Null: it never does.
 */
export function decide(
  current: { status: ApprovalStatus; expiresAt: Date | null },
  to: Exclude<ApprovalStatus, 'pending'>,
  now: Date,
): Decision | { kind: 'not_yet'; at: Date | null } {
  const { status, expiresAt } = current;
  switch (status) {
    case 'approved':
    case 'denied':
      return { kind: 'lost', status };
    case 'cancelled':
    case 'expired':
      return { kind: 'too_late', status };
    case 'pending': {
      const isOver = expiresAt !== null && expiresAt <= now;
      if (to === 'expired') return isOver ? { kind: 'moves', to } : { kind: 'not_yet', at: expiresAt };
      return isOver ? { kind: 'too_late', status: 'expired' } : { kind: 'moves', to };
    }
  }
}

const MOST_REMINDERS = 10;
/** Later than it no Date can be. */
const LAST_MOMENT = 8.64e15;

/**
 * When operators are reminded of a request that nobody has decided (APR-3): at the SLA, then each time after twice as
 * long, so that a long wait does not drum; before it expires, and at most ten times.
 */
export function remindersOf(slaSeconds: number, createdAt: Date, expiresAt: Date | null): Date[] {
  if (!(slaSeconds > 0)) return [];
  const end = expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return Array.from({ length: MOST_REMINDERS }, (_, n) => createdAt.getTime() + slaSeconds * 1000 * 2 ** n)
    .filter((at) => at < end && at <= LAST_MOMENT)
    .map((at) => new Date(at));
}

/**
 * Which calls of a tool or an external action wait for an operator (APR-5): null none, `always` all, else those whose
 * arguments fulfil a condition as in condition.ts, such as `amount > 100`.
 */
export type ApprovalRule = string | null;

/** Where the condition cannot be told, an argument missing or of another kind, a person is asked. */
export function needsApproval(rule: ApprovalRule, args: Readonly<Record<string, Json>>): boolean {
  return rule !== null && (isAlways(rule) || holds(rule, args) !== false);
}

/** What keeps a rule from being saved. `names`: what the arguments are called, where that is known. */
export function approvalRuleProblems(rule: ApprovalRule, names?: readonly string[]): ConditionProblem[] {
  return rule === null || isAlways(rule) ? [] : conditionProblems(rule, names, { paths: true });
}

function isAlways(rule: string): boolean {
  return rule.trim().toLowerCase() === 'always';
}

/** What becomes of a call that waits for an operator when its customer writes meanwhile (APR-5). */
export const ON_NEW_MESSAGE = [
  /** It goes on waiting. */
  'keep',
  /** It is withdrawn, and the agent may propose it anew with what was said. */
  'ask_again',
  /** It is withdrawn. */
  'withdraw',
] as const;
export type OnNewMessage = (typeof ON_NEW_MESSAGE)[number];
