import { z } from 'zod';
import type { Json } from '../../domain/external-action.ts';
import { fillJson } from '../../domain/template.ts';
import type { Values } from '../../domain/template.ts';
import { isBlank } from './field.ts';
import type { Field } from './field.ts';
import { OWN_RECORDS, valuesIn, wrongPlaceholder } from './placeholders.ts';
import type { FieldProblem, Resolved, Situation } from './tool.ts';

type Builders = Readonly<Record<string, unknown>>;

export type Refused = Extract<Resolved, { kind: 'refused' }>;

/** The arguments by name; what neither the builder nor the model gave is absent. */
export type Filled = { kind: 'filled'; values: Record<string, Json> } | Refused;

export function refused(code: string, message: string): Refused {
  return { kind: 'refused', code, message };
}

/** JSON Schema of the fields a builder may fix, for the picker. Required are those that the model may not fill. */
export function fieldsSchemaOf(fields: readonly Field[]): Record<string, unknown> {
  const shape = Object.fromEntries(
    fields.map(({ name, fixed, description }) => [name, fixed.optional().meta({ description })]),
  );
  const required = fields.filter((field) => field.required && field.open === null).map(({ name }) => name);
  return { ...z.toJSONSchema(z.strictObject(shape), { io: 'input' }), required };
}

/** What is wrong with what a builder fixed (ACT-3). A required field may stay open only if the model may fill it. */
export function fieldProblems(fields: readonly Field[], builders: Builders): FieldProblem[] {
  const known = new Set(fields.map(({ name }) => name));
  const unknown = Object.keys(builders)
    .filter((name) => !known.has(name))
    .map((name) => ({ field: name, message: 'is not a field of this tool' }));
  return [
    ...unknown,
    ...fields.flatMap((field) => {
      const message = problemOf(field, builders[field.name]);
      return message === null ? [] : [{ field: field.name, message }];
    }),
  ];
}

function problemOf(field: Field, value: unknown): string | null {
  if (isBlank(value)) return field.required && field.open === null ? 'is required' : null;
  const placeholder = wrongPlaceholder(value as Json, field.placeholders);
  if (placeholder !== null) return placeholder;
  // An id or a header that is a placeholder gets its form when it is filled.
  if (hasPlaceholder(value) && field.placeholders !== 'all') return null;
  const parsed = field.fixed.safeParse(value);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? 'is not valid');
}

function hasPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && value.includes('{{');
}

/** What the builder left to the model. */
export function openFields(fields: readonly Field[], builders: Builders): Field[] {
  return fields.filter(({ name, open }) => open !== null && isBlank(builders[name]));
}

/**
 * Strict, so that nothing is merged that was not offered; null stands for nothing. A required id may be null: the
 * conversation's newest record is meant.
 */
export function modelSchemaOf(open: readonly Field[]): z.ZodType<Record<string, Json>> {
  return z.strictObject(
    Object.fromEntries(
      open.map((field) => {
        const schema = field.open ?? z.never();
        const nullable = field.required && field.name !== 'id' ? schema : schema.nullable();
        return [field.name, nullable.describe(field.description)];
      }),
    ),
  ) as unknown as z.ZodType<Record<string, Json>>;
}

/** The parameters as a strict endpoint wants them: no further ones, and every property required. */
export function parametersOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...parameters } = z.toJSONSchema(schema, { io: 'input' });
  return parameters;
}

/** The model's arguments, judged by the schema it was shown. The refusal names places, never values. */
export function readProposed(
  schema: z.ZodType<Record<string, Json>>,
  names: readonly string[],
  proposed: unknown,
): Filled {
  const isObject = typeof proposed === 'object' && proposed !== null && !Array.isArray(proposed);
  const parsed = schema.safeParse(isObject ? { ...nothing(names), ...withoutBlanks(proposed) } : proposed);
  if (parsed.success) return { kind: 'filled', values: withoutNulls(parsed.data) };
  const places = parsed.error.issues.slice(0, 5).map(({ path, code, message }) => {
    if (code === 'unrecognized_keys') return 'only the parameters of the schema are taken';
    return `${path.join('.') || 'arguments'}: ${message}`;
  });
  return refused('bad_arguments', `The arguments are not valid. ${[...new Set(places)].join('; ')}.`);
}

/** Models leave out what they have nothing for, or leave it blank, whatever the schema says. */
function nothing(names: readonly string[]): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function withoutBlanks(proposed: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(proposed).map(([name, value]) => [name, isBlank(value) ? null : value]),
  );
}

/** The builder's fields with placeholders filled, and the model's for what was left open. */
export function fillFields(
  fields: readonly Field[],
  builders: Builders,
  proposed: unknown,
  situation: Situation,
): Filled {
  const open = openFields(fields, builders);
  const models = readProposed(
    modelSchemaOf(open),
    open.map(({ name }) => name),
    proposed,
  );
  if (models.kind === 'refused') return models;
  const values = valuesIn(situation);
  const filled: Record<string, Json> = { ...models.values };
  for (const field of fields) {
    const fixed = builders[field.name];
    if (isBlank(fixed)) continue;
    const value = fillFixed(field, fixed as Json, values);
    if (value.kind === 'refused') return value;
    Object.assign(filled, value.values);
  }
  const missing = fields.find(({ name, required }) => required && name !== 'id' && isBlank(filled[name]));
  if (missing !== undefined)
    return refused('missing_field', `The field ${missing.name} came out empty. Nothing was done.`);
  return { kind: 'filled', values: filled };
}

/** What a conversation does not know stands for nothing, as in a text; a record that does not exist may not. */
function fillFixed(field: Field, template: Json, values: Values): Filled {
  const { value, missing } = fillJson(template, values);
  if (missing.some((name) => OWN_RECORDS.some((own) => own === name)))
    return refused('id_unresolved', 'This conversation has no such record yet. Nothing was done.');
  if (isBlank(value)) return { kind: 'filled', values: {} };
  const cut = field.longest !== undefined && typeof value === 'string' ? clip(value, field.longest) : value;
  const parsed = field.fixed.safeParse(cut);
  return parsed.success
    ? { kind: 'filled', values: { [field.name]: parsed.data } }
    : refused('bad_field', `The field ${field.name} of this tool is not usable. Nothing was done.`);
}

function clip(value: string, longest: number): string {
  const text = value.trim();
  return text.length <= longest ? text : text.slice(0, longest).toWellFormed().trim();
}

function withoutNulls(values: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
