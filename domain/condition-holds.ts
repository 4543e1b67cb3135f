import { readCondition } from './condition.ts';
import type { Condition, Operator } from './condition.ts';
import type { Json } from './external-action.ts';
import { valueAt } from './template.ts';
import type { Values } from './template.ts';

/**
 * Whether a condition holds of the facts. Null: it cannot be told, since a name leads to nothing, things of different
 * kinds are compared, or the text is no condition; whoever asks decides what is then the safe side.
 *
 * `contains` looks for a text in a text, in any case, or for a value in a list. A number written as text counts as a
 * number beside a number, and where two are put in order. Alone, an operand holds unless it is false, null, 0 or "".
 */
export function holds(text: string, facts: Values): boolean | null {
  const condition = readCondition(text);
  return condition.kind === 'problem' ? null : judge(condition, facts);
}

function judge(condition: Condition, facts: Values): boolean | null {
  switch (condition.kind) {
    case 'value':
    case 'name': {
      const value = valueOf(condition, facts);
      return value === undefined ? null : Boolean(value);
    }
    case 'not':
      return negated(judge(condition.of, facts));
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      const judged = condition.of.map((part) => judge(part, facts));
      if (judged.includes(decides)) return decides;
      return judged.includes(null) ? null : !decides;
    }
    case 'compare':
      return compared(condition.operator, valueOf(condition.left, facts), valueOf(condition.right, facts));
  }
}

function valueOf(condition: Condition, facts: Values): Json | undefined {
  if (condition.kind === 'value') return condition.value;
  if (condition.kind === 'name') return valueAt(facts, condition.name);
  return judge(condition, facts) ?? undefined;
}

function compared(operator: Operator, left: Json | undefined, right: Json | undefined): boolean | null {
  if (left === undefined || right === undefined) return null;
  if (operator === '==') return isSame(left, right);
  if (operator === '!=') return negated(isSame(left, right));
  if (operator === 'contains') return contains(left, right);
  const order = orderOf(left, right);
  if (order === null) return null;
  switch (operator) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
  }
}

function isSame(left: Json, right: Json): boolean | null {
  if (left === null || right === null) return left === right;
  if (typeof left === 'object' || typeof right === 'object') return null;
  if (typeof left === typeof right) return left === right;
  const [one, other] = [numberOf(left), numberOf(right)];
  return one === null || other === null ? null : one === other;
}

function contains(whole: Json, part: Json): boolean | null {
  if (whole === null) return false;
  if (Array.isArray(whole)) return whole.some((item) => isSame(item, part) === true);
  if (typeof whole !== 'string' || (typeof part !== 'string' && typeof part !== 'number')) return null;
  return whole.toLowerCase().includes(String(part).toLowerCase());
}

/** Below, at or above 0; null where neither numbers nor texts are compared. */
function orderOf(left: Json, right: Json): number | null {
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== null && other !== null) return one - other;
  if (typeof left !== 'string' || typeof right !== 'string') return null;
  return left < right ? -1 : Number(left > right);
}

function numberOf(value: Json): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
}

function negated(judged: boolean | null): boolean | null {
  return judged === null ? null : !judged;
}
