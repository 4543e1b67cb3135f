import type { Statement, Tenancy } from './as-organisation.ts';

const NAME: Statement = {
  name: 'decider-name',
  text: `
    select case $2
      when 'member' then (select name from members where organisation_id = $1 and id = $3::uuid)
      when 'key' then (select 'the key ' || name from api_keys where organisation_id = $1 and id = $3::uuid)
      when 'agent' then (select name from agents where organisation_id = $1 and id = $3::uuid)
    end as name`,
};

const DECIDER = /^(member|key|agent):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Whoever decided something, by the name people know; null: nobody, time did. */
export async function deciderName(tenancy: Tenancy, decidedBy: string | null): Promise<string | null> {
  if (decidedBy === null) return null;
  if (decidedBy === 'customer') return 'the customer';
  const [, kind, id] = DECIDER.exec(decidedBy) ?? [];
  if (kind === undefined || id === undefined) return decidedBy;
  const [row] = await tenancy.rows<{ name: string | null }>(NAME, [tenancy.organisationId, kind, id]);
  return row?.name ?? decidedBy;
}
