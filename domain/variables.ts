import type { Json, Variable } from './external-action.ts';
import { BUILT_IN_VARIABLES } from './external-action.ts';

/** What is known of an action's variables. */
export interface ResolvedVariables {
  /** Every variable that has a value, the optional ones that have none are absent. */
  values: Record<string, Json>;
  /** Required ones without a value, and any whose value cannot be read: the customer is asked for them (EXT-2). */
  missing: string[];
}

/** Longer than anything a customer says in a chat; a text beyond it is no value. */
const LONGEST_TEXT = 20_000;

const YES = ['yes', 'true'];
const NO = ['no', 'false'];

/**
 * Reads what the model extracted as a value of the variable's type; undefined: it is none. The model has by then
 * put dates, numbers and yes or no into the spellings asked for, whatever the customer's language.
 */
export function readVariable(variable: Variable, raw: unknown): Json | undefined {
  const said = typeof raw === 'string' ? raw.trim() : raw;
  if (isSilent(said)) return undefined;
  switch (variable.type) {
    case 'text':
      return readText(said);
    case 'number':
      return readNumber(said);
    case 'whole_number':
      return readWholeNumber(said);
    case 'yes_no':
      return readYesOrNo(said);
    case 'date':
      return readDate(said);
    case 'choice':
      return readChoice(said, variable.options);
  }
}

/**
 * Gives every variable its value: what was given, or the default where nothing was. Something given that cannot be
 * read is missing, default or not: who said "three of them" must not be sent one. Names that the action does not
 * declare are dropped.
 */
export function resolveVariables(
  variables: readonly Variable[],
  given: Readonly<Record<string, unknown>>,
): ResolvedVariables {
  const found: [string, Json][] = [];
  const missing: string[] = [];
  for (const variable of variables) {
    const raw = Object.hasOwn(given, variable.name) ? given[variable.name] : undefined;
    const value = readVariable(variable, isSilent(raw) ? variable.defaultValue : raw);
    if (value !== undefined) found.push([variable.name, value]);
    else if (variable.required || !isSilent(raw)) missing.push(variable.name);
  }
  return { values: Object.fromEntries(found), missing };
}

/**
 * What the templates of an action see: its variables and the built-in ones. Optional variables and built-in ones
 * without a value are null: null where the placeholder is the whole string, nothing inside other text.
 */
export function templateValues(
  variables: readonly Variable[],
  values: Readonly<Record<string, Json>>,
): Record<string, Json> {
  const optional = variables.filter(({ required }) => !required).map(({ name }) => name);
  const absent = [...BUILT_IN_VARIABLES, ...optional].map((name) => [name, null] as const);
  return { ...Object.fromEntries(absent), ...values };
}

function isSilent(raw: unknown): boolean {
  return raw === null || raw === undefined || (typeof raw === 'string' && raw.trim() === '');
}

function readText(said: unknown): string | undefined {
  const text = typeof said === 'number' || typeof said === 'boolean' ? String(said) : said;
  return typeof text === 'string' && text.length <= LONGEST_TEXT ? text : undefined;
}

/**
 * A number as it is, or as people write it: 1500, 12.5, 12,5, 1 500, 1,500.25, 1.500.000. In 1.500 and 1,500 nobody can
 * tell groups from decimals, and a thousandfold order is worse than a question.
 */
function readNumber(said: unknown): number | undefined {
  if (typeof said !== 'string') return finite(said);
  return isAmbiguous(said) ? undefined : parseNumber(said);
}

/** As a number, without decimals: so 1.500 is no riddle. What a double cannot hold exactly is not a value. */
function readWholeNumber(said: unknown): number | undefined {
  const ungrouped = typeof said === 'string' && isAmbiguous(said) ? said.replace(/[.,]/, '') : said;
  const number = readNumber(ungrouped);
  return Number.isSafeInteger(number) ? number : undefined;
}

function isAmbiguous(said: string): boolean {
  return /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(said);
}

function parseNumber(said: string): number | undefined {
  if (/^[+-]?\d+([.,]\d+)?$/.test(said)) return finite(Number(said.replace(',', '.')));
  const [, whole, group, decimalSign, decimals = ''] =
    /^([+-]?\d{1,3}(?:([ .,'’_\u00a0\u202f])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?$/.exec(said) ?? [];
  if (whole === undefined || group === undefined || group === decimalSign) return undefined;
  return finite(Number(`${whole.replaceAll(group, '')}.${decimals}`));
}

function finite(said: unknown): number | undefined {
  return typeof said === 'number' && Number.isFinite(said) ? said : undefined;
}

function readYesOrNo(said: unknown): boolean | undefined {
  if (typeof said === 'boolean') return said;
  const word = typeof said === 'string' ? said.toLowerCase() : '';
  if (YES.includes(word)) return true;
  return NO.includes(word) ? false : undefined;
}

/** A day of the calendar as YYYY-MM-DD. */
function readDate(said: unknown): string | undefined {
  if (typeof said !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(said)) return undefined;
  const day = new Date(`${said}T00:00:00Z`);
  // The parser turns the 30th of February into a day in March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(said) ? said : undefined;
}

/** The option as the builder spelled it. */
function readChoice(said: unknown, options: readonly string[]): string | undefined {
  const text = readText(said);
  if (text === undefined) return undefined;
  return (
    options.find((option) => option === text) ?? options.find((option) => folded(option) === folded(text))
  );
}

function folded(text: string): string {
  return text.trim().normalize('NFKC').toLowerCase();
}
