import type pg from 'pg';
import type { DueMedia, KeptFile, MediaStore } from '../../activities/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { MEDIA_KINDS } from '../../domain/media.ts';
import type { MediaContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { recordStep } from './plan-reply.ts';
import { storable } from './storable.ts';

const KINDS = MEDIA_KINDS.map((kind) => `'${kind}'`).join(', ');

/** Of the inbox row `i`: it holds a file that nobody has fetched, or listened to. */
export const FILE_IS_DUE = `i.kind = 'message' and i.body->>'kind' in (${KINDS}) and not exists (
  select from media f where f.organisation_id = i.organisation_id and f.message_id = i.id
    and f.transcription is distinct from 'due')`;

const DUE: Statement = {
  name: 'media-due',
  text: `
    select i.id, i.body, m.mime_type, c.channel, c.channel_integration_id, g.version
    from inbox i
    join conversations c on c.organisation_id = $1 and c.id = i.conversation_id
    join channel_integrations g on g.organisation_id = $1 and g.id = c.channel_integration_id
    left join media m on m.organisation_id = $1 and m.message_id = i.id
    where i.organisation_id = $1 and i.conversation_id = $2 and i.id = any ($3) and ${FILE_IS_DUE}
    order by i.at, i.seq`,
};

/** A file that was decided about stands as it is. Messages of other conversations are nobody's to decide here. */
const KEEP: Statement = {
  name: 'media-keep',
  text: `
    insert into media (organisation_id, conversation_id, message_id, state, refusal, mime_type, size, sha256, bytes,
      transcription, at)
    select $1, $2, i.id, $4, $5, $6, $7, $8, $9, $10, $11
    from inbox i where i.organisation_id = $1 and i.conversation_id = $2 and i.id = $3
    on conflict (organisation_id, message_id) do nothing`,
};

const HEARD: Statement = {
  name: 'media-heard',
  text: `
    update media set transcription = $4, transcript = $5
    where organisation_id = $1 and conversation_id = $2 and message_id = $3 and transcription = 'due'`,
};

const GIVE_UP: Statement = {
  name: 'media-give-up',
  text: `
    with unheard as (
      update media set transcription = 'failed'
      where organisation_id = $1 and conversation_id = $2 and message_id = any ($3) and transcription = 'due'
    )
    insert into media (organisation_id, conversation_id, message_id, state, refusal, at)
    select $1, $2, i.id, 'refused', 'unavailable', $4
    from inbox i
    where i.organisation_id = $1 and i.conversation_id = $2 and i.id = any ($3) and ${FILE_IS_DUE}
    on conflict (organisation_id, message_id) do nothing`,
};

const BYTES: Statement = {
  name: 'media-bytes',
  text: `
    select message_id, bytes from media
    where organisation_id = $1 and message_id = any ($2) and state = 'stored'`,
};

interface DueRow {
  id: string;
  body: MediaContent;
  mime_type: string | null;
  channel: ChannelKind;
  channel_integration_id: string;
  version: number;
}

/** Customers' files as turns need them; see `MediaStore`. */
export function openMediaStore(pool: pg.Pool): MediaStore {
  return {
    due: (ref, messageIds) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const rows = await tenancy.lastRows<DueRow>(DUE, [
          ref.organisationId,
          ref.conversationId,
          messageIds,
        ]);
        return rows.map((row) => dueMedia(ref.organisationId, row));
      }),

    keep: (ref, messageId, file, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await keepFile(tenancy, ref.conversationId, messageId, file, now);
      }),

    refuse: (ref, messageId, refusal, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const nothing = [null, null, null, null, null];
        const values = [ref.organisationId, ref.conversationId, messageId, 'refused', refusal];
        await tenancy.lastRows(KEEP, [...values, ...nothing, now]);
      }),

    heard: (ref, messageId, { text, step }, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        if (step !== null) await recordStep(tenancy, ref, step, now);
        const transcription = text === null ? 'failed' : 'done';
        const transcript = text === null ? null : storable(text);
        const key = [ref.organisationId, ref.conversationId, messageId];
        await tenancy.lastRows(HEARD, [...key, transcription, transcript]);
      }),

    giveUp: (ref, messageIds, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await tenancy.lastRows(GIVE_UP, [ref.organisationId, ref.conversationId, messageIds, now]);
      }),

    bytes: (ref, messageIds) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const rows = await tenancy.lastRows<{ message_id: string; bytes: Buffer }>(BYTES, [
          ref.organisationId,
          messageIds,
        ]);
        return new Map(rows.map(({ message_id, bytes }) => [message_id, bytes]));
      }),
  };
}

/** Inside the transaction of whoever has the file: the receipt of one that a visitor sent, or its fetching. */
export async function keepFile(
  tenancy: Tenancy,
  conversationId: string,
  messageId: string,
  { mimeType, bytes, sha256, isHeard }: KeptFile,
  now: Date,
): Promise<void> {
  const place = [tenancy.organisationId, conversationId, messageId, 'stored', null];
  await tenancy.rows(KEEP, [...place, mimeType, bytes.length, sha256, bytes, isHeard ? 'due' : null, now]);
}

function dueMedia(organisationId: string, row: DueRow): DueMedia {
  return {
    messageId: row.id,
    content: row.body,
    source: {
      organisationId,
      channel: row.channel,
      channelIntegrationId: row.channel_integration_id,
      integrationVersion: row.version,
    },
    stored: row.mime_type === null ? null : { mimeType: row.mime_type },
  };
}
