import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ChannelRecord, Settings } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { IdleRule } from '../../domain/idle-rule.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { actorOf, writeAudit } from './audit.ts';
import { seal } from './integration-secrets.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { ruleOfChannel } from './save-idle-rule.ts';
import { storable, storableJson } from './storable.ts';

const COLUMNS = `id, kind, name, agent_id, active, answered_by, default_idle_rule, settings,
  array(select jsonb_object_keys(secrets) order by 1) as secrets_set, created_at`;

const LIST: Statement = {
  name: 'channels-list',
  text: `
    select ${COLUMNS} from channel_integrations
    where organisation_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
    order by created_at desc, id desc limit $4`,
};

const ONE: Statement = {
  name: 'channels-one',
  text: `select ${COLUMNS} from channel_integrations where organisation_id = $1 and id = $2`,
};

const LOCK: Statement = { name: 'channels-lock', text: `${ONE.text} for no key update` };

const AGENT_EXISTS: Statement = {
  name: 'channels-agent-exists',
  text: 'select 1 from agents where organisation_id = $1 and id = $2 for key share',
};

const CREATE: Statement = {
  name: 'channels-create',
  text: `
    insert into channel_integrations
      (organisation_id, id, kind, name, agent_id, settings, secrets, created_at, updated_at, answered_by,
        default_idle_rule)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10) returning ${COLUMNS}`,
};

/** Settings and secrets that are not named stay as they are: nobody can send back a secret that is never shown. */
const UPDATE: Statement = {
  name: 'channels-update',
  text: `
    update channel_integrations
    set name = coalesce($3, name), agent_id = coalesce($4, agent_id), settings = settings || $5::jsonb,
        secrets = secrets || $6::jsonb, active = coalesce($7, active), version = version + 1, updated_at = $8,
        answered_by = coalesce($9, answered_by), default_idle_rule = $10
    where organisation_id = $1 and id = $2 returning ${COLUMNS}`,
};

interface Row {
  id: string;
  kind: ChannelKind;
  name: string;
  agent_id: string;
  active: boolean;
  answered_by: AnsweredBy;
  default_idle_rule: IdleRule | null;
  settings: Record<string, string>;
  secrets_set: string[];
  created_at: Date;
}

type ChannelMethods = Pick<Settings, 'channels' | 'channel' | 'createChannel' | 'updateChannel'>;

export function openChannelSettings(pool: pg.Pool, secrets: Secrets, clock: { now(): Date }): ChannelMethods {
  return {
    channels: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], channelRecord);
      }),

    async channel({ organisationId }, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.rows<Row>(ONE, [organisationId, id]);
        return row === undefined ? null : channelRecord(row);
      });
    },

    createChannel: (caller, channel) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        if (!(await hasAgent(tenancy, channel.agentId))) return null;
        const now = clock.now();
        const id = randomUUID();
        const [row] = await tenancy.rows<Row>(CREATE, [
          caller.organisationId,
          id,
          channel.kind,
          storable(channel.name),
          channel.agentId,
          storableJson(channel.settings),
          JSON.stringify(seal(secrets, id, channel.secrets)),
          now,
          channel.answeredBy ?? 'agent',
          ruleJson(await ruleOfChannel(tenancy, null, channel.defaultIdleRule)),
        ]);
        if (row === undefined) throw new Error('an insert returned no row');
        const entry = { actor: actorOf(caller), action: 'channel.created', subject: id, source: null };
        const detail = { kind: channel.kind, secrets: Object.keys(channel.secrets) };
        await writeAudit(tenancy, { ...entry, detail }, now);
        return channelRecord(row);
      }),

    async updateChannel(caller, id, change) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        if (change.agentId !== undefined && !(await hasAgent(tenancy, change.agentId))) return null;
        const [before] = await tenancy.rows<Row>(LOCK, [caller.organisationId, id]);
        if (before === undefined) return null;
        const now = clock.now();
        const [row] = await tenancy.rows<Row>(UPDATE, [
          caller.organisationId,
          id,
          change.name === undefined ? null : storable(change.name),
          change.agentId ?? null,
          storableJson(change.settings ?? {}),
          JSON.stringify(seal(secrets, id, change.secrets ?? {})),
          change.active ?? null,
          now,
          change.answeredBy ?? null,
          ruleJson(await ruleOfChannel(tenancy, before.default_idle_rule, change.defaultIdleRule)),
        ]);
        if (row === undefined) return null;
        const entry = { actor: actorOf(caller), action: 'channel.updated', subject: id, source: null };
        const detail = { changed: Object.keys(change), secrets: Object.keys(change.secrets ?? {}) };
        await writeAudit(tenancy, { ...entry, detail }, now);
        return channelRecord(row);
      });
    },
  };
}

async function hasAgent(tenancy: Tenancy, agentId: string): Promise<boolean> {
  if (!isUuid(agentId)) return false;
  return (await tenancy.rows(AGENT_EXISTS, [tenancy.organisationId, agentId])).length > 0;
}

function ruleJson(rule: IdleRule | null): string | null {
  return rule === null ? null : storableJson(rule);
}

function channelRecord(row: Row): ChannelRecord {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    agentId: row.agent_id,
    active: row.active,
    answeredBy: row.answered_by,
    defaultIdleRule: row.default_idle_rule,
    settings: row.settings,
    secretsSet: row.secrets_set,
    createdAt: row.created_at,
  };
}
