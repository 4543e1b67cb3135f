import type pg from 'pg';
import type { Calls, CancelReason } from '../../activities/ports.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import { askOperator } from './ask-operator.ts';
import type { AskingConversation } from './ask-operator.ts';
import { CALL_COLUMNS, readCall } from './call-rows.ts';
import type { CallRow } from './call-rows.ts';

const LOCK: Statement = {
  name: 'calls-lock',
  text: `
    select id, turn, owner, epoch, status, agent_id, contact_id from conversations
    where organisation_id = $1 and id = $2 for no key update`,
};

export type ConversationForCalls = AskingConversation & { turn: number };

/** What is planned, confirmed or put aside in a conversation happens one after the other. Undefined: it was erased. */
export async function lockForCalls(
  tenancy: Tenancy,
  conversationId: string,
): Promise<ConversationForCalls | undefined> {
  const [row] = await tenancy.rows<ConversationForCalls>(LOCK, [tenancy.organisationId, conversationId]);
  return row;
}

/**
 * $2 conversation, $3 turn. A number is spent when a row has it or a key was made of it: a confirmed call moves to
 * the turn of its yes and keeps the key of the turn that asked.
 */
export const LAST_NUMBER = `
  select coalesce(max(greatest(
    case when turn = $3 then number end,
    case when split_part(idempotency_key, ':', 2) = $3::text
      then split_part(idempotency_key, ':', 3)::integer end)), 0)
  from calls where organisation_id = $1 and conversation_id = $2 and origin = 'conversation'`;

const CONFIRM: Statement = {
  name: 'call-confirm',
  text: `
    update calls k
    set state = case when needs_approval then 'awaiting_approval' else 'planned' end, turn = $3, round = $5,
        step = $6, epoch = $7, answers_seq = $8, number = (${LAST_NUMBER}) + 1
    where organisation_id = $1 and conversation_id = $2 and id = $4
      and state in ('gathering', 'awaiting_confirmation') and planned_at >= $9
    returning ${CALL_COLUMNS}`,
};

/** A repeated confirmation, whose answer got lost, finds the call where the first put it. */
export function makeConfirm(pool: pg.Pool): Calls['confirm'] {
  return (ref, callId, step, notBefore, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      if (!isUuid(callId)) return false;
      const conversation = await lockForCalls(tenancy, ref.conversationId);
      if (conversation === undefined) return false;
      const { turn, round, epoch, answersSeq } = step;
      const [moved] = await tenancy.rows<CallRow>(CONFIRM, [
        ref.organisationId,
        ref.conversationId,
        turn,
        callId,
        round,
        step.step,
        epoch,
        answersSeq,
        notBefore,
      ]);
      if (moved?.state === 'awaiting_approval') await askOperator(tenancy, conversation, moved, now);
      if (moved !== undefined) return true;
      const row = await readCall(tenancy, { organisationId: ref.organisationId, callId });
      if (row === undefined || STILL_ASKED_OR_OVER.has(row.state)) return false;
      return row.conversation_id === ref.conversationId && row.turn === turn && row.round === round;
    });
}

const STILL_ASKED_OR_OVER: ReadonlySet<string> = new Set([
  'gathering',
  'awaiting_confirmation',
  'cancelled',
  'superseded',
]);

const CANCEL: Statement = {
  name: 'call-cancel',
  text: `
    update calls set state = 'cancelled', reason = $4, ended_at = $5
    where organisation_id = $1 and conversation_id = $2 and id = $3
      and state in ('gathering', 'awaiting_confirmation', 'planned')
    returning id`,
};

const CANCEL_OPEN: Statement = {
  name: 'call-cancel-open',
  text: `
    update calls set state = 'cancelled', reason = $3, ended_at = $4
    where organisation_id = $1 and conversation_id = $2 and state in ('gathering', 'awaiting_confirmation')
    returning id`,
};

export function makeCancel(pool: pg.Pool): Calls['cancel'] {
  return (ref, callId, reason, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      if (!isUuid(callId)) return;
      const values = [ref.organisationId, ref.conversationId, callId, reason, now];
      const cancelled = await tenancy.rows<{ id: string }>(CANCEL, values);
      await storeCallEvents(tenancy, ids(cancelled), 'cancelled', now);
    });
}

/** Makes room for another call to wait for the customer: there is one at most. */
export async function cancelOpen(tenancy: Tenancy, conversationId: string, now: Date): Promise<void> {
  const reason: CancelReason = 'replaced';
  const values = [tenancy.organisationId, conversationId, reason, now];
  const cancelled = await tenancy.rows<{ id: string }>(CANCEL_OPEN, values);
  await storeCallEvents(tenancy, ids(cancelled), 'cancelled', now);
}

const UNTOUCHED = `
  organisation_id = $1 and conversation_id = $2 and turn = $3 and attempts = 0
  and asked_at is null and state in ('planned', 'gathering', 'awaiting_confirmation')`;

/** Asked in an earlier turn: the customer's question still stands, only what answered it is read anew. */
const CONFIRMED_BEFORE = `(state = 'planned' and split_part(idempotency_key, ':', 2) <> $3::text)`;

const SUPERSEDE: Statement = {
  name: 'calls-supersede',
  text: `
    update calls set state = 'superseded', ended_at = $4
    where ${UNTOUCHED} and not ${CONFIRMED_BEFORE} and (round < $5 or id = any ($6::uuid[]))
      or organisation_id = $1 and id = any ($6) and state = 'refused' and attempts = 0`,
};

const REOPEN: Statement = {
  name: 'calls-reopen',
  text: `
    update calls set state = case when cardinality(missing) > 0 then 'gathering' else 'awaiting_confirmation' end
    where ${UNTOUCHED} and ${CONFIRMED_BEFORE} and (round < $4 or id = any ($5::uuid[]))
      and not exists (
        select from calls o
        where o.organisation_id = $1 and o.conversation_id = $2
          and o.state in ('gathering', 'awaiting_confirmation'))`,
};

/**
 * Puts aside what a turn that starts over had decided and not begun: of rounds before `beforeRound`, and the rows
 * named. A call that the customer had just agreed to waits for the customer again.
 */
export async function putAside(
  tenancy: Tenancy,
  conversationId: string,
  { turn, beforeRound, rows }: { turn: number; beforeRound: number; rows: readonly string[] },
  now: Date,
): Promise<void> {
  const key = [tenancy.organisationId, conversationId, turn];
  await tenancy.rows(SUPERSEDE, [...key, now, beforeRound, rows]);
  await tenancy.rows(REOPEN, [...key, beforeRound, rows]);
}

export function makeSupersede(pool: pg.Pool): Calls['supersede'] {
  return (ref, turn, beforeRound, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      await lockForCalls(tenancy, ref.conversationId);
      await putAside(tenancy, ref.conversationId, { turn, beforeRound, rows: [] }, now);
    });
}

function ids(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
