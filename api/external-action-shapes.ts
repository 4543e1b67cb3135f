import { z } from 'zod';
import { HTTP_METHODS, VARIABLE_TYPES } from '../domain/external-action.ts';
import { isHeaderName, mayBeSent } from './external-action-headers.ts';
import { addressProblem } from './external-action-address.ts';
import { approvalRule, onNewMessage } from './approval-rule.ts';
import { id, readable, time, words } from './shapes.ts';

/** What an external action is made of on the wire (EXT-1). What takes several fields to judge is in the rules. */

const LARGEST_TEMPLATE_BYTES = 20_000;
const DEEPEST_TEMPLATE = 20;

export const actionName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9_]*$/, 'is not a lower-case name of letters, digits and _');

const message = readable(words(2000));

const trainingExample = z.strictObject({
  text: readable(words(1000)),
  language: words(35).meta({ description: 'BCP 47, e.g. en, ar, id' }),
});

const headerValue = z
  .string()
  .max(2048)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'holds a line break or a character that no header can hold');

const headers = z
  .record(z.string().max(100), headerValue)
  .refine((all) => Object.keys(all).length <= 30, 'has more than 30 headers')
  .superRefine((all, context) => {
    const seen = new Set<string>();
    for (const name of Object.keys(all)) {
      const path = [name];
      if (!isHeaderName(name)) context.addIssue({ code: 'custom', path, message: 'is not a header name' });
      else if (!mayBeSent(name))
        context.addIssue({ code: 'custom', path, message: 'is set by the connection or by us' });
      else if (seen.has(name.toLowerCase()))
        context.addIssue({ code: 'custom', path, message: 'is there twice' });
      seen.add(name.toLowerCase());
    }
  });

const secretValue = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'is not visible ASCII')
  .meta({ description: 'Write-only' });

const authentication = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('bearer'), value: secretValue.optional() }),
  z.strictObject({
    type: z.literal('api_key'),
    header: z
      .string()
      .max(100)
      .refine(isHeaderName, 'is not a header name')
      .refine((name) => name.toLowerCase() === 'authorization' || mayBeSent(name), {
        error: 'is set by the connection or by us',
      })
      .meta({ description: 'The header that carries the value' }),
    value: secretValue.optional(),
  }),
]);

const template = z
  .unknown()
  .refine((value) => value !== undefined, 'is missing')
  .refine((value) => !isDeeperThan(value, DEEPEST_TEMPLATE), `is nested deeper than ${DEEPEST_TEMPLATE}`)
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value) ?? '') <= LARGEST_TEMPLATE_BYTES,
    `is longer than ${LARGEST_TEMPLATE_BYTES} bytes`,
  )
  .meta({ description: 'Any JSON; strings may hold {{placeholders}}' });

export const variableName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'is not a name of letters, digits and _ that begins with a letter')
  .refine((name) => !(name in {}) && name !== 'prototype', 'is reserved');

const prompt = readable(words(1000));

const variable = z.strictObject({
  name: variableName,
  prompt,
  type: z.enum(VARIABLE_TYPES).default('text'),
  required: z.boolean().default(true),
  default_value: z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]).default(null),
  options: z
    .array(readable(words(255)))
    .max(100)
    .default([]),
});

const signingSecret = z
  .string()
  .max(1024)
  .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'is not whsec_ and base64')
  .meta({ description: 'As Standard Webhooks has it; write-only' });

const definition = {
  action_name: actionName,
  display_name: readable(words(255)),
  description: z.string().max(5000),
  icon: words(50).nullable(),
  training_examples: z.array(trainingExample).max(100),
  webhook_url: z
    .string()
    .max(2048)
    .superRefine((url, context) => {
      const problem = addressProblem(url);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    })
    .meta({ description: 'Absolute; {{placeholders}} in path and query only' }),
  http_method: z.enum(HTTP_METHODS),
  headers,
  payload_template: template,
  variables: z.array(variable).max(50),
  success_message: message,
  failure_message: message,
  in_progress_message: message,
  priority: z.int().min(-1_000_000).max(1_000_000),
  confidence_threshold: z.number().min(0).max(1),
  requires_confirmation: z.boolean(),
  confirmation_message: message,
  needs_approval: approvalRule,
  approval_message: message,
  on_new_message: onNewMessage,
  retry_on_failure: z.boolean(),
  max_retries: z.int().min(1).max(10).meta({ description: 'Attempts in all' }),
  retry_delay_seconds: z.number().min(0).max(60),
  rate_limit_per_minute: z.int().min(1).max(100_000),
};

export const actionChange = z
  .strictObject({
    ...definition,
    authentication,
    signing_secret: signingSecret,
    variable_prompts: z
      .record(variableName, prompt)
      .meta({ description: 'Short for required variables of type text; `variables` wins' }),
    channel_integration: id,
    is_active: z.boolean(),
  })
  .partial()
  .meta({ description: 'What is named changes; secrets that are not named stay' });

export const newAction = actionChange.required({
  action_name: true,
  display_name: true,
  webhook_url: true,
  channel_integration: true,
});

export type ActionBody = z.output<typeof actionChange>;

export const externalAction = z
  .strictObject({
    id,
    channel_integration: id,
    version: z.int(),
    is_active: z.boolean(),
    ...definition,
    authentication: z.strictObject({
      type: z.enum(['none', 'bearer', 'api_key']),
      header: z.string().optional(),
      value_set: z.boolean(),
    }),
    signing_secret_set: z.boolean(),
    warnings: z.array(z.strictObject({ field: z.string(), message: z.string() })),
    statistics: z.strictObject({
      executions: z.int(),
      successes: z.int(),
      failures: z.int(),
      last_executed_at: time.nullable(),
      average_response_time_ms: z.int().nullable(),
    }),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'ExternalAction' });

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
