import type { Page } from '../../api/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';

/** The sort key of a row, as strings; opaque to whoever turns the pages. */
export type Place = readonly string[];

/**
 * Where a page goes on; null at the beginning.
 * @throws ParleyFailure CURSOR_UNKNOWN for a cursor that is none of ours: an empty page would say that the list is over.
 */
export function readCursor(cursor: string | null, parts: readonly RegExp[]): Place | null {
  if (cursor === null) return null;
  const place = parsed(Buffer.from(cursor, 'base64url').toString('utf8'));
  const fits =
    Array.isArray(place) &&
    place.length === parts.length &&
    place.every((part, n) => typeof part === 'string' && parts[n]?.test(part));
  if (!fits) throw new ParleyFailure('CURSOR_UNKNOWN');
  return place as string[];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // No JSON is no place either; the parser's message would quote it.
    return null;
  }
}

/** Makes a page of rows that were asked for with one more than `limit`. */
export function toPage<R, T>(
  rows: readonly R[],
  limit: number,
  place: (row: R) => Place,
  shape: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor =
    rows.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify(place(last))).toString('base64url')
      : null;
  return { data: shown.map(shape), nextCursor };
}

export const EMPTY_PAGE = { data: [], nextCursor: null };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Lists ordered by a time and an id; all our times come from processes and have whole milliseconds. */
export const BY_TIME = [TIME, ID];
/** A transcript: ordered by a time, a place among what has the same time, and an id. */
export const BY_TIME_AND_PLACE = [TIME, /^\d{1,9}$/, ID];
/** Lists ordered by an identity column. */
export const BY_NUMBER = [/^\d{1,18}$/];
