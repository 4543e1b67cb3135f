import type { FieldProblem } from './field-problem.ts';
import { textProblem } from './field-problem.ts';
import { IDLE_ACTIONS, MOST_IDLE_STEPS } from './idle-rule.ts';
import { placeholdersOf } from './template.ts';
import { FLAGS } from './tool.ts';

/** Seconds. */
const LONGEST_STEP = 86_400;
const LONGEST_MESSAGE = 4_000;
/** Of a longer list, what is wrong with its first ten tells enough. */
const MOST_LOOKED_AT = 10;

type Members = Record<string, unknown>;

const TARGET = ['type', 'division', 'agent'] as const;
/** The members of each legacy part. */
const PARTS = {
  follow_up: ['duration', 'message'],
  assign: ['duration', 'message', ...TARGET],
  resolve: ['duration', 'message'],
} as const;
const PART_NAMES = Object.keys(PARTS) as (keyof typeof PARTS)[];

/** Everything that is wrong with an idle rule that is to be saved, at once (IDLE-1). Null and `{}` are no idle. */
export function idleRuleProblems(rule: unknown, { sequential }: { sequential: boolean }): FieldProblem[] {
  if (rule === null || rule === undefined) return [];
  if (!isMembers(rule)) return [{ field: '', message: 'must be a JSON object' }];
  const { steps, ...legacy } = rule;
  if (steps === undefined) return legacyProblems(legacy);
  const off = `needs the feature ${FLAGS.sequentialIdle}, which is off`;
  const alone = Object.keys(legacy).length === 0;
  return [
    ...(sequential ? [] : [{ field: 'steps', message: off }]),
    ...(alone ? [] : [{ field: 'action', message: 'and steps exclude each other' }]),
    ...sequenceProblems(steps),
    ...legacyProblems(legacy).filter(({ field }) => field !== 'action'),
  ];
}

function sequenceProblems(steps: unknown): FieldProblem[] {
  if (!Array.isArray(steps)) return [{ field: 'steps', message: 'must be a list' }];
  const wrongCount = steps.length < 1 || steps.length > MOST_IDLE_STEPS;
  return [
    ...(wrongCount ? [{ field: 'steps', message: `must hold 1 to ${MOST_IDLE_STEPS} steps` }] : []),
    ...steps.slice(0, MOST_LOOKED_AT).flatMap((step: unknown, n) => stepProblems(step, `steps.${n}`)),
    ...orderProblems(steps),
  ];
}

function stepProblems(step: unknown, place: string): FieldProblem[] {
  if (!isMembers(step)) return [{ field: place, message: 'must be a JSON object' }];
  const { action, duration, message, assign } = step;
  const known = ['order', 'action', 'duration', 'message', 'assign'];
  return [
    ...unknownMembers(step, known, place),
    ...actionProblems(action, IDLE_ACTIONS, `${place}.action`),
    ...durationProblems(duration, `${place}.duration`),
    ...messageProblems(message, action === 'follow_up' || action === 'resolve', `${place}.message`),
    ...(action === 'assign'
      ? assignProblems(assign, `${place}.assign`)
      : restingProblems(TARGET, assign, `${place}.assign`)),
  ];
}

/** The orders are 1 to n, each once, in whatever place they stand; or nobody names any. */
function orderProblems(steps: unknown[]): FieldProblem[] {
  const orders = steps.map((step) => (isMembers(step) ? step['order'] : undefined));
  if (orders.every((order) => order === undefined)) return [];
  const message = 'must count from 1 up, without a gap and each number once';
  return orders
    .map((order, n) => ({ field: `steps.${n}.order`, message, order, n }))
    .filter(({ order, n }) => !isWhole(order, 1, orders.length) || orders.indexOf(order) !== n)
    .slice(0, MOST_LOOKED_AT)
    .map(({ field }) => ({ field, message }));
}

