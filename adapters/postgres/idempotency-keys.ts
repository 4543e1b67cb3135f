import type pg from 'pg';
import type { IdempotencyKeys } from '../../api/ports.ts';
import type { Place, Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { storableJson } from './storable.ts';

/** An answer is kept for 24 h; a request that never finished (its process died) holds its key for a minute. */
const BEGIN: Statement = {
  name: 'idempotency-begin',
  text: `
    insert into idempotency_keys as known (organisation_id, api_key_id, key, request_hash, begun_at)
    values ($1, $2, $3, $4, $5)
    on conflict (organisation_id, api_key_id, key) do update
      set request_hash = excluded.request_hash, status = null, body = null, begun_at = excluded.begun_at
      where known.begun_at < excluded.begun_at - interval '24 h'
        or known.status is null and known.begun_at < excluded.begun_at - interval '60 s'
    returning 1`,
};

const READ: Statement = {
  name: 'idempotency-read',
  text: `
    select request_hash, status, body from idempotency_keys
    where organisation_id = $1 and api_key_id = $2 and key = $3`,
};

const FINISH: Statement = {
  name: 'idempotency-finish',
  text: `
    update idempotency_keys set status = $4, body = $5
    where organisation_id = $1 and api_key_id = $2 and key = $3`,
};

const FORGET: Statement = {
  name: 'idempotency-forget',
  text: 'delete from idempotency_keys where organisation_id = $1 and api_key_id = $2 and key = $3',
};

/** A key belongs to the API key that sent it: two programs may count from one. */
export function openIdempotencyKeys(pool: pg.Pool): IdempotencyKeys {
  return {
    begin: ({ organisationId, keyId }, key, requestHash, now) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const begun = await tenancy.rows(BEGIN, [organisationId, keyId, key, requestHash, now]);
        if (begun.length > 0) return { kind: 'fresh' };
        const [known] = await tenancy.rows<{ request_hash: string; status: number | null; body: unknown }>(
          READ,
          [organisationId, keyId, key],
        );
        // Forgotten between the two statements: the request it belonged to has just failed.
        if (known === undefined) return { kind: 'running' };
        if (known.request_hash !== requestHash) return { kind: 'other_body' };
        if (known.status === null) return { kind: 'running' };
        return { kind: 'answered', status: known.status, body: known.body };
      }),

    finish: ({ organisationId, keyId }, key, answer) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const place = [organisationId, keyId, key];
        if (answer === null) await tenancy.rows(FORGET, place);
        else await tenancy.rows(FINISH, [...place, answer.status, storableJson(answer.body)]);
      }),
  };
}

/** Seals an answer that shows a secret before it is remembered; `row` names whose it is, as `placeOfAnswer` has it. */
export function sealAnswers(secrets: Secrets): {
  seal(text: string, row: string): string;
  open(sealed: string, row: string): string;
} {
  return {
    seal: (text, row) => secrets.seal(text, placeOfAnswer(row)),
    open: (sealed, row) => secrets.open(sealed, placeOfAnswer(row)),
  };
}

/** `row`: organisation, API key and Idempotency-Key as a JSON array; what the gateway says when it seals. */
export function placeOfAnswer(row: string): Place {
  return { table: 'idempotency_keys', row, column: 'body' };
}
