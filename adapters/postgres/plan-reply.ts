import type pg from 'pg';
import type { Transcript, TurnStep } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { turnCause } from '../../contract/ids.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storable, storableJson } from './storable.ts';

/**
 * A text that passed the fence once and came back (`try_again`) gets a new id with its new words: the id is what a
 * receiver tells repeats by. `turn` is set only where the message answers the turn's customer messages.
 */
const PLAN: Statement = {
  name: 'plan',
  text: `
    with step as (
      insert into turn_steps (organisation_id, conversation_id, turn, kind, model, request, response,
        input_tokens, output_tokens, duration_ms, failure, at)
      select $1, $2, $12, $13, $14, $15, $16, $17, $18, $19, $20, $11
      where $13::text is not null
    )
    insert into outbound as o (organisation_id, channel_integration_id, conversation_id, cause, kind, text, epoch,
      turn, answers_seq, in_reply_to, state, planned_at, updated_at, escalates)
    select $1, c.channel_integration_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $21
    from conversations c where c.organisation_id = $1 and c.id = $2
    on conflict (organisation_id, conversation_id, cause, part) do update
      set id = case o.attempt when 0 then o.id else excluded.id end,
          kind = excluded.kind, text = excluded.text, epoch = excluded.epoch, turn = excluded.turn,
          answers_seq = excluded.answers_seq, in_reply_to = excluded.in_reply_to, failure_code = null,
          escalates = excluded.escalates,
          attempt = 0, planned_at = excluded.planned_at, updated_at = excluded.updated_at
      where o.state = 'planned' and o.answers_seq <= excluded.answers_seq
    returning o.id`,
};

const RECORD_STEP: Statement = {
  name: 'record-step',
  text: `
    insert into turn_steps (organisation_id, conversation_id, turn, kind, model, request, response,
      input_tokens, output_tokens, duration_ms, failure, at)
    values ($1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $3)`,
};

/**
 * A reply on its way, or ended, stands as it is: planning it again changes nothing. Neither does the plan of a late
 * retry that knows fewer messages than the one that stands.
 */
export function makePlan(pool: pg.Pool): Transcript['plan'] {
  return (ref, reply, step, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const written = await tenancy.lastRows(PLAN, [
        ref.organisationId,
        ref.conversationId,
        reply.cause,
        reply.kind,
        storable(reply.text),
        reply.epoch,
        reply.cause === turnCause(reply.turn) ? reply.turn : null,
        reply.answersSeq,
        reply.inReplyTo,
        'planned',
        now,
        ...(step === null ? [null, null, null, null, null, null, null, null, null] : stepValues(step)),
        reply.escalates ?? null,
      ]);
      return written.length > 0;
    });
}

export function makeRecordStep(pool: pg.Pool): Transcript['recordStep'] {
  return (ref, step, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      await tenancy.lastRows(RECORD_STEP, [ref.organisationId, ref.conversationId, now, ...stepValues(step)]);
    });
}

/** The same inside the transaction of what the step decided. */
export async function recordStep(
  tenancy: Tenancy,
  { conversationId }: ConversationRef,
  step: TurnStep,
  now: Date,
): Promise<void> {
  await tenancy.rows(RECORD_STEP, [tenancy.organisationId, conversationId, now, ...stepValues(step)]);
}

function stepValues(step: TurnStep): unknown[] {
  return [
    step.turn,
    step.kind,
    step.model,
    storableJson(step.request),
    storableJson(step.response),
    step.inputTokens,
    step.outputTokens,
    Math.round(step.durationMs),
    step.failure,
  ];
}
