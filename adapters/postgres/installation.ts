import type pg from 'pg';
import type { Installation, NodeTypeRecord } from '../../api/ports.ts';
import { NODE_TYPES } from '../../domain/tool.ts';
import type { NodeType } from '../../domain/tool.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { openGates } from './gates.ts';
import { openInstallationOrganisations } from './installation-organisations.ts';

const SET_ORGANISATION_FLAG: Statement = {
  name: 'installation-set-organisation-flag',
  text: `
    insert into feature_flags (organisation_id, name, enabled, updated_at) values ($1, $2, $3, $4)
    on conflict (organisation_id, name) do update
      set enabled = excluded.enabled, updated_at = excluded.updated_at`,
};

const SET_SYSTEM_FLAG: Statement = {
  name: 'installation-set-system-flag',
  text: `
    insert into installation_flags (name, enabled, updated_at) values ($1, $2, $3)
    on conflict (name) do update set enabled = excluded.enabled, updated_at = excluded.updated_at`,
};

const NODE_TYPE_LIST: Statement = {
  name: 'installation-node-types',
  text: 'select node_type, enabled, updated_at from node_registries',
};

const SET_NODE_TYPE: Statement = {
  name: 'installation-set-node-type',
  text: `
    insert into node_registries (node_type, enabled, updated_at) values ($1, $2, $3)
    on conflict (node_type) do update set enabled = excluded.enabled, updated_at = excluded.updated_at
    returning node_type, enabled, updated_at`,
};

interface NodeTypeRow {
  node_type: NodeType;
  enabled: boolean;
  updated_at: Date;
}

/** The switches of ACT-7. The installation's own tables are nobody's tenant; a change is audited with its caller. */
export function openInstallation(pool: pg.Pool, lookupPool: pg.Pool, clock: { now(): Date }): Installation {
  const { gates } = openGates(pool);
  return {
    ...openInstallationOrganisations(pool, lookupPool, clock),

    gates: ({ organisationId }) => gates(organisationId),

    async setOrganisationFlags(caller, flags) {
      const { organisationId } = caller;
      await asOrganisation(pool, organisationId, async (tenancy) => {
        const now = clock.now();
        for (const [name, enabled] of Object.entries(flags))
          await tenancy.rows(SET_ORGANISATION_FLAG, [organisationId, name, enabled, now]);
        const subject = organisationId;
        await noteChange(tenancy, caller, { action: 'feature_flags.updated', subject, detail: flags }, now);
      });
      return gates(organisationId);
    },

    async setSystemFlags(caller, flags) {
      await asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        for (const [name, enabled] of Object.entries(flags))
          await tenancy.rows(SET_SYSTEM_FLAG, [name, enabled, now]);
        const subject = 'installation';
        await noteChange(tenancy, caller, { action: 'system_flags.updated', subject, detail: flags }, now);
      });
      return gates(caller.organisationId);
    },

    nodeTypes: ({ organisationId }) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const rows = await tenancy.lastRows<NodeTypeRow>(NODE_TYPE_LIST, []);
        // Rows of node types that this release does not know belong to another one.
        return NODE_TYPES.flatMap((known) => rows.filter((row) => row.node_type === known)).map(
          nodeTypeRecord,
        );
      }),

    setNodeType: (caller, nodeType, enabled) =>
      asOrganisation(pool, caller.organisationId, async (tenancy) => {
        const now = clock.now();
        const [row] = await tenancy.rows<NodeTypeRow>(SET_NODE_TYPE, [nodeType, enabled, now]);
        if (row === undefined) throw new Error('an insert returned no row');
        await noteChange(
          tenancy,
          caller,
          { action: 'node_registry.updated', subject: nodeType, detail: { enabled } },
          now,
        );
        return nodeTypeRecord(row);
      }),
  };
}

function nodeTypeRecord({ node_type, enabled, updated_at }: NodeTypeRow): NodeTypeRecord {
  return { nodeType: node_type, enabled, updatedAt: updated_at };
}
