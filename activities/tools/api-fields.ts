import { z } from 'zod';
import { BUILT_IN_VARIABLES } from '../../domain/external-action.ts';
import type { Json } from '../../domain/external-action.ts';
import { isSecretName } from '../../domain/redacted-request.ts';
import { fillUrl } from '../../domain/template.ts';
import { OWN_RECORDS, wrongPlaceholder } from './placeholders.ts';
import type { FieldProblem } from './tool.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const NAME = /^[a-z][a-z0-9_]*$/;
const USE_A_CONNECTION = 'looks like a secret: store it as a connection and name that here';

const parameter = z.strictObject({
  name: z.string().max(60).regex(NAME, 'is not a name: a to z, 0 to 9 and _'),
  description: z.string().max(500).default(''),
  type: z.enum(['string', 'number', 'integer', 'boolean']).default('string'),
  required: z.boolean().default(true),
});

/** What a builder says of a call to a program of their own (ACT-9). The name is the function's, after `api_`. */
export const apiFields = z.strictObject({
  name: z.string().max(60).regex(NAME, 'is not a name: a to z, 0 to 9 and _'),
  description: z.string().trim().min(1).max(1000),
  method: z.enum(METHODS),
  url: z.string().trim().min(1).max(2048),
  headers: z.record(z.string().max(100), z.string().max(2048)).default({}),
  /** JSON, or text that is JSON. Objects and lists keep their shape whatever is filled in. */
  body: z.json().default(null),
  /** The code of a connection, whose secret goes along. Those of the product itself begin with __. */
  connection: z
    .union([z.literal(''), z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'is not the code of a connection')])
    .nullable()
    .default(null),
  parameters: z.array(parameter).max(20).default([]),
  /** The receiver tells repeats by their Idempotency-Key, so a call may be made again. */
  idempotent: z.boolean().default(false),
});

export type ApiFields = z.output<typeof apiFields>;

/** Of one hop or of the body's framing, or ours: a template must not speak for the connection (EXT-6). */
const NOT_THE_BUILDERS =
  /^(host|connection|content-length|content-encoding|transfer-encoding|accept-encoding|te|trailer|upgrade|keep-alive|expect|http2-settings|idempotency-key|webhook-.*|proxy-.*)$/i;

/** What is wrong beyond the form. */
export function apiProblems(builders: Readonly<Record<string, unknown>>): FieldProblem[] {
  const parsed = apiFields.safeParse(builders);
  if (!parsed.success)
    return parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const fields = parsed.data;
  return [
    ...parameterProblems(fields),
    ...urlProblems(fields),
    ...headerProblems(fields),
    ...bodyProblems(fields),
  ];
}

/** The body as JSON; undefined: its text is none. */
export function bodyTemplate({ body }: Pick<ApiFields, 'body'>): Json | undefined {
  if (typeof body !== 'string') return body as Json;
  if (body.trim() === '') return null;
  try {
    return JSON.parse(body) as Json;
  } catch {
    // The parser's message quotes the text; that it is no JSON is all there is to say.
    return undefined;
  }
}

function parameterProblems({ parameters }: ApiFields): FieldProblem[] {
  const taken = new Set<string>([...BUILT_IN_VARIABLES, ...OWN_RECORDS]);
  return parameters.flatMap(({ name }, n) => {
    const field = `parameters.${n}.name`;
    const before = taken.has(name);
    taken.add(name);
    return before ? [{ field, message: 'is the name of another value' }] : [];
  });
}

function urlProblems(fields: ApiFields): FieldProblem[] {
  const problem = (message: string) => [{ field: 'url', message }];
  const placeholder = wrongPlaceholder(fields.url, 'all', namesOf(fields));
  if (placeholder !== null) return problem(placeholder);
  const sample = Object.fromEntries(
    [...namesOf(fields), ...BUILT_IN_VARIABLES, ...OWN_RECORDS].map((name) => [name, 'x']),
  );
  const filled = fillUrl(fields.url, sample);
  const url = URL.canParse(filled.value) ? new URL(filled.value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return problem('is not an http or https address');
  if (filled.unusable.length > 0) return problem('has a placeholder outside its path and query');
  if (url.username !== '' || url.password !== '') return problem(USE_A_CONNECTION);
  const secret = [...url.searchParams.keys()].some(isSecretName);
  return secret ? problem(`has a parameter that ${USE_A_CONNECTION}`) : [];
}

function headerProblems(fields: ApiFields): FieldProblem[] {
  return Object.entries(fields.headers).flatMap(([name, value]) => {
    const message = headerProblem(name, value, namesOf(fields));
    return message === null ? [] : [{ field: `headers.${name}`, message }];
  });
}

function headerProblem(name: string, value: string, names: readonly string[]): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'is not the name of a header';
  if (NOT_THE_BUILDERS.test(name)) return 'is a header that we set ourselves';
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return 'holds what a header cannot carry';
  if (isSecretName(name) || /^\s*(bearer|basic|token|apikey)\s+\S/i.test(value)) return USE_A_CONNECTION;
  return wrongPlaceholder(value, 'all', names);
}

function bodyProblems(fields: ApiFields): FieldProblem[] {
  const problem = (message: string) => [{ field: 'body', message }];
  const template = bodyTemplate(fields);
  if (template === undefined) return problem('is not JSON');
  if (template !== null && (fields.method === 'GET' || fields.method === 'DELETE'))
    return problem(`is not sent with ${fields.method}`);
  const placeholder = wrongPlaceholder(template, 'all', namesOf(fields));
  return placeholder === null ? [] : problem(placeholder);
}

function namesOf({ parameters }: ApiFields): string[] {
  return parameters.map(({ name }) => name);
}
