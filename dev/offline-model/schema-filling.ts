import type { JsonSchema } from './chat-request.ts';

/** A value for a property the rules know something about; undefined leaves it to the schema. */
export type Hint = (name: string, schema: JsonSchema) => unknown;

/**
 * A value that fits the schema: what the hint offers where it fits, else the emptiest value allowed (default, null,
 * false, 0, '', [], the first of an enum). Optional properties nobody knows anything about are left out.
 */
export function fill(schema: JsonSchema, hint: Hint = () => undefined): unknown {
  return value(schema, hint, schema, '');
}

function value(given: JsonSchema, hint: Hint, root: JsonSchema, name: string): unknown {
  const schema = resolved(given, root);
  const offered = name === '' ? undefined : hint(name, schema);
  if (offered !== undefined && fits(offered, schema)) return offered;
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (allows(schema, 'null')) return null;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.properties !== undefined || allows(schema, 'object')) return object(schema, hint, root);
  if (allows(schema, 'array')) {
    const item = schema.items ?? {};
    return Array.from({ length: schema.minItems ?? 0 }, () => value(item, hint, root, ''));
  }
  if (allows(schema, 'boolean')) return false;
  if (allows(schema, 'number') || allows(schema, 'integer')) return schema.minimum ?? 0;
  return '';
}

function object(schema: JsonSchema, hint: Hint, root: JsonSchema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const required = new Set(schema.required ?? []);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const known = hint(name, resolved(property, root)) !== undefined;
    if (required.has(name) || known) result[name] = value(property, hint, root, name);
  }
  return result;
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '')?.[1];
  if (name !== undefined) return resolved(root.$defs?.[name] ?? {}, root);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices === undefined) return schema;
  const others = choices.filter((choice) => choice.type !== 'null').map((choice) => resolved(choice, root));
  const plain = others.every((choice) => Object.keys(choice).join() === 'type');
  const main = plain ? { type: others.flatMap(types) } : (others[0] ?? {});
  const nullable = choices.some((choice) => choice.type === 'null');
  return nullable ? { ...main, type: [...types(main), 'null'] } : main;
}

/** The schema itself with references and unions with null taken apart. */
export function resolvedSchema(schema: JsonSchema, root: JsonSchema): JsonSchema {
  return resolved(schema, root);
}

function types(schema: JsonSchema): string[] {
  if (schema.type === undefined) return [];
  return Array.isArray(schema.type) ? schema.type : [schema.type];
}

/** Whether the schema allows this JSON type. */
export function allows(schema: JsonSchema, type: string): boolean {
  return types(schema).includes(type);
}

function fits(offered: unknown, schema: JsonSchema): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(offered);
  if (schema.const !== undefined) return schema.const === offered;
  const wanted = types(schema);
  if (wanted.length === 0) return true;
  const type = offered === null ? 'null' : Array.isArray(offered) ? 'array' : typeof offered;
  return (
    wanted.includes(type) || (type === 'number' && Number.isInteger(offered) && wanted.includes('integer'))
  );
}
