import type { Json } from '../../domain/external-action.ts';

export type CrmRecord = { [name: string]: Json };

/** Where the vendor's answers may hold the record or the list; it does not document them. */
const WRAPPERS = ['data', 'response', 'deal', 'ticket', 'deals', 'tickets', 'leads', 'records', 'items'];
const DEEPEST = 3;

/** The record of an answer; null: none with an id is recognised. */
export function recordIn(body: Json, depth = 0): CrmRecord | null {
  if (!isRecord(body) || depth > DEEPEST) return null;
  if (idOf(body) !== null) return body;
  for (const name of WRAPPERS) {
    const found = Object.hasOwn(body, name) ? recordIn(body[name] ?? null, depth + 1) : null;
    if (found !== null) return found;
  }
  return null;
}

/** The list of an answer; null: there is none. */
export function listIn(body: Json, depth = 0): CrmRecord[] | null {
  if (Array.isArray(body)) return body.every(isRecord) ? body : null;
  if (!isRecord(body) || depth > DEEPEST) return null;
  for (const name of WRAPPERS) {
    const found = Object.hasOwn(body, name) ? listIn(body[name] ?? null, depth + 1) : null;
    if (found !== null) return found;
  }
  return null;
}

export function idOf(record: CrmRecord): string | null {
  const { id } = record;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id);
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : null;
}

/** Whether the record says these values already; ids and amounts may come back as text. */
export function holds(record: CrmRecord, values: CrmRecord): boolean {
  return Object.entries(values).every(
    ([name, value]) => Object.hasOwn(record, name) && spelled(record[name]) === spelled(value),
  );
}

function spelled(value: Json | undefined): string {
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isRecord(value: Json): value is CrmRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
