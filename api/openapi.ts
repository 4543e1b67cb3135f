import { z } from 'zod';
import { createDocument } from 'zod-openapi';
import type {
  ZodOpenApiOperationObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { SESSION_COOKIE } from './access.ts';
import { sendJson } from './answer.ts';
import { openOperation } from './route.ts';
import type { OpenOperation, Operation, Route } from './route.ts';
import { problem } from './shapes.ts';

export type ApiDescription = ReturnType<typeof createDocument>;

/** The description of the whole surface, from the table and its schemas and from nothing else. */
export function describeApi(routes: readonly Route[]): ApiDescription {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: describe(route) };
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Parley',
      version: '1',
      description: 'Conversations between customers and AI agents, with people above them.',
    },
    // Relative: whatever address the description was read at.
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key; its role decides' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description: 'Of a browser that signed in',
        },
        csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token', description: 'Told where it signed in' },
        visitor: { type: 'apiKey', in: 'cookie', name: 'parley_visitor' },
      },
    },
  });
}

/** Described once, when it is first asked for: the table does not change while we run. */
export function describeOnce(table: () => readonly Route[]): () => ApiDescription {
  let description: ApiDescription | null = null;
  return () => (description ??= describeApi(table()));
}

export function openApiJson(describeTable: () => ApiDescription): OpenOperation {
  return openOperation({
    summary: 'This description',
    answers: { 200: { type: 'application/json', description: 'OpenAPI 3.1' } },
    async serve({ res }) {
      sendJson(res, 200, describeTable());
    },
  });
}

function describe(route: Route): ZodOpenApiOperationObject {
  const does = route.operation ?? route.stream ?? route.open;
  const body = 'body' in does ? does.body : undefined;
  const query = route.operation?.query;
  return {
    operationId: `${route.method} ${route.path}`.replaceAll(/[^a-z0-9]+/g, '_').replace(/_$/, ''),
    summary: does.summary,
    tags: [tagOf(route.path)],
    'x-who': route.who,
    security:
      route.open === undefined ? credentials(route) : route.who === 'visitor' ? [{ visitor: [] }] : [],
    requestParams: {
      ...(does.params === undefined ? {} : { path: does.params as z.ZodObject }),
      ...(query === undefined ? {} : { query: query as z.ZodObject }),
      ...(takesIdempotencyKey(route) ? { header: idempotencyHeader } : {}),
    },
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse(undefined).success,
            content: { 'application/json': { schema: body } },
          },
        }),
    responses: { ...successes(route), ...problems(problemStatuses(route)) },
  };
}

/** A key, or a session: with the page's word for it where the request changes anything. */
function credentials({ method }: Route): Record<string, string[]>[] {
  return [{ key: [] }, method === 'get' ? { session: [] } : { session: [], csrf: [] }];
}

const idempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .optional()
    .meta({ description: 'The same key and body get the same answer for 24 hours' }),
});

export function takesIdempotencyKey({ method, operation }: Route): boolean {
  return method === 'post' && operation !== undefined && operation.idempotencyKey !== false;
}

function successes(route: Route): ZodOpenApiResponsesObject {
  if (route.operation !== undefined) {
    const { status, answer, isUnderWay } = route.operation;
    const content = { 'application/json': { schema: answer } };
    return {
      [status]: { description: 'Done', content },
      ...(isUnderWay === undefined ? {} : { 202: { description: 'Under way', content } }),
    };
  }
  return Object.fromEntries(
    Object.entries((route.stream ?? route.open).answers).map(([status, { type, schema, description }]) => [
      status,
      { description, content: { [type]: schema === undefined ? {} : { schema } } },
    ]),
  );
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'Malformed',
  401: 'Who is asking is not known',
  403: 'The role, or the origin, does not allow it',
  404: "Unknown, or another organisation's",
  409: 'The state does not allow it; the answer says why, and who won a lost race',
  410: 'Too late',
  413: 'Too large',
  415: 'Not JSON in UTF-8',
  422: 'A field is not valid; the answer names it',
  429: 'Too many; see Retry-After',
  503: 'The store is away; see Retry-After',
};

function problemStatuses(route: Route): number[] {
  if (route.stream !== undefined) return [401, 403, 503, ...(route.stream.problems ?? [])];
  if (route.open !== undefined)
    return [...(route.open.problems ?? []), ...(route.who === 'anyone' ? [] : [503])];
  const { params, query, body, also } = route.operation as Operation;
  return [
    401,
    403,
    503,
    ...(params === undefined ? [] : [404]),
    ...(query === undefined && body === undefined ? [] : [422]),
    ...(body === undefined ? [] : [400, 413, 415]),
    ...(takesIdempotencyKey(route) ? [409, 422] : []),
    ...(also ?? []),
  ];
}

function problems(statuses: readonly number[]): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    [...new Set(statuses)].map((status) => [
      String(status),
      {
        description: PROBLEMS[status] ?? '',
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

/** `/v1/agents/{id}` belongs to agents. */
function tagOf(path: string): string {
  const [first, second] = path.split('/').filter(Boolean);
  return (first === 'v1' ? second : first) ?? '';
}
