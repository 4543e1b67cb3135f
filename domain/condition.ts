import type { Json } from './external-action.ts';

/**
 * A condition as builders write it (ESC-1, APR-5): data, never code.
 *
 *     condition  = all { "or" all }            all = one { "and" one }
 *     one        = "not" one | operand [ compare operand ]
 *     compare    = == | != | > | >= | < | <= | contains
 *     operand    = "(" condition ")" | name | number | "text" | 'text' | true | false | null
 *     name       = a word, with dots into lists and objects: customer.tags.0
 *
 * The words may be in capitals, a name as it is. In a text, \" and \\ stand for " and \.
 */
export type Condition =
  | { kind: 'value'; value: Json }
  | { kind: 'name'; name: string; at: number }
  | { kind: 'not'; of: Condition }
  | { kind: 'and' | 'or'; of: Condition[] }
  | { kind: 'compare'; operator: Operator; left: Condition; right: Condition };

export interface ConditionProblem {
  /** The character it begins at, counted from 1. */
  at: number;
  message: string;
}

const OPERATORS = ['==', '!=', '>', '>=', '<', '<=', 'contains'] as const;
export type Operator = (typeof OPERATORS)[number];

const LONGEST = 500;
const DEEPEST = 20;

const CONSTANTS = new Map<string, Json>(Object.entries({ true: true, false: false, null: null }));
const WORDS = new Set(['and', 'or', 'not', 'contains', ...CONSTANTS.keys()]);
const TOKEN =
  /(?<number>-?\d+(?:\.\d+)?(?![\w.]))|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>[=!<>]=|[<>()])|(?<name>[a-z_]\w*(?:\.\w+)*)/isy;

interface Token {
  kind: 'number' | 'text' | 'sign' | 'name' | 'word' | 'end';
  text: string;
  at: number;
}

/** Reads a condition, or says what is wrong with it first. */
export function readCondition(text: string): Condition | { kind: 'problem'; problem: ConditionProblem } {
  try {
    if (text.length > LONGEST) throw new Misread(LONGEST + 1, `is longer than ${LONGEST} characters`);
    return parse(tokensOf(text));
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    return { kind: 'problem', problem: { at: error.at, message: error.message } };
  }
}

/**
 * All that keeps a condition from being saved.
 * @param names what it may speak of; left out: anything
 * @param paths whether the names may stand for lists and objects, with a path into them
 */
export function conditionProblems(
  text: string,
  names?: readonly string[],
  { paths = false } = {},
): ConditionProblem[] {
  const condition = readCondition(text);
  if (condition.kind === 'problem') return [condition.problem];
  if (names === undefined) return [];
  return namesIn(condition)
    .filter(({ name }) => !names.includes(paths ? (name.split('.', 1)[0] ?? '') : name))
    .map(({ name, at }) => ({ at, message: `${name} is not known here; known are ${names.join(', ')}` }));
}

class Misread extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = /^\s*/.exec(text)?.[0].length ?? 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw new Misread(at + 1, 'cannot be read from here');
    const [kind = 'sign', found = ''] =
      Object.entries(match.groups ?? {}).find(([, group]) => group !== undefined) ?? [];
    const isWord = kind === 'name' && WORDS.has(found.toLowerCase());
    tokens.push({
      kind: isWord ? 'word' : (kind as Token['kind']),
      text: isWord ? found.toLowerCase() : found,
      at: at + 1,
    });
    at += found.length;
    while (/\s/.test(text[at] ?? '')) at += 1;
  }
  return [...tokens, { kind: 'end', text: '', at: text.length + 1 }];
}

function parse(tokens: Token[]): Condition {
  const last = tokens.at(-1) as Token;
  let place = 0;
  const peek = () => tokens[place] ?? last;
  const take = () => {
    const token = peek();
    place += 1;
    return token;
  };
  const takes = (text: string) => {
    const { kind, text: found } = peek();
    const taken = (kind === 'word' || kind === 'sign') && found === text;
    if (taken) place += 1;
    return taken;
  };

  const any = (depth: number) => chain('or', depth, all);
  const all = (depth: number) => chain('and', depth, one);
  const chain = (kind: 'and' | 'or', depth: number, part: (depth: number) => Condition): Condition => {
    const first = part(depth);
    const of = [first];
    while (takes(kind)) of.push(part(depth));
    return of.length === 1 ? first : { kind, of };
  };
  const one = (depth: number): Condition => {
    if (depth > DEEPEST) throw new Misread(peek().at, `is nested deeper than ${DEEPEST} levels`);
    if (takes('not')) return { kind: 'not', of: one(depth + 1) };
    const left = operand(depth);
    const operator = OPERATORS.find((known) => takes(known));
    return operator === undefined ? left : { kind: 'compare', operator, left, right: operand(depth) };
  };
  const operand = (depth: number): Condition => {
    const { kind, text, at } = take();
    if (kind === 'number') return { kind: 'value', value: Number(text) };
    if (kind === 'text') return { kind: 'value', value: text.slice(1, -1).replace(/\\(.)/gs, '$1') };
    if (kind === 'name') return { kind: 'name', name: text, at };
    const constant = kind === 'word' ? CONSTANTS.get(text) : undefined;
    if (constant !== undefined) return { kind: 'value', value: constant };
    if (kind !== 'sign' || text !== '(') throw new Misread(at, 'a name, a number or a text is missing here');
    const inner = any(depth + 1);
    if (!takes(')')) throw new Misread(peek().at, 'a closing parenthesis is missing here');
    return inner;
  };

  const condition = any(0);
  if (peek().kind !== 'end')
    throw new Misread(peek().at, 'the condition should end here, or go on with and, or');
  return condition;
}

function namesIn(condition: Condition): { name: string; at: number }[] {
  switch (condition.kind) {
    case 'value':
      return [];
    case 'name':
      return [condition];
    case 'not':
      return namesIn(condition.of);
    case 'and':
    case 'or':
      return condition.of.flatMap(namesIn);
    case 'compare':
      return [...namesIn(condition.left), ...namesIn(condition.right)];
  }
}
