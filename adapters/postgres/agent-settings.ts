import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AgentRecord, Settings } from '../../api/ports.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { StoredAgentSettings } from '../../domain/agent.ts';
import type { AgentTool } from '../../domain/tool.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { readIdle, tellIdleSaved } from './save-idle-rule.ts';
import { storable, storableJson } from './storable.ts';

const COLUMNS = 'id, name, version, settings, created_at, updated_at';

const LIST: Statement = {
  name: 'agents-list',
  text: `
    select ${COLUMNS} from agents
    where organisation_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
    order by created_at desc, id desc limit $4`,
};

const ONE: Statement = {
  name: 'agents-one',
  text: `select ${COLUMNS} from agents where organisation_id = $1 and id = $2`,
};

const CREATE: Statement = {
  name: 'agents-create',
  text: `
    insert into agents (organisation_id, id, name, settings, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $5) returning ${COLUMNS}`,
};

const HOLD: Statement = {
  name: 'agents-hold',
  text: 'select settings from agents where organisation_id = $1 and id = $2 for no key update',
};

/** Settings that are not named stay as they are. */
const UPDATE: Statement = {
  name: 'agents-update',
  text: `
    update agents
    set name = coalesce($3, name), settings = (settings || $4::jsonb) - $6::text[], version = version + 1, updated_at = $5
    where organisation_id = $1 and id = $2 returning ${COLUMNS}`,
};

const TELL: Statement = {
  name: 'agents-tell',
  text: 'insert into events (organisation_id, name, properties, at) values ($1, $2, $3, $4)',
};

interface Row {
  id: string;
  name: string;
  version: number;
  settings: StoredAgentSettings;
  created_at: Date;
  updated_at: Date;
}

type AgentMethods = Pick<Settings, 'agents' | 'agent' | 'createAgent' | 'updateAgent'>;

export function openAgentSettings(pool: pg.Pool, clock: { now(): Date }): AgentMethods {
  return {
    agents: ({ organisationId }, { limit, cursor }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const before = readCursor(cursor, BY_TIME);
        const values = [organisationId, before?.[0] ?? null, before?.[1] ?? null, limit + 1];
        const rows = await tenancy.rows<Row>(LIST, values);
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], agentRecord);
      }),

    async agent({ organisationId }, id) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.rows<Row>(ONE, [organisationId, id]);
        return row === undefined ? null : agentRecord(row);
      });
    },

    createAgent: (caller, { name, settings }) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const idle = await readIdle(tenancy, {}, settings);
        const stored = storableJson({ ...settings, ...idle.toStore });
        const values = [caller.organisationId, randomUUID(), storable(name), stored, now];
        const [row] = await tenancy.rows<Row>(CREATE, values);
        if (row === undefined) throw new Error('an insert returned no row');
        await tellConfigured(tenancy, row.id, [], settings.tools ?? [], now);
        await tellIdleSaved(tenancy, row.id, idle, now);
        const detail = { settings: Object.keys(settings) };
        await noteChange(tenancy, caller, { action: 'agent.created', subject: row.id, detail }, now);
        return agentRecord(row);
      }),

    async updateAgent(caller, id, { name, settings = {}, cleared = [] }) {
      if (!isUuid(id)) return null;
      return asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const newName = name === undefined ? null : storable(name);
        const [before] = await tenancy.rows<Pick<Row, 'settings'>>(HOLD, [caller.organisationId, id]);
        if (before === undefined) return null;
        const idle = await readIdle(tenancy, before.settings, settings);
        const stored = storableJson({ ...settings, ...idle.toStore });
        const values = [caller.organisationId, id, newName, stored, now, cleared];
        const [row] = await tenancy.rows<Row>(UPDATE, values);
        if (row === undefined) return null;
        if (settings.tools !== undefined)
          await tellConfigured(tenancy, id, before.settings.tools ?? [], settings.tools, now);
        await tellIdleSaved(tenancy, id, idle, now);
        const changed = [...(name === undefined ? [] : ['name']), ...Object.keys(settings), ...cleared];
        const detail = { version: row.version, changed };
        await noteChange(tenancy, caller, { action: 'agent.updated', subject: id, detail }, now);
        return agentRecord(row);
      });
    },
  };
}

/** An event for each tool that is new or changed (OBS-1). */
async function tellConfigured(
  tenancy: Tenancy,
  agentId: string,
  before: readonly AgentTool[],
  after: readonly AgentTool[],
  now: Date,
): Promise<void> {
  const known = new Set(before.map((tool) => canonical(tool)));
  for (const tool of after.filter((candidate) => !known.has(canonical(candidate)))) {
    const properties = storableJson({ node_type: tool.nodeType, agent_id: agentId });
    await tenancy.rows(TELL, [tenancy.organisationId, 'qontak_action_configured', properties, now]);
  }
}

/** Alike for equal values: Postgres keeps the members of an object in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}

function agentRecord(row: Row): AgentRecord {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    settings: completeAgentSettings(row.settings),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
