import type pg from 'pg';
import type { Events } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
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
