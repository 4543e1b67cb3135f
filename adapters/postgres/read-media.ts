import type pg from 'pg';
import type { Readers, StoredFile } from '../../api/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

/** Of `media m` and its message `i`. */
export const STORED_FILE = `
    select m.bytes, m.mime_type as "mimeType", i.body->>'fileName' as name
    from media m join inbox i on i.organisation_id = $1 and i.id = m.message_id`;

const FILE: Statement = {
  name: 'read-media',
  text: `
    ${STORED_FILE}
    where m.organisation_id = $1 and m.conversation_id = $2 and m.message_id = $3 and m.state = 'stored'`,
};

/** The bytes of one message's file; null where there is none, or not in this conversation. */
export function readFile(pool: pg.Pool): Readers['file'] {
  return async ({ organisationId }, conversationId, messageId) => {
    if (!isUuid(conversationId) || !isUuid(messageId)) return null;
    return asOrganisation(pool, organisationId, async (tenancy) => {
      const values = [organisationId, conversationId, messageId];
      const [file] = await tenancy.lastRows<StoredFile>(FILE, values);
      return file ?? null;
    });
  };
}