function legacyProblems(legacy: Members): FieldProblem[] {
  if (Object.keys(legacy).length === 0) return [];
  const { action } = legacy;
  return [
    ...unknownMembers(legacy, ['action', ...PART_NAMES], ''),
    ...actionProblems(action, ['none', ...IDLE_ACTIONS], 'action'),
    ...PART_NAMES.flatMap((name) =>
      name === action ? chosenProblems(name, legacy[name]) : restingProblems(PARTS[name], legacy[name], name),
    ),
  ];
}

function chosenProblems(name: keyof typeof PARTS, part: unknown): FieldProblem[] {
  if (isNothing(part)) return [{ field: name, message: 'is missing' }];
  if (!isMembers(part)) return [{ field: name, message: 'must be a JSON object' }];
  return [
    ...unknownMembers(part, PARTS[name], name),
    ...durationProblems(part['duration'], `${name}.duration`),
    ...messageProblems(part['message'], name !== 'assign', `${name}.message`),
    ...(name === 'assign' ? targetProblems(part, name) : []),
  ];
}

/** A form sends the empty fields of what was not chosen along: they mean nothing and need only be storable. */
function restingProblems(known: readonly string[], part: unknown, place: string): FieldProblem[] {
  if (isNothing(part)) return [];
  if (!isMembers(part)) return [{ field: place, message: 'must be a JSON object' }];
  const wrong = known.filter((member) => !isSmall(part[member]));
  return [
    ...unknownMembers(part, known, place),
    ...wrong.map((member) => ({ field: `${place}.${member}`, message: 'is not valid' })),
  ];
}

function isSmall(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '' || textProblem(value, LONGEST_MESSAGE) === null;
  return isNothing(value) || typeof value === 'number';
}

function actionProblems(action: unknown, known: readonly string[], field: string): FieldProblem[] {
  if (action === undefined) return [{ field, message: 'is missing' }];
  if (typeof action === 'string' && known.includes(action)) return [];
  return [{ field, message: `must be one of ${known.join(', ')}` }];
}

function durationProblems(duration: unknown, field: string): FieldProblem[] {
  if (duration === undefined) return [{ field, message: 'is missing' }];
  if (isWhole(duration, 1, LONGEST_STEP)) return [];
  return [{ field, message: `must be a whole number of seconds from 1 to ${LONGEST_STEP}` }];
}

function messageProblems(message: unknown, required: boolean, field: string): FieldProblem[] {
  if (isBlank(message)) return required ? [{ field, message: 'message required' }] : [];
  if (typeof message !== 'string') return [{ field, message: 'must be of type string' }];
  const wrong = textProblem(message, LONGEST_MESSAGE);
  if (wrong !== null) return [{ field, message: wrong }];
  return placeholdersOf(message).every((name) => name === 'customer_name')
    ? []
    : [{ field, message: 'may hold {{customer_name}} and no other placeholder' }];
}

function assignProblems(assign: unknown, field: string): FieldProblem[] {
  if (!isMembers(assign)) return [{ field, message: 'assignment target required' }];
  return [...unknownMembers(assign, TARGET, field), ...targetProblems(assign, field)];
}

function targetProblems({ type, ...ids }: Members, field: string): FieldProblem[] {
  if (type === 'auto') return [];
  if (isBlank(type)) return [{ field: `${field}.type`, message: 'assignment target required' }];
  if (type !== 'division' && type !== 'agent')
    return [{ field: `${field}.type`, message: 'must be one of auto, division, agent' }];
  if (isId(ids[type])) return [];
  const message = isBlank(ids[type]) ? 'Division/Agent ID required' : 'is not an id';
  return [{ field: `${field}.${type}`, message }];
}

function unknownMembers(members: Members, known: readonly string[], place: string): FieldProblem[] {
  return Object.keys(members)
    .filter((name) => !known.includes(name))
    .slice(0, MOST_LOOKED_AT)
    .map((name) => ({ field: place === '' ? name : `${place}.${name}`, message: 'is not a known field' }));
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isBlank(value: unknown): boolean {
  return isNothing(value) || (typeof value === 'string' && value.trim() === '');
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
