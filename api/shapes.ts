import { z } from 'zod';
import type { Page, PageQuery } from './ports.ts';

/** The pieces that requests and answers are made of on the wire: snake_case, RFC 3339 in UTC (DESIGN section 11). */

// NUL, and half of a surrogate pair.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Text that Postgres can hold. Empty is refused. */
export function words(maxCharacters: number) {
  return z
    .string()
    .min(1)
    .max(maxCharacters)
    .refine((text) => !UNSTORABLE.test(text), 'holds a character that cannot be stored');
}

/** Text with something to read in it: what consists of white space only reaches nobody. */
export function readable<T extends z.ZodType<string>>(text: T) {
  return text.refine((value) => value.trim() !== '', 'is only white space');
}

/** Text of at most so many bytes in UTF-8. */
export function longWords(maxBytes: number) {
  return words(maxBytes).refine(
    (text) => text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes,
    `is longer than ${maxBytes} bytes`,
  );
}

export const time = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339' });

export const id = z.uuid();

/** The one parameter most paths have. */
export const byId = z.object({ id });

export const byChannelIntegration = z.object({ channel_integration: id });

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(512).optional(),
});

export function toPageQuery(query: { limit: number; cursor?: string }): PageQuery {
  return { limit: query.limit, cursor: query.cursor ?? null };
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() });
}

export function toPage<From, To>(page: Page<From>, shape: (item: From) => To) {
  return { data: page.data.map(shape), next_cursor: page.nextCursor };
}

export function timeOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' });
