import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ExternalActionChange, ExternalActionSettings, SavedExternalAction } from '../../api/ports.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { actorOf, writeAudit } from './audit.ts';
import { freeName, holdChannel, whatStandsInTheWay } from './external-action-room.ts';
import type { Wanted } from './external-action-room.ts';
import { LIST, externalActionRecord, holdAction, readAction } from './external-action-rows.ts';
import type { ExternalActionRow, HeldAction } from './external-action-rows.ts';
import { openActionSecrets, sealActionSecrets } from './external-action-secrets.ts';
import type { ActionSecrets } from './external-action-secrets.ts';
import { BY_TIME, EMPTY_PAGE, readCursor, toPage } from './page.ts';
import { storable, storableJson } from './storable.ts';

const CREATE: Statement = {
  name: 'external-actions-create',
  text: `
    insert into external_actions
      (organisation_id, id, channel_integration_id, action_name, is_active, priority, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7)`,
};

const ADD_VERSION: Statement = {
  name: 'external-actions-add-version',
  text: `
    insert into external_action_versions
      (organisation_id, external_action_id, version, definition, secrets, created_at)
    values ($1, $2, $3, $4, $5, $6)`,
};

const UPDATE: Statement = {
  name: 'external-actions-update',
  text: `
    update external_actions
    set channel_integration_id = $3, action_name = $4, is_active = $5, priority = $6, version = $7, updated_at = $8
    where organisation_id = $1 and id = $2`,
};

const SWITCH: Statement = {
  name: 'external-actions-switch',
  text: 'update external_actions set is_active = $3, updated_at = $4 where organisation_id = $1 and id = $2',
};

const REMOVE: Statement = {
  name: 'external-actions-remove',
  text: `
    update external_actions set is_active = false, deleted_at = $3, updated_at = $3
    where organisation_id = $1 and id = $2`,
};

