import type { Caller } from '../../api/ports.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/** Locked, so that of two admins who revoke each other's keys at the same moment one is too late. */
const ADMIN_KEYS: Statement = {
  name: 'keys-admins',
  text: `
    select id, revoked_at is null and (expires_at is null or expires_at > $2) as active
    from api_keys where organisation_id = $1 and role = 'admin' order by id for no key update`,
};

/**
 * Whether an organisation would lose its last admin key with these. Only admins can make one, so nobody of the
 * organisation could undo it. Whoever is no admin of it, as the seed is, may.
 */
export async function losesLastAdmin(
  tenancy: Tenancy,
  caller: Caller,
  revoked: readonly string[],
  now: Date,
): Promise<boolean> {
  const keys = await tenancy.rows<{ id: string; active: boolean }>(ADMIN_KEYS, [tenancy.organisationId, now]);
  if (!keys.some(({ id }) => id === caller.keyId)) return false;
  const active = keys.filter((key) => key.active);
  return active.length > 0 && active.every(({ id }) => revoked.includes(id));
}
