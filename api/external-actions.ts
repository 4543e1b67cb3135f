import { z } from 'zod';
import { MOST_ACTIVE_ACTIONS } from '../domain/external-action.ts';
import type { ExternalAction } from '../domain/external-action.ts';
import { problemsOf } from './external-action-rules.ts';
import { actionChange, actionName, externalAction, newAction } from './external-action-shapes.ts';
import type { ActionBody } from './external-action-shapes.ts';
import {
  BLANK,
  definitionOf,
  newSigningSecret,
  secretsOf,
  toExternalAction,
} from './external-action-wire.ts';
import type { ExternalActionRecord, SavedExternalAction } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import type { FieldError } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, toPage, toPageQuery } from './shapes.ts';

export const listExternalActions = operation({
  summary: 'The external actions of the organisation, newest first',
  query: pageQuery.extend({ channel: id.optional(), is_active: z.enum(['true', 'false']).optional() }),
  status: 200,
  answer: pageOf(externalAction),
  async run({ caller, query }, { externalActions }) {
    const isActive = query.is_active === undefined ? undefined : query.is_active === 'true';
    const filter = { channel: query.channel, isActive };
    return toPage(await externalActions.list(caller, filter, toPageQuery(query)), toExternalAction);
  },
});

export const readExternalAction = operation({
  summary: 'One external action in its current version',
  params: byId,
  status: 200,
  answer: externalAction,
  async run({ caller, params }, { externalActions }) {
    return toExternalAction(found(await externalActions.read(caller, params.id)));
  },
});

/** What the fields are by themselves and what they are together, said in one answer. */
const newActionAtOnce = newAction.superRefine(
  (body, context) => {
    const wrong = new Set(context.issues.map(({ path }) => path?.[0]));
    // Without the variables nobody knows which names a template may use.
    if (!isObject(body) || wrong.has('variables') || wrong.has('variable_prompts')) return;
    const sound = Object.entries(body).filter(([name]) => !wrong.has(name));
    const definition = definitionOf(BLANK, Object.fromEntries(sound));
    for (const { field, message } of problemsOf(definition))
      context.addIssue({ code: 'custom', path: [field], message });
  },
  { when: () => true },
);

export const createExternalAction = operation({
  summary: 'Makes an external action; a signing secret that is left out is made and shown this once',
  body: newActionAtOnce,
  status: 201,
  answer: externalAction.extend({ signing_secret: z.string().optional() }).meta({ id: 'NewExternalAction' }),
  also: [409],
  secretAnswer: true,
  async run({ caller, body }, { externalActions }) {
    const definition = definitionOf(BLANK, body);
    refuse([...problemsOf(definition), ...missingValue(definition, body, false)]);
    const made = body.signing_secret === undefined ? newSigningSecret() : null;
    const { authentication } = secretsOf(body);
    const result = await externalActions.create(caller, {
      channelIntegrationId: body.channel_integration,
      isActive: body.is_active ?? true,
      definition,
      secrets: {
        ...(typeof authentication === 'string' ? { authentication } : {}),
        signing_secret: made ?? body.signing_secret,
      },
    });
    return { ...toExternalAction(savedOf(result)), ...(made === null ? {} : { signing_secret: made }) };
  },
});

export const changeExternalAction = operation({
  summary: 'Changes what is named, as a new version; calls that are under way stay as they were agreed to',
  params: byId,
  body: actionChange,
  status: 200,
  answer: externalAction,
  also: [409],
  async run({ caller, params, body }, { externalActions }) {
    const before = found(await externalActions.read(caller, params.id));
    const { is_active: isActive, channel_integration: channelIntegrationId, ...versioned } = body;
    const changed = Object.keys(body);
    if (changed.length === 0) return toExternalAction(before);
    const isNew = Object.keys(versioned).length > 0;
    const definition = definitionOf(before.definition, body);
    if (isNew)
      refuse([...problemsOf(definition), ...missingValue(definition, body, isKept(before, definition))]);
    const result = await externalActions.update(caller, params.id, before.version, {
      channelIntegrationId,
      isActive,
      definition: isNew ? definition : null,
      secrets: secretsOf(body),
      changed,
    });
    return toExternalAction(savedOf(result));
  },
});

