import type pg from 'pg';
import type { Calls } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { makeBegin } from './begin-call.ts';
import { makeContext } from './call-context.ts';
import { CALL_COLUMNS, OF_ROUND, callOf, readCall } from './call-rows.ts';
import type { CallRow } from './call-rows.ts';
import { makeEnd, makeNoteAttempt } from './end-call.ts';
import { makeEndOfTurn } from './end-of-turn.ts';
import { makeCancel, makeConfirm, makeSupersede } from './open-calls.ts';
import { makePlanCalls, makePlanned } from './plan-calls.ts';
import { storable, storableJson } from './storable.ts';

const CALLS_OF_ROUND: Statement = {
  name: 'calls-of-round',
  text: `
    select ${CALL_COLUMNS} from calls k
    where k.organisation_id = $1 and k.conversation_id = $2 and k.turn = $3 and ${OF_ROUND}
      and k.state <> 'superseded'
    order by k.number`,
};

const OPEN: Statement = {
  name: 'call-open',
  text: `
    select ${CALL_COLUMNS} from calls k
    where k.organisation_id = $1 and k.conversation_id = $2 and k.state in ('gathering', 'awaiting_confirmation')`,
};

/** What is still being called, or brought no answer, may have happened as well (ACT-8). */
const MADE_BEFORE: Statement = {
  name: 'calls-made-before',
  text: `
    select k.turn = $3 as this_turn from calls k
    where k.organisation_id = $1 and k.conversation_id = $2 and k.digest = $4 and k.tool = $5
      and k.attempts > 0
      and (k.turn = $3 or k.turn < $3 and k.state in ('succeeded', 'unknown', 'calling', 'timed_out'))
    order by k.turn desc limit 1`,
};

const WAITING: Statement = {
  name: 'calls-waiting',
  text: `
    select ${CALL_COLUMNS} from calls k
    where k.organisation_id = $1 and k.conversation_id = $2 and k.state = 'awaiting_approval'
      and k.tool = $3 and k.digest = $4
    limit 1`,
};

const JUDGE: Statement = {
  name: 'call-judge',
  text: `
    update calls
    set state = $3, reason = $4, arguments = $5, confidence = $6, missing = $7, request = $8,
        ended_at = case $3 when 'planned' then null else $9::timestamptz end
    where organisation_id = $1 and id = $2 and origin = 'test' and state = 'planned' and attempts = 0`,
};

/** The ledger of side effects (DESIGN section 5). */
export function openCalls(pool: pg.Pool): Calls {
  return {
    plan: makePlanCalls(pool),
    planned: makePlanned(pool),
    confirm: makeConfirm(pool),
    cancel: makeCancel(pool),
    supersede: makeSupersede(pool),
    begin: makeBegin(pool),
    noteAttempt: makeNoteAttempt(pool),
    end: makeEnd(pool),
    endOfTurn: makeEndOfTurn(pool),
    context: makeContext(pool),

    ofRound: (ref, turn, round) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, turn, round];
        return (await tenancy.lastRows<CallRow>(CALLS_OF_ROUND, values)).map(callOf);
      }),

    open: (ref) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const [row] = await tenancy.lastRows<CallRow>(OPEN, [ref.organisationId, ref.conversationId]);
        return row === undefined ? null : callOf(row);
      }),

    waitingForApproval: (ref, { tool, digest }) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, tool, digest];
        const [row] = await tenancy.lastRows<CallRow>(WAITING, values);
        return row === undefined ? null : callOf(row);
      }),

    madeBefore: (ref, turn, { tool, digest }) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, turn, digest, tool];
        const [row] = await tenancy.lastRows<{ this_turn: boolean }>(MADE_BEFORE, values);
        if (row === undefined) return null;
        return row.this_turn ? 'this_turn' : 'earlier_turn';
      }),

    read: (ref) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const row = await readCall(tenancy, ref);
        return row === undefined ? null : callOf(row);
      }),

    judge: (ref, judged, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await tenancy.lastRows(JUDGE, [
          ref.organisationId,
          ref.callId,
          judged.state,
          judged.reason,
          storableJson(judged.arguments),
          judged.confidence,
          judged.missing.map(storable),
          judged.preview === null ? null : storableJson(judged.preview),
          now,
        ]);
      }),
  };
}
