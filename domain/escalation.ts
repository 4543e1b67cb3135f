import { conditionProblems } from './condition.ts';
import { holds } from './condition-holds.ts';
import type { ChannelKind } from './channel.ts';
import type { FieldProblem } from './field-problem.ts';
import type { CoreIntent } from './intents.ts';

/** When the agent calls a person (ESC-1); in an ordered list the first that matches counts. */
export interface EscalationRule {
  name: string;
  /** As in condition.ts, over the facts of a turn. */
  condition: string;
  /** What is told as the reason in place of the condition. */
  reason?: string;
}

/** What a rule may speak of, by the names that builders write. */
export type EscalationFacts = {
  /** What the customer wrote, all of the turn's messages. */
  text: string;
  /** Messages in the recent window, the present ones included, that speak of money. */
  attempts: number;
  billing_dispute: boolean;
  channel: ChannelKind;
  /** Counted from 1. */
  turn: number;
  /** Null where the turn went without understanding. */
  core_intent: CoreIntent | null;
  /** The customer asked for a person. */
  wants_human: boolean;
  customer_name: string | null;
};

/** The names of the facts. */
export const ESCALATION_FACTS = [
  'text',
  'attempts',
  'billing_dispute',
  'channel',
  'turn',
  'core_intent',
  'wants_human',
  'customer_name',
] as const satisfies readonly (keyof EscalationFacts)[];

export const MOST_ESCALATION_RULES = 50;

/** As the source document lists them (ESC Task 1, metadata). */
const BILLING_WORDS = ['billing', 'invoice', 'charge', 'refund', 'payment', 'subscription'];

/** How many of the texts hold a billing word, in any case and as part of a word too (ESC-1). */
export function attemptsIn(texts: readonly string[]): number {
  return texts.filter((text) => {
    const lower = text.toLowerCase();
    return BILLING_WORDS.some((word) => lower.includes(word));
  }).length;
}

/** The facts of a turn. `recent`: the messages before it that are still in the window, whoever wrote them. */
export function escalationFacts(turn: {
  texts: readonly string[];
  recent: readonly string[];
  channel: ChannelKind;
  turn: number;
  coreIntent: CoreIntent | null;
  wantsHuman: boolean;
  customerName: string | null;
}): EscalationFacts {
  const attempts = attemptsIn([...turn.recent, ...turn.texts]);
  return {
    text: turn.texts.join('\n'),
    attempts,
    billing_dispute: attempts > 0,
    channel: turn.channel,
    turn: turn.turn,
    core_intent: turn.coreIntent,
    wants_human: turn.wantsHuman,
    customer_name: turn.customerName,
  };
}

/** The first rule that holds, with the reason to tell: its own, else its condition. What cannot be told matches nothing. */
export function firstMatch(
  rules: readonly EscalationRule[],
  facts: EscalationFacts,
): { name: string; reason: string } | null {
  const rule = rules.find(({ condition }) => holds(condition, facts) === true);
  if (rule === undefined) return null;
  const reason = rule.reason?.trim() ?? '';
  return { name: rule.name, reason: reason === '' ? rule.condition : reason };
}

/** Rules however they were stored: one without a name gets its place for one, what has no condition is left out. */
export function readEscalationRules(stored: unknown): EscalationRule[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((rule: unknown, n): EscalationRule[] => {
    if (typeof rule !== 'object' || rule === null) return [];
    const { name, condition, reason } = rule as Record<string, unknown>;
    if (typeof condition !== 'string') return [];
    return [
      {
        name: typeof name === 'string' && name.trim() !== '' ? name : `rule ${n + 1}`,
        condition,
        ...(typeof reason === 'string' ? { reason } : {}),
      },
    ];
  });
}

/** Whom an agent's `escalationAssignee` names; null: neither a member nor a Slack user. */
export function assigneeOf(
  id: string,
): { kind: 'member'; memberId: string } | { kind: 'slack'; userId: string } | null {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return { kind: 'member', memberId: id };
  return /^[UW][A-Z0-9]{2,30}$/.test(id) ? { kind: 'slack', userId: id } : null;
}

/** All that is wrong with the conditions of rules that are to be saved. */
export function escalationProblems(rules: readonly EscalationRule[]): FieldProblem[] {
  return rules.flatMap(({ condition }, n) =>
    conditionProblems(condition, ESCALATION_FACTS).map(({ at, message }) => ({
      field: `${n}.condition`,
      message: `at character ${at}: ${message}`,
    })),
  );
}
