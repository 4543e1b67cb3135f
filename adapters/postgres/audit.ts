import type pg from 'pg';
import type { Audit, Caller, Decider } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storable, storableJson } from './storable.ts';

const WRITE: Statement = {
  name: 'audit-write',
  text: `
    insert into audit (organisation_id, actor, action, subject, detail, source, at)
    values ($1, $2, $3, $4, $5, $6, $7)`,
};

interface Entry {
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  source: string | null;
}

/** Writes an entry in the transaction of what it tells of (OBS-5). */
export async function writeAudit(tenancy: Tenancy, entry: Entry, now: Date): Promise<void> {
  const { actor, action, subject, detail, source } = entry;
  await tenancy.rows(WRITE, [
    tenancy.organisationId,
    actor,
    action,
    storable(subject),
    storableJson(detail),
    source,
    now,
  ]);
}

/** The entry of a change that somebody with a key made. */
export async function noteChange(
  tenancy: Tenancy,
  caller: Caller,
  change: { action: string; subject: string; detail?: Record<string, unknown> },
  now: Date,
): Promise<void> {
  await writeAudit(tenancy, { actor: actorOf(caller), source: null, detail: {}, ...change }, now);
}

export function actorOf(caller: Pick<Caller, 'keyId'>): string {
  return `key:${caller.keyId}`;
}

/** Who decided: the person, where one is known, otherwise the key. */
export function deciderOf(decider: Decider): string {
  if (decider.keyId === null) return `member:${decider.memberId}`;
  return decider.memberId === null ? actorOf(decider) : `member:${decider.memberId}`;
}

export function openAudit(pool: pg.Pool, clock: { now(): Date }): Audit {
  return {
    refused: ({ organisationId, action, subject, from, detail }) =>
      asOrganisation(pool, organisationId, (tenancy) =>
        writeAudit(tenancy, { actor: 'unknown', action, subject, detail, source: from }, clock.now()),
      ),
  };
}
