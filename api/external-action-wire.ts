import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { DEFAULT_EXTERNAL_ACTION, FEWEST_EXAMPLES } from '../domain/external-action.ts';
import type { Authentication, ExternalAction, Json, Variable } from '../domain/external-action.ts';
import type { ActionBody, externalAction } from './external-action-shapes.ts';
import type { ActionSecret, ExternalActionRecord } from './ports.ts';

/** What a definition is before its builder has said anything that has no default. */
export const BLANK: ExternalAction = {
  ...DEFAULT_EXTERNAL_ACTION,
  trainingExamples: [],
  variables: [],
  actionName: '',
  displayName: '',
  webhookUrl: '',
};

/** The definition with what was named in place of what was there. */
export function definitionOf(before: ExternalAction, body: ActionBody): ExternalAction {
  const named: { [K in keyof ExternalAction]: ExternalAction[K] | undefined } = {
    actionName: body.action_name,
    displayName: body.display_name,
    description: body.description,
    icon: body.icon,
    trainingExamples: body.training_examples,
    webhookUrl: body.webhook_url,
    httpMethod: body.http_method,
    headers: body.headers,
    authentication: body.authentication && authenticationOf(body.authentication),
    payloadTemplate: body.payload_template as Json | undefined,
    variables: variablesOf(body),
    successMessage: body.success_message,
    failureMessage: body.failure_message,
    inProgressMessage: body.in_progress_message,
    priority: body.priority,
    confidenceThreshold: body.confidence_threshold,
    requiresConfirmation: body.requires_confirmation,
    confirmationMessage: body.confirmation_message,
    needsApproval: body.needs_approval,
    approvalMessage: body.approval_message,
    onNewMessage: body.on_new_message,
    retryOnFailure: body.retry_on_failure,
    maxRetries: body.max_retries,
    retryDelaySeconds: body.retry_delay_seconds,
    rateLimitPerMinute: body.rate_limit_per_minute,
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return { ...before, ...(Object.fromEntries(given) as Partial<ExternalAction>) };
}

/** Secrets that the request brings; null takes away what the new authentication has no use for. */
export function secretsOf(body: ActionBody): Partial<Record<ActionSecret, string | null>> {
  const { authentication } = body;
  const value = authentication?.type === 'none' ? null : authentication?.value;
  return {
    ...(value === undefined ? {} : { authentication: value }),
    ...(body.signing_secret === undefined ? {} : { signing_secret: body.signing_secret }),
  };
}

/** As Standard Webhooks has it: 32 random bytes. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function authenticationOf(body: NonNullable<ActionBody['authentication']>): Authentication {
  return body.type === 'api_key' ? { type: body.type, header: body.header } : { type: body.type };
}

function variablesOf({ variables, variable_prompts: prompts }: ActionBody): Variable[] | undefined {
  if (variables !== undefined)
    return variables.map(({ default_value: defaultValue, ...same }) => ({ ...same, defaultValue }));
  if (prompts === undefined) return undefined;
  const text = { type: 'text', required: true, defaultValue: null, options: [] } as const;
  return Object.entries(prompts).map(([name, prompt]) => ({ ...text, name, prompt, options: [] }));
}

/** The part of a definition that a builder writes, as it is on the wire. */
export function toFields(
  action: Pick<ExternalAction, 'variables'> & Partial<ExternalAction>,
): Record<string, unknown> {
  const { variables, ...others } = action;
  const fields = Object.entries(others).map(([name, value]) => [toSnakeCase(name), value]);
  return {
    ...Object.fromEntries(fields),
    variables: variables.map(({ defaultValue, ...same }) => ({ ...same, default_value: defaultValue })),
  };
}

export function toExternalAction(record: ExternalActionRecord): z.input<typeof externalAction> {
  const { definition, statistics } = record;
  return {
    ...(toFields(definition) as Omit<z.input<typeof externalAction>, 'authentication'>),
    id: record.id,
    channel_integration: record.channelIntegrationId,
    version: record.version,
    is_active: record.isActive,
    authentication: {
      ...definition.authentication,
      value_set: record.secretsSet.includes('authentication'),
    },
    signing_secret_set: record.secretsSet.includes('signing_secret'),
    warnings: warningsOf(definition),
    statistics: {
      executions: statistics.executions,
      successes: statistics.successes,
      failures: statistics.failures,
      last_executed_at: statistics.lastExecutedAt?.toISOString() ?? null,
      average_response_time_ms: statistics.averageResponseTimeMs,
    },
    created_at: record.createdAt.toISOString(),
    updated_at: record.updatedAt.toISOString(),
  };
}

function warningsOf({ trainingExamples }: ExternalAction) {
  if (trainingExamples.length >= FEWEST_EXAMPLES) return [];
  const message = `has ${trainingExamples.length} of the ${FEWEST_EXAMPLES} examples that matching wants`;
  return [{ field: 'training_examples', message }];
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
