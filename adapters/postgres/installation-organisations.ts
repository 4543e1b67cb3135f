import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ComponentRecord, Installation, OrganisationRecord } from '../../api/ports.ts';
import { newApiKey } from './api-key.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { noteChange } from './audit.ts';
import { BY_TIME, readCursor, toPage } from './page.ts';
import { storable } from './storable.ts';
import { storeFailure } from './store-failure.ts';

const CREATE: Statement = {
  name: 'organisations-create',
  text: 'insert into organisations (id, name, created_at) values ($1, $2, $3)',
};

const FIRST_KEY: Statement = {
  name: 'organisations-first-key',
  text: `
    insert into api_keys (organisation_id, id, key_id, secret_hash, name, role, created_at)
    values ($1, $2, $3, $4, 'First key', 'admin', $5)`,
};

const EXISTS: Statement = {
  name: 'organisations-exists',
  text: 'select 1 from organisations where id = $1 for key share',
};

const COMPONENTS: Statement = {
  name: 'components-list',
  text: 'select code, created_at from subscribed_components where organisation_id = $1 order by code',
};

const SUBSCRIBE: Statement = {
  name: 'components-subscribe',
  text: `
    insert into subscribed_components (organisation_id, code, created_at) values ($1, $2, $3)
    on conflict do nothing returning code, created_at`,
};

const UNSUBSCRIBE: Statement = {
  name: 'components-unsubscribe',
  text: 'delete from subscribed_components where organisation_id = $1 and code = $2 returning code, created_at',
};

interface ComponentRow {
  code: string;
  created_at: Date;
}

interface OrganisationRow {
  id: string;
  name: string;
  created_at: Date;
}

type OrganisationMethods = Pick<
  Installation,
  'organisations' | 'createOrganisation' | 'components' | 'subscribe' | 'unsubscribe'
>;

/**
 * The installation's owner works on organisations that are not the owner's own: each in a transaction of that
 * organisation, and the list through the look-up's login, which alone may see all of them.
 */
export function openInstallationOrganisations(
  pool: pg.Pool,
  lookupPool: pg.Pool,
  clock: { now(): Date },
): OrganisationMethods {
  /** In a transaction of the organisation named; null where there is none. */
  async function within<T>(
    organisationId: string,
    work: (tenancy: Tenancy) => Promise<T>,
  ): Promise<T | null> {
    if (!isUuid(organisationId)) return null;
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const found = await tenancy.rows(EXISTS, [organisationId]);
      return found.length === 0 ? null : work(tenancy);
    });
  }

  return {
    async organisations({ limit, cursor }) {
      const before = readCursor(cursor, BY_TIME);
      const text = 'select * from parley_list_organisations($1, $2, $3)';
      const values = [before?.[0] ?? null, before?.[1] ?? null, limit + 1];
      try {
        const { rows } = await lookupPool.query<OrganisationRow>({
          name: 'list-organisations',
          text,
          values,
        });
        return toPage(rows, limit, (row) => [row.created_at.toISOString(), row.id], organisationRecord);
      } catch (error) {
        throw storeFailure(error);
      }
    },

    createOrganisation(caller, name) {
      const id = randomUUID();
      return asOrganisation(pool, id, async (tenancy) => {
        const now = clock.now();
        const { key, keyId, secretHash } = newApiKey();
        await tenancy.rows(CREATE, [id, storable(name), now]);
        await tenancy.rows(FIRST_KEY, [id, randomUUID(), keyId, secretHash, now]);
        await noteChange(tenancy, caller, { action: 'organisation.created', subject: id }, now);
        return { id, name: storable(name), createdAt: now, key };
      });
    },

    components: (organisationId) =>
      within(organisationId, async (tenancy) =>
        (await tenancy.rows<ComponentRow>(COMPONENTS, [organisationId])).map(componentRecord),
      ),

    subscribe: (caller, organisationId, code) =>
      within(organisationId, async (tenancy) => {
        const now = clock.now();
        const [made] = await tenancy.rows<ComponentRow>(SUBSCRIBE, [organisationId, code, now]);
        if (made === undefined) {
          const rows = await tenancy.rows<ComponentRow>(COMPONENTS, [organisationId]);
          return componentRecord(rows.find((row) => row.code === code) ?? { code, created_at: now });
        }
        await noteChange(tenancy, caller, { action: 'component.subscribed', subject: code }, now);
        return componentRecord(made);
      }),

    unsubscribe: (caller, organisationId, code) =>
      within(organisationId, async (tenancy) => {
        const now = clock.now();
        const [gone] = await tenancy.rows<ComponentRow>(UNSUBSCRIBE, [organisationId, code]);
        if (gone === undefined) return null;
        await noteChange(tenancy, caller, { action: 'component.unsubscribed', subject: code }, now);
        return componentRecord(gone);
      }),
  };
}

function organisationRecord({ id, name, created_at }: OrganisationRow): OrganisationRecord {
  return { id, name, createdAt: created_at };
}

function componentRecord({ code, created_at }: ComponentRow): ComponentRecord {
  return { code, createdAt: created_at };
}
