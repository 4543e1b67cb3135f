import { randomUUID } from 'node:crypto';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Role } from '../../domain/role.ts';
import { newApiKey } from './api-key.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { writeAudit } from './audit.ts';
import { everyOrganisation } from './every-organisation.ts';
import type { ListedOrganisation } from './every-organisation.ts';
import { openPool } from './pool.ts';
import { assertSchema } from './schema-version.ts';
import { storable } from './storable.ts';

/** Two that start at once would both find the installation empty. */
const ONE_AT_A_TIME: Statement = {
  name: 'first-keys-lock',
  text: 'select pg_advisory_xact_lock(7275542)',
};

const ANY_ORGANISATION: Statement = {
  name: 'first-keys-any-organisation',
  text: 'select parley_count_organisations() > 0 as any',
};

const CREATE: Statement = {
  name: 'first-keys-organisation',
  text: 'insert into organisations (id, name, created_at) values ($1, $2, $3)',
};

const ADD_KEY: Statement = {
  name: 'first-keys-add',
  text: `
    insert into api_keys (organisation_id, id, key_id, secret_hash, name, role, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)`,
};

const OWNED: Statement = {
  name: 'first-keys-owned',
  text: `select 1 from api_keys where organisation_id = $1 and role = 'owner' limit 1`,
};

/** No request can do this: owner keys are above every role that may revoke keys. */
const REVOKE_OWNERS: Statement = {
  name: 'first-keys-revoke-owners',
  text: `
    update api_keys set revoked_at = $2 where organisation_id = $1 and role = 'owner' and revoked_at is null
    returning id`,
};

/** Keys in the clear, for this once; `unknown`: Postgres went away over it, and they may be good or not. */
export type Made<Keys> = { kind: 'made' | 'unknown'; organisation: ListedOrganisation; keys: Keys };

export interface FirstKeys {
  /** The first organisation with a key for the installation's owner and one for its own admin, or what there is. */
  make(
    name: string,
  ): Promise<
    Made<{ owner: string; admin: string }> | { kind: 'not_first'; organisations: ListedOrganisation[] }
  >;
  /**
   * Another owner key in place of a lost one, which is revoked. `wanted` is the name or the id of an organisation that
   * has had an owner key, or of any where none has; otherwise the answer is which there are to choose from.
   */
  makeAgain(
    wanted: string,
  ): Promise<Made<{ owner: string }> | { kind: 'which'; organisations: ListedOrganisation[] }>;
  close(): Promise<void>;
}

/**
 * What a new installation begins with, made from outside: no request makes an owner's key.
 * @throws Error when the schema is older than the code; ParleyFailure when Postgres cannot be asked. Nothing happened.
 */
export async function openFirstKeys(options: {
  url: string;
  lookupUrl: string;
  clock: { now(): Date };
}): Promise<FirstKeys> {
  const pool = openPool(options.url, { max: 1 });
  const lookupPool = openPool(options.lookupUrl, { max: 1 });
  const close = async () => void (await Promise.all([pool.end(), lookupPool.end()]));
  try {
    await assertSchema(pool);
  } catch (error) {
    await close();
    throw error;
  }

  /** Those whose owner key may be the lost one. */
  async function owned(): Promise<ListedOrganisation[]> {
    const all = await everyOrganisation(lookupPool);
    const had: ListedOrganisation[] = [];
    for (const each of all)
      if ((await asOrganisation(pool, each.id, (tenancy) => tenancy.rows(OWNED, [each.id]))).length > 0)
        had.push(each);
    return had.length > 0 ? had : all;
  }

  return {
    async make(given) {
      const organisation = { id: randomUUID(), name: storable(given) };
      const [owner, admin] = [newApiKey(), newApiKey()];
      const kind = await knownOrNot(() =>
        asOrganisation(pool, organisation.id, async (tenancy) => {
          await tenancy.rows(ONE_AT_A_TIME, []);
          const [found] = await tenancy.rows<{ any: boolean }>(ANY_ORGANISATION, []);
          if (found?.any !== false) return 'not_first' as const;
          const now = options.clock.now();
          await tenancy.rows(CREATE, [organisation.id, organisation.name, now]);
          await note(tenancy, { action: 'organisation.created', subject: organisation.id }, now);
          await addKey(tenancy, owner, { name: 'First owner key', role: 'owner' }, now);
          await addKey(tenancy, admin, { name: 'First key', role: 'admin' }, now);
          return 'made' as const;
        }),
      );
      if (kind === 'not_first') return { kind, organisations: await everyOrganisation(lookupPool) };
      return { kind, organisation, keys: { owner: owner.key, admin: admin.key } };
    },

    async makeAgain(wanted) {
      const organisations = await owned();
      const [organisation, ...more] = organisations.filter(
        ({ id, name }) => id === wanted || name === wanted,
      );
      if (organisation === undefined || more.length > 0)
        return {
          kind: 'which',
          organisations: organisation === undefined ? organisations : [organisation, ...more],
        };
      const owner = newApiKey();
      const kind = await knownOrNot(() =>
        asOrganisation(pool, organisation.id, async (tenancy) => {
          const now = options.clock.now();
          const lost = await tenancy.rows<{ id: string }>(REVOKE_OWNERS, [organisation.id, now]);
          for (const { id } of lost)
            await note(tenancy, { action: 'key.revoked', subject: id, detail: { role: 'owner' } }, now);
          await addKey(tenancy, owner, { name: 'Owner key in place of a lost one', role: 'owner' }, now);
          return 'made' as const;
        }),
      );
      return { kind, organisation, keys: { owner: owner.key } };
    },

    close,
  };
}

/** A commit that was not answered: whoever holds the keys must be able to try them. */
async function knownOrNot<K extends string>(work: () => Promise<K>): Promise<K | 'unknown'> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ParleyFailure && error.code === 'STORE_UNAVAILABLE') return 'unknown';
    throw error;
  }
}

async function addKey(
  tenancy: Tenancy,
  { keyId, secretHash }: ReturnType<typeof newApiKey>,
  { name, role }: { name: string; role: Role },
  now: Date,
): Promise<void> {
  const id = randomUUID();
  await tenancy.rows(ADD_KEY, [tenancy.organisationId, id, keyId, secretHash, name, role, now]);
  await note(tenancy, { action: 'key.created', subject: id, detail: { role } }, now);
}

/** Whoever may run the command is known to the machine and not to us. */
function note(
  tenancy: Tenancy,
  change: { action: string; subject: string; detail?: Record<string, unknown> },
  now: Date,
): Promise<void> {
  return writeAudit(tenancy, { actor: 'command:first-key', source: null, detail: {}, ...change }, now);
}
