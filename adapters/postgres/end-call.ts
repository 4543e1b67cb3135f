import type pg from 'pg';
import type { AttemptRecord, CallOutcome, Calls } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import { CALL_COLUMNS, callOf, readCall } from './call-rows.ts';
import type { CallRow } from './call-rows.ts';
import { storable, storableJson } from './storable.ts';

/** A planned call ends here too, where nobody got as far as beginning it; then certainly nothing happened. */
const END: Statement = {
  name: 'call-end',
  text: `
    update calls k
    set state = case when k.state = 'planned' and $3 in ('unknown', 'timed_out') then 'failed' else $3 end,
        reason = case when k.state = 'planned' and $3 in ('unknown', 'timed_out') then 'never_called' else $4 end,
        result = $5, record_kind = $6, record_id = $7, ended_at = $8, deadline_at = null,
        request = case when $9 then $10 else k.request end, response = case when $9 then $11 else k.response end,
        status_code = case when $9 then $12 else k.status_code end,
        error = case when $9 then $13 else k.error end,
        response_ms = case when $9 then $14 else k.response_ms end
    where k.organisation_id = $1 and k.id = $2 and k.state in ('calling', 'planned')
    returning ${CALL_COLUMNS}`,
};

/**
 * No attempt is under way, so the next one need not wait: the deadline is past, or none where no attempt can have had
 * its effect. An older attempt, which comes back late, does not write over the one that began since.
 */
const NOTE: Statement = {
  name: 'call-note',
  text: `
    update calls
    set request = $3, response = $4, status_code = $5, error = $6, response_ms = $7,
        deadline_at = case when $8 then began_at end
    where organisation_id = $1 and id = $2 and state = 'calling' and attempts = $9`,
};

/** Ends a call and stores the event of it. Undefined: it had ended before, or was never there. */
export async function endRow(
  tenancy: Tenancy,
  callId: string,
  { state, reason, result, record }: CallOutcome,
  attempt: AttemptRecord | null,
  now: Date,
): Promise<CallRow | undefined> {
  const [row] = await tenancy.rows<CallRow>(END, [
    tenancy.organisationId,
    callId,
    state,
    reason,
    storableJson(result),
    record?.kind ?? null,
    record === undefined ? null : storable(record.id),
    now,
    attempt !== null,
    ...attemptValues(attempt),
  ]);
  if (row === undefined) return undefined;
  const what = row.state === 'succeeded' || row.state === 'unknown' ? row.state : 'failed';
  await storeCallEvents(tenancy, [callId], what, now);
  return row;
}

/** calling → its end; see `Calls.end`. @throws ParleyFailure CALL_UNKNOWN where the call was erased. */
export function makeEnd(pool: pg.Pool): Calls['end'] {
  return (ref, outcome, attempt, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const row =
        (await endRow(tenancy, ref.callId, outcome, attempt, now)) ?? (await readCall(tenancy, ref));
      if (row === undefined) throw new ParleyFailure('CALL_UNKNOWN');
      return callOf(row);
    });
}

export function makeNoteAttempt(pool: pg.Pool): Calls['noteAttempt'] {
  return (ref, attempt, _now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const values = [...attemptValues(attempt), attempt.inDoubt, attempt.attempt];
      await tenancy.lastRows(NOTE, [ref.organisationId, ref.callId, ...values]);
    });
}

function attemptValues(attempt: AttemptRecord | null): unknown[] {
  if (attempt === null) return [null, null, null, null, null];
  const { request, response, statusCode, error, durationMs } = attempt;
  return [
    request === null ? null : storableJson(request),
    response === null ? null : storableJson(response),
    statusCode,
    error === null ? null : storable(error),
    Math.round(durationMs),
  ];
}
