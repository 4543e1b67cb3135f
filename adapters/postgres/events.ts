import type pg from 'pg';
import type { Events } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storableJson } from './storable.ts';

const RECORD: Statement = {
  name: 'event-record',
  text: `
    insert into events (organisation_id, conversation_id, name, properties, at) values ($1, $2, $3, $4, $5)`,
};

export function openEvents(pool: pg.Pool): Events {
  return {
    record: (ref, name, properties, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, name, storableJson(properties), now];
        await tenancy.lastRows(RECORD, values);
      }),
  };
}

/** The same inside the transaction of what it tells of. */
export async function recordEvent(
  tenancy: Tenancy,
  conversationId: string,
  name: string,
  properties: Record<string, unknown>,
  now: Date,
): Promise<void> {
  const values = [tenancy.organisationId, conversationId, name, storableJson(properties), now];
  await tenancy.rows(RECORD, values);
}
