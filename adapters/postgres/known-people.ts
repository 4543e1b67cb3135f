import type pg from 'pg';
import type { People } from '../../api/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

const KNOWN: Statement = {
  name: 'people-known',
  text: `
    select 'member' as kind, id from members
    where organisation_id = $1 and id = any ($2::uuid[]) and deleted_at is null and role in ('operator', 'admin')
    union all
    select 'division', id from divisions
    where organisation_id = $1 and id = any ($3::uuid[]) and deleted_at is null`,
};

/** See `People.known`. */
export function makeKnown(pool: pg.Pool): People['known'] {
  return ({ organisationId }, { member, division }) =>
    asOrganisation(pool, organisationId, async (tenancy) => {
      const values = [organisationId, member.filter(isUuid), division.filter(isUuid)];
      const rows = await tenancy.lastRows<{ kind: 'member' | 'division'; id: string }>(KNOWN, values);
      const ids = (wanted: 'member' | 'division') =>
        rows.filter(({ kind }) => kind === wanted).map(({ id }) => id);
      return { member: ids('member'), division: ids('division') };
    });
}
