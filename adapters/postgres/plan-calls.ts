import type pg from 'pg';
import type { CallStep, Calls, NewCall } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { idempotencyKey, turnCause } from '../../contract/ids.ts';
import { asOrganisation } from './as-organisation.ts';
import { askOperator } from './ask-operator.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import { CALL_COLUMNS, OF_ROUND, callOf } from './call-rows.ts';
import type { CallRow } from './call-rows.ts';
import { LAST_NUMBER, cancelOpen, lockForCalls, putAside } from './open-calls.ts';
import type { ConversationForCalls } from './open-calls.ts';
import { recordStep } from './plan-reply.ts';
import { IS_OUT } from './reply-left.ts';
import { storableJson } from './storable.ts';

const STANDING: Statement = {
  name: 'calls-of-step',
  text: `
    select ${CALL_COLUMNS} from calls k
    where k.organisation_id = $1 and k.conversation_id = $2 and k.turn = $3 and ${OF_ROUND} and k.step = $5
      and k.state <> 'superseded'
    order by k.round desc, k.number`,
};

const NUMBERED: Statement = { name: 'calls-last-number', text: `select (${LAST_NUMBER}) as number` };

const INSERT: Statement = {
  name: 'calls-plan',
  text: `
    insert into calls as k (organisation_id, origin, conversation_id, turn, round, step, epoch, answers_seq, planned_at,
      number, tool, external_action_id, external_action_version, proposal, arguments, digest, reliability, state,
      ended_at, reason, result, confidence, message, missing, needs_approval, idempotency_key)
    select $1, 'conversation', $2, $3, $4, $5, $6, $7, $8::timestamptz,
      n.number, n.tool, n.action_id, n.version, n.proposal, coalesce(n.arguments, 'null'), n.digest, n.reliability,
      n.state, case n.state when 'refused' then $8 end, n.reason, n.result, n.confidence, n.message, n.missing,
      n.needs_approval, n.key
    from json_to_recordset($9::json) as n (number integer, tool text, action_id uuid, version integer, proposal json,
      arguments json, digest text, reliability text, state text, reason text, result json, confidence real,
      message text, missing text[], needs_approval boolean, key text)
    returning ${CALL_COLUMNS}`,
};

/** Writes what a step of a turn decided; see `Calls.plan`. */
export function makePlanCalls(pool: pg.Pool): Calls['plan'] {
  return (ref, step, calls, trace, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const conversation = await lockForCalls(tenancy, ref.conversationId);
      if (conversation === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
      // The model was asked and paid, whatever becomes of its answer.
      if (trace !== null) await recordStep(tenancy, ref, trace, now);
      const earlier = await rowsOfStep(tenancy, ref, step);
      // Nobody would make what a late retry of a turn decides that a later one has overtaken, or another run of it answered.
      if (stands(earlier, step) || conversation.turn > step.turn || (await isAnswered(tenancy, ref, step)))
        return earlier.map(callOf);

      const rows = earlier.map(({ id }) => id);
      if (rows.length > 0)
        await putAside(tenancy, ref.conversationId, { turn: step.turn, beforeRound: 0, rows }, now);
      if (calls.some(waitsForCustomer)) await cancelOpen(tenancy, ref.conversationId, now);
      const inserted = await insert(tenancy, ref, step, calls, now);
      const planned: CallRow[] = [];
      for (const row of inserted) planned.push(await askedAbout(tenancy, conversation, row, now));
      const refused = inserted.filter(({ state }) => state === 'refused').map(({ id }) => id);
      await storeCallEvents(tenancy, refused, 'failed', now);
      return planned.map(callOf);
    });
}

const ANSWERED: Statement = {
  name: 'calls-turn-answered',
  text: `
    select from outbound
    where organisation_id = $1 and conversation_id = $2 and cause = $3 and part = 0
      and ${IS_OUT}`,
};

/** The turn's reply is on its way, or out. */
async function isAnswered(
  tenancy: Tenancy,
  { organisationId, conversationId }: ConversationRef,
  { turn }: CallStep,
): Promise<boolean> {
  return (await tenancy.rows(ANSWERED, [organisationId, conversationId, turnCause(turn)])).length > 0;
}

export function makePlanned(pool: pg.Pool): Calls['planned'] {
  return (ref, step) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const rows = await rowsOfStep(tenancy, ref, step);
      return stands(rows, step) ? rows.map(callOf) : [];
    });
}

/** A call that needs an operator's agreement is asked about in the very transaction that plans it (APR-5). */
async function askedAbout(
  tenancy: Tenancy,
  conversation: ConversationForCalls,
  row: CallRow,
  now: Date,
): Promise<CallRow> {
  return row.state === 'awaiting_approval' ? askOperator(tenancy, conversation, row, now) : row;
}

function rowsOfStep(tenancy: Tenancy, ref: ConversationRef, step: CallStep): Promise<CallRow[]> {
  const { turn, round } = step;
  return tenancy.rows<CallRow>(STANDING, [ref.organisationId, ref.conversationId, turn, round, step.step]);
}

/** Only what nobody has acted on gives way, and only to a decision that knows more, or that the fence would pass. */
function stands(rows: readonly CallRow[], step: CallStep): boolean {
  if (rows.length === 0) return false;
  const isTouched = (row: CallRow) => row.attempts > 0 || row.asked_at !== null || !UNTOUCHED.has(row.state);
  if (rows.some(isTouched)) return true;
  return !rows.some((row) => (row.answers_seq ?? 0) < step.answersSeq || (row.epoch ?? 0) < step.epoch);
}

const UNTOUCHED: ReadonlySet<string> = new Set(['gathering', 'awaiting_confirmation', 'planned', 'refused']);

function waitsForCustomer({ state }: NewCall): boolean {
  return state === 'gathering' || state === 'awaiting_confirmation';
}

async function insert(
  tenancy: Tenancy,
  ref: ConversationRef,
  step: CallStep,
  calls: readonly NewCall[],
  now: Date,
): Promise<CallRow[]> {
  if (calls.length === 0) return [];
  const { organisationId, conversationId } = ref;
  const { turn, round, epoch, answersSeq } = step;
  const [last] = await tenancy.rows<{ number: number }>(NUMBERED, [organisationId, conversationId, turn]);
  const rows = calls.map((call, n) => {
    const number = (last?.number ?? 0) + n + 1;
    return {
      number,
      tool: call.tool,
      action_id: call.externalAction?.id ?? null,
      version: call.externalAction?.version ?? null,
      proposal: call.proposal,
      arguments: call.arguments,
      digest: call.digest,
      reliability: call.reliability,
      state: call.state,
      reason: call.reason,
      result: call.result,
      confidence: call.confidence,
      message: call.message,
      missing: call.missing,
      needs_approval: call.needsApproval ?? false,
      key: idempotencyKey(conversationId, turn, number),
    };
  });
  const values = [organisationId, conversationId, turn, round, step.step, epoch, answersSeq, now];
  return tenancy.rows<CallRow>(INSERT, [...values, storableJson(rows)]);
}