export const toggleExternalAction = operation({
  summary: 'Switches an external action on or off; without a body to what it is not',
  params: byId,
  body: z.strictObject({ is_active: z.boolean() }).partial().optional(),
  status: 200,
  answer: externalAction,
  also: [409],
  async run({ caller, params, body }, { externalActions }) {
    const result = await externalActions.toggle(caller, params.id, body?.is_active ?? null);
    return toExternalAction(savedOf(result));
  },
});

export const duplicateExternalAction = operation({
  summary: 'Makes an inactive copy, secrets included',
  params: byId,
  body: z.strictObject({ action_name: actionName, channel_integration: id }).partial().optional(),
  status: 201,
  answer: externalAction,
  also: [409],
  async run({ caller, params, body }, { externalActions }) {
    const as = { actionName: body?.action_name, channelIntegrationId: body?.channel_integration };
    return toExternalAction(savedOf(await externalActions.duplicate(caller, params.id, as)));
  },
});

export const deleteExternalAction = operation({
  summary: 'Deletes an external action; the log of its executions stays',
  params: byId,
  status: 200,
  answer: externalAction,
  async run({ caller, params }, { externalActions }) {
    return toExternalAction(found(await externalActions.remove(caller, params.id)));
  },
});

/** Rules run on whatever came, shapes or not. */
function isObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Problem(422, 'Some fields are not valid.', { errors });
}

function found(record: ExternalActionRecord | null): ExternalActionRecord {
  if (record === null) throw unknown('external action');
  return record;
}

/**
 * Whether the stored value goes on: only for the same kind of authentication and the same receiver, or whoever may
 * write an address could have a value sent there that they were never shown.
 */
function isKept(before: ExternalActionRecord, definition: ExternalAction): boolean {
  const { authentication, webhookUrl } = before.definition;
  const isSame =
    authentication.type === definition.authentication.type &&
    originOf(webhookUrl) === originOf(definition.webhookUrl);
  return isSame && before.secretsSet.includes('authentication');
}

/** A template's origin holds no placeholder. */
function originOf(url: string): string {
  return new URL(url.split(/[{?#]/, 1)[0] ?? '').origin;
}

function missingValue({ authentication }: ExternalAction, body: ActionBody, isKnown: boolean): FieldError[] {
  if (authentication.type === 'none' || isKnown) return [];
  const given = body.authentication;
  if (given !== undefined && given.type !== 'none' && given.value !== undefined) return [];
  return [
    { field: 'authentication.value', message: 'is missing, or has to be given again for another receiver' },
  ];
}

/** @throws Problem saying what stood in the way, and at which field. */
function savedOf(result: SavedExternalAction): ExternalActionRecord {
  switch (result.kind) {
    case 'saved':
      return result.record;
    case 'unknown':
      throw unknown('external action');
    case 'unknown_channel':
      throw new Problem(422, 'Some fields are not valid.', {
        errors: [{ field: 'channel_integration', message: 'is not a channel of this organisation' }],
      });
    case 'name_taken':
      throw new Problem(409, 'The channel integration has an external action of this name.', {
        errors: [{ field: 'action_name', message: 'is taken at this channel integration' }],
      });
    case 'too_many_active':
      throw new Problem(409, `The channel integration has ${MOST_ACTIVE_ACTIONS} active external actions.`, {
        errors: [{ field: 'is_active', message: `more than ${MOST_ACTIVE_ACTIONS} cannot be active` }],
      });
    case 'overtaken':
      throw new Problem(409, 'Somebody else changed this external action meanwhile: read it again.');
  }
}
