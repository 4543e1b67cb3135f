import type pg from 'pg';
import type { GateReader } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

const READ: Statement = {
  name: 'gates',
  text: `
    select
      array(select name from feature_flags where organisation_id = $1 and enabled) as organisation_flags,
      array(select name from installation_flags where enabled) as system_flags,
      array(select code from subscribed_components where organisation_id = $1) as components,
      array(select node_type from node_registries where enabled) as node_types`,
};

interface Row {
  organisation_flags: string[];
  system_flags: string[];
  components: string[];
  node_types: string[];
}

/** What decides who may use what (ACT-7), in one round trip and never cached. */
export function openGates(pool: pg.Pool): GateReader {
  return {
    gates: (organisationId) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const [row] = await tenancy.lastRows<Row>(READ, [organisationId]);
        return {
          organisationFlags: new Set(row?.organisation_flags),
          systemFlags: new Set(row?.system_flags),
          components: new Set(row?.components),
          enabledNodeTypes: new Set(row?.node_types),
        };
      }),
  };
}