/** External actions and their versions. A version, once written, never changes: calls run as what they were. */
export function openExternalActionSettings(
  pool: pg.Pool,
  secrets: Secrets,
  clock: { now(): Date },
): ExternalActionSettings {
  async function create(
    tenancy: Tenancy,
    wanted: Wanted & { definition: ExternalAction; secrets: ActionSecrets },
    now: Date,
  ): Promise<string> {
    const id = randomUUID();
    await tenancy.rows(CREATE, [
      tenancy.organisationId,
      id,
      wanted.channelIntegrationId,
      wanted.actionName,
      wanted.isActive,
      wanted.definition.priority,
      now,
    ]);
    await addVersion(tenancy, { id, version: 1 }, wanted.definition, wanted.secrets, now);
    return id;
  }

  async function addVersion(
    tenancy: Tenancy,
    { id, version }: { id: string; version: number },
    definition: ExternalAction,
    plain: ActionSecrets,
    now: Date,
  ): Promise<void> {
    const sealed = sealActionSecrets(secrets, id, version, plain);
    const values = [id, version, storableJson(definition), JSON.stringify(sealed), now];
    await tenancy.rows(ADD_VERSION, [tenancy.organisationId, ...values]);
  }

  const opened = (held: HeldAction) => openActionSecrets(secrets, held.id, held.version, held.secrets);

  return {
    async list({ organisationId }, { channel, isActive }, { limit, cursor }) {
      const before = readCursor(cursor, BY_TIME);
      if (channel !== undefined && !isUuid(channel)) return EMPTY_PAGE;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const place = [organisationId, before?.[0] ?? null, before?.[1] ?? null];
        const filter = [channel ?? null, isActive ?? null, limit + 1];
        const rows = await tenancy.rows<ExternalActionRow>(LIST, [...place, ...filter]);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], externalActionRecord);
      });
    },

    async read({ organisationId }, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, (tenancy) => readAction(tenancy, id));
    },

    create: (caller, action) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const wanted = { ...action, actionName: storable(action.definition.actionName) };
        const obstacle = await whatStandsInTheWay(tenancy, wanted, null);
        if (obstacle !== null) return { kind: obstacle };
        const now = clock.now();
        const id = await create(tenancy, wanted, now);
        const entry = {
          actor: actorOf(caller),
          action: 'external_action.created',
          subject: id,
          source: null,
        };
        const detail = { action_name: wanted.actionName, secrets: Object.keys(action.secrets) };
        await writeAudit(tenancy, { ...entry, detail }, now);
        return saved(tenancy, id);
      }),

    async update(caller, id, version, change) {
      if (!isUuid(id)) return { kind: 'unknown' };
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const held = await holdAction(tenancy, id);
        if (held === null) return { kind: 'unknown' };
        if (held.version !== version) return { kind: 'overtaken' };
        const definition = change.definition ?? held.definition;
        const wanted = {
          channelIntegrationId: change.channelIntegrationId ?? held.channel_integration_id,
          actionName: storable(definition.actionName),
          isActive: change.isActive ?? held.is_active,
        };
        const obstacle = await whatStandsInTheWay(tenancy, wanted, id);
        if (obstacle !== null) return { kind: obstacle };
        const now = clock.now();
        const next = change.definition === null ? version : version + 1;
        if (next !== version) {
          const plain = carriedOver(opened(held), change.secrets);
          await addVersion(tenancy, { id, version: next }, definition, plain, now);
        }
        const { channelIntegrationId, actionName, isActive } = wanted;
        const values = [channelIntegrationId, actionName, isActive, definition.priority, next, now];
        await tenancy.rows(UPDATE, [caller.organisationId, id, ...values]);
        const entry = {
          actor: actorOf(caller),
          action: 'external_action.updated',
          subject: id,
          source: null,
        };
        const detail = { version: next, changed: change.changed, secrets: Object.keys(change.secrets) };
        await writeAudit(tenancy, { ...entry, detail }, now);
        return saved(tenancy, id);
      });
    },

    async toggle(caller, id, isActive) {
      if (!isUuid(id)) return { kind: 'unknown' };
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const held = await holdAction(tenancy, id);
        if (held === null) return { kind: 'unknown' };
        const wish = isActive ?? !held.is_active;
        const wanted = { channelIntegrationId: held.channel_integration_id, actionName: held.action_name };
        const obstacle = await whatStandsInTheWay(tenancy, { ...wanted, isActive: wish }, id);
        if (obstacle !== null) return { kind: obstacle };
        const now = clock.now();
        await tenancy.rows(SWITCH, [caller.organisationId, id, wish, now]);
        const entry = {
          actor: actorOf(caller),
          action: 'external_action.toggled',
          subject: id,
          source: null,
        };
        await writeAudit(tenancy, { ...entry, detail: { is_active: wish } }, now);
        return saved(tenancy, id);
      });
    },

    async duplicate(caller, id, as) {
      if (!isUuid(id)) return { kind: 'unknown' };
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const held = await holdAction(tenancy, id);
        if (held === null) return { kind: 'unknown' };
        const channelIntegrationId = as.channelIntegrationId ?? held.channel_integration_id;
        if (!(await holdChannel(tenancy, channelIntegrationId))) return { kind: 'unknown_channel' };
        const actionName = as.actionName ?? (await freeName(tenancy, channelIntegrationId, held.action_name));
        const wanted = { channelIntegrationId, actionName: storable(actionName), isActive: false };
        const obstacle = await whatStandsInTheWay(tenancy, wanted, null);
        if (obstacle !== null) return { kind: obstacle };
        const now = clock.now();
        const definition = { ...held.definition, actionName: wanted.actionName };
        const copy = await create(tenancy, { ...wanted, definition, secrets: opened(held) }, now);
        const entry = { actor: actorOf(caller), action: 'external_action.duplicated', subject: copy };
        await writeAudit(
          tenancy,
          { ...entry, source: null, detail: { of: id, action_name: actionName } },
          now,
        );
        return saved(tenancy, copy);
      });
    },

    async remove(caller, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        if ((await holdAction(tenancy, id)) === null) return null;
        const last = await readAction(tenancy, id);
        const now = clock.now();
        await tenancy.rows(REMOVE, [caller.organisationId, id, now]);
        const entry = {
          actor: actorOf(caller),
          action: 'external_action.deleted',
          subject: id,
          source: null,
        };
        await writeAudit(tenancy, { ...entry, detail: {} }, now);
        return last === null ? null : { ...last, isActive: false, updatedAt: now };
      });
    },
  };
}

async function saved(tenancy: Tenancy, id: string): Promise<SavedExternalAction> {
  const record = await readAction(tenancy, id);
  if (record === null) throw new Error('what was just saved is not there');
  return { kind: 'saved', record };
}

function carriedOver(before: ActionSecrets, change: ExternalActionChange['secrets']): ActionSecrets {
  const after = { ...before, ...change };
  return Object.fromEntries(
    Object.entries(after).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
