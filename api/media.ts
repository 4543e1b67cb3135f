import { z } from 'zod';
import { MEDIA_KINDS, MEDIA_REFUSALS } from '../domain/media.ts';
import type { MessageMedia } from './ports.ts';
import { unknown } from './problem.ts';
import { streamOperation } from './route.ts';
import { sendFile } from './send-file.ts';
import { id } from './shapes.ts';

/** A message's file, as the transcript names it. */
export const media = z
  .strictObject({
    id,
    type: z.enum(MEDIA_KINDS),
    mime_type: z
      .string()
      .nullable()
      .meta({ description: 'What it is; before it was fetched, what it is said to be' }),
    name: z.string().nullable(),
    size: z.int().nullable(),
    state: z.enum(['pending', 'stored', 'refused']),
    reason: z.enum(MEDIA_REFUSALS).nullable().meta({ description: 'Why it was not kept' }),
    transcript: z.string().nullable().meta({ description: 'What a recording says' }),
  })
  .meta({ id: 'Media' });

export function toMedia({
  kind,
  mimeType,
  name,
  size,
  state,
  refusal,
  transcript,
  ...file
}: MessageMedia): z.input<typeof media> {
  return { id: file.id, type: kind, mime_type: mimeType, name, size, state, reason: refusal, transcript };
}

export const readMedia = streamOperation({
  summary: "A customer's file, for saving",
  params: z.object({ id, media_id: id }),
  answers: { 200: { type: 'application/octet-stream', description: 'Its bytes, under its own type' } },
  problems: [404],
  async serve({ res, params, caller }, { readers }) {
    const file = await readers.file(caller, params.id, params.media_id);
    if (file === null) throw unknown('file');
    sendFile(res, file);
  },
});
