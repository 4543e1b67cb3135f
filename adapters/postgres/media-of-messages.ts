import type pg from 'pg';
import type { MessageMedia } from '../../api/ports.ts';
import { pendingFile } from '../../domain/media.ts';
import type { MediaFile } from '../../domain/media.ts';
import { awaitsFile, isMedia } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

/** The columns of `media m` that tell what became of a file; prefixed, for rows of messages have others. */
export const FILE_COLUMNS = `m.state as file_state, m.refusal as file_refusal, m.mime_type as file_type,
  m.size as file_size, m.transcript as file_transcript, m.transcription as file_transcription`;

/** In their places, for what is no customer's. */
export const NO_FILE = 'null, null, null, null::integer, null, null';

export interface FileRow {
  file_state: 'stored' | 'refused' | null;
  file_refusal: MediaFile['refusal'];
  file_type: string | null;
  file_size: number | null;
  file_transcript: string | null;
  file_transcription: MediaFile['transcription'];
}

const FILES: Statement = {
  name: 'media-of-messages',
  text: `select message_id, ${FILE_COLUMNS} from media m where organisation_id = $1 and message_id = any ($2)`,
};

/** A message's content with what became of its file; `id` is the message's. */
export function withFile(content: MessageContent, id: string, row?: FileRow): MessageContent {
  if (!isMedia(content)) return content;
  if (!row?.file_state) return { ...content, file: pendingFile(id) };
  return {
    ...content,
    file: {
      id,
      state: row.file_state,
      refusal: row.file_refusal,
      mimeType: row.file_type,
      size: row.file_size,
      transcript: row.file_transcript,
      transcription: row.file_transcription,
    },
  };
}

/**
 * Reads what became of the files among these messages, in a transaction of its own: where there is none, which is nearly
 * always, nothing is asked.
 */
export async function readFiles<T extends { content: MessageContent }>(
  pool: pg.Pool,
  organisationId: string,
  messages: readonly T[],
): Promise<T[]> {
  const ids = messages.flatMap(({ content }) => (isMedia(content) && content.file ? [content.file.id] : []));
  if (ids.length === 0) return [...messages];
  const rows = await asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.lastRows<FileRow & { message_id: string }>(FILES, [organisationId, ids]),
  );
  const known = new Map(rows.map((row) => [row.message_id, row]));
  return messages.map((message) => {
    const { content } = message;
    if (!isMedia(content) || content.file === undefined) return message;
    return { ...message, content: withFile(content, content.file.id, known.get(content.file.id)) };
  });
}

/** A message's file as readers show it; nothing for what is none. */
export function mediaOf(content: MessageContent | null): { media?: MessageMedia } {
  if (content === null || !isMedia(content) || content.file === undefined) return {};
  const { kind, fileName, mimeType: claimed, file } = content;
  const { id, state, mimeType, size, refusal, transcript } = file;
  const name = fileName ?? null;
  return {
    media: { id, kind, name, state, mimeType: mimeType ?? claimed ?? null, size, refusal, transcript },
  };
}

/** Which of these messages hold a file that is still to be fetched or listened to. */
export function dueAmong(messages: readonly { id: string; content: MessageContent }[]): string[] {
  return messages.filter(({ content }) => awaitsFile(content)).map(({ id }) => id);
}
