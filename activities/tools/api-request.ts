import { z } from 'zod';
import type { Json } from '../../domain/external-action.ts';
import { redactedRequest } from '../../domain/redacted-request.ts';
import { fillHeader, fillJson, fillUrl } from '../../domain/template.ts';
import type { Values } from '../../domain/template.ts';
import type { WebhookRequest } from '../ports/webhooks.ts';
import { readApiAnswer } from './api-answer.ts';
import { apiFields, apiProblems, bodyTemplate } from './api-fields.ts';
import type { ApiFields } from './api-fields.ts';
import { parametersOf, readProposed, refused } from './fields.ts';
import type { Refused } from './fields.ts';
import { valuesIn } from './placeholders.ts';
import type { Tool } from './tool.ts';

/** The request as it will leave: the arguments of an `api` call. */
type Built = Pick<WebhookRequest, 'method' | 'url' | 'headers' | 'body'> & { connection: string | null };

const LONGEST_URL = 8_192;
const LARGEST_BODY = 262_144;

/** A call to a program of the builder's own, through the guarded way out (ACT-9). */
export const apiRequest: Tool = {
  nodeType: 'api',
  group: 'api',
  label: 'API request',
  effect: 'write',
  reliability: 'none',
  creates: true,
  fieldsSchema: z.toJSONSchema(apiFields, { io: 'input' }),
  problemsOf: apiProblems,

  offer({ fields: builders }) {
    const fields = apiFields.parse(builders);
    return {
      name: `api_${fields.name}`,
      description: fields.description,
      parameters: parametersOf(parametersSchema(fields)),
    };
  },

  resolve({ fields: builders }, proposed, situation) {
    const fields = apiFields.parse(builders);
    const names = fields.parameters.map(({ name }) => name);
    const models = readProposed(parametersSchema(fields), names, proposed);
    if (models.kind === 'refused') return models;
    const absent = Object.fromEntries(names.map((name) => [name, null]));
    const built = build(fields, { ...valuesIn(situation), ...absent, ...models.values });
    if (built.kind === 'refused') return built;
    const isRead = fields.method === 'GET';
    return {
      kind: 'ready',
      arguments: built.request,
      effect: isRead ? 'read' : 'write',
      reliability: isRead || fields.idempotent ? 'keyed' : 'none',
    };
  },

  async execute({ webhooks }, { call, signal, timeoutMs }) {
    const { connection, ...request } = call.arguments as unknown as Built;
    const answer = await webhooks.call(
      {
        organisationId: call.organisationId,
        secrets: connection === null ? null : { connection },
        ...request,
        idempotencyKey: call.idempotencyKey,
        callId: call.id,
        timeoutMs,
      },
      signal,
    );
    const repeatable =
      request.method === 'GET' ? 'read' : call.reliability === 'keyed' ? 'keyed' : ('none' as const);
    return readApiAnswer(answer, repeatable, redactedRequest(request));
  },
};

function parametersSchema({ parameters }: ApiFields): z.ZodType<Record<string, Json>> {
  const types = { string: z.string().max(4000), number: z.number(), integer: z.int(), boolean: z.boolean() };
  return z.strictObject(
    Object.fromEntries(
      parameters.map(({ name, type, required, description }) => [
        name,
        (required ? types[type] : types[type].nullable()).describe(description),
      ]),
    ),
  ) as unknown as z.ZodType<Record<string, Json>>;
}

/** Every value stays in its place: none chooses the host, ends a header or breaks the body's shape. */
function build(fields: ApiFields, values: Values): { kind: 'built'; request: Built } | Refused {
  const template = bodyTemplate(fields);
  const url = fillUrl(fields.url, values);
  const headers = Object.entries(fields.headers).map(([name, value]) => ({
    name: name.toLowerCase(),
    ...fillHeader(value, values),
  }));
  const body = fillJson(template ?? null, values);
  const missing = [url, body, ...headers].flatMap((place) => place.missing);
  if (missing.length > 0)
    return refused('missing_value', `There is no value for ${missing[0]}. Nothing was done.`);
  if ([url, ...headers].some(({ unusable }) => unusable.length > 0))
    return refused('unusable_value', 'A value cannot stand in the address or in a header. Nothing was done.');
  const text = body.value === null ? null : JSON.stringify(body.value);
  if (url.value.length > LONGEST_URL || (text?.length ?? 0) > LARGEST_BODY)
    return refused('too_large', 'The values are too long. Nothing was done.');
  const filled = Object.fromEntries(headers.map(({ name, value }) => [name, value]));
  return {
    kind: 'built',
    request: {
      method: fields.method,
      url: url.value,
      headers: filled,
      body: text,
      connection: fields.connection === '' ? null : fields.connection,
    },
  };
}
