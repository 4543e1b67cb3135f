import type pg from 'pg';
import type { Ledger, SendOutcome } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { makePassFence } from './pass-fence.ts';
import { settleTurn } from './settle-turn.ts';

/**
 * Whoever called the channel knows best that it was sent, even if somebody thought otherwise meanwhile; only what a
 * status report said is not taken back. The provider's id is noted in any case, unless the provider gave it to
 * another message already: then it identifies nothing.
 */
const RECORD_SENT: Statement = {
  name: 'record-sent',
  text: `
    with moved as (
      update outbound o
      set state = case when o.state in ('planned', 'sending', 'uncertain', 'refused') then 'sent' else o.state end,
          sent_at = coalesce(o.sent_at, $4), updated_at = $4,
          provider_message_id = case
            when $5::text is null or exists (
              select from outbound other
              where other.organisation_id = $1 and other.channel_integration_id = o.channel_integration_id
                and other.provider_message_id = $5)
            then o.provider_message_id else $5 end
      where o.organisation_id = $1 and o.conversation_id = $2 and o.id = $3
      returning o.organisation_id, o.conversation_id, o.turn, o.answers_seq, o.state
    ),
    ${settleTurn({ at: '$4', reason: `case m.state when 'failed' then 'answer_failed' else 'answered' end` })}
    select state from moved`,
};

/** A late word of an attempt says nothing of the one that is under way by now ($6; null: whichever it was). */
const IS_ATTEMPT = '($6::integer is null or attempt = $6)';

const RECORD_FAILED: Statement = {
  name: 'record-failed',
  text: `
    with moved as (
      update outbound set state = 'failed', failure_code = $5, updated_at = $4
      where organisation_id = $1 and conversation_id = $2 and id = $3 and state in ('planned', 'sending', 'uncertain')
        and ${IS_ATTEMPT}
      returning organisation_id, conversation_id, turn, answers_seq, cause, failure_code, state
    ),
    ${settleTurn({ at: '$4', reason: `'answer_failed'` })},
    told as (
      insert into events (organisation_id, name, conversation_id, properties, at)
      select m.organisation_id, 'message_failed', m.conversation_id,
        jsonb_build_object('cause', m.cause, 'channel', c.channel, 'reason', m.failure_code), $4
      from moved m join conversations c on c.organisation_id = m.organisation_id and c.id = m.conversation_id
    )
    select state from moved
    union all
    select state from outbound
    where organisation_id = $1 and conversation_id = $2 and id = $3 and not exists (select from moved)`,
};

/** Nothing happened: a newer message or a person may still come between. */
const RECORD_TRY_AGAIN: Statement = {
  name: 'record-try-again',
  text: `
    update outbound set state = 'planned', deadline_at = null, failure_code = $5, updated_at = $4
    where organisation_id = $1 and conversation_id = $2 and id = $3 and state = 'sending' and ${IS_ATTEMPT}
    returning state`,
};

/**
 * It may have arrived: it stays on the wire, so that only the channel's own rule repeats it, word for word. The state it
 * answers is the one before: a report may have moved it already.
 */
const RECORD_UNKNOWN: Statement = {
  name: 'record-unknown',
  text: `
    with noted as (
      update outbound set failure_code = $5, updated_at = $4
      where organisation_id = $1 and conversation_id = $2 and id = $3 and state = 'sending'
    )
    select state from outbound where organisation_id = $1 and conversation_id = $2 and id = $3`,
};

/** A late word that nothing had happened leaves a row `planned` that nobody will send any more: that one failed. */
const GIVE_UP: Statement = {
  name: 'record-give-up',
  text: `
    with moved as (
      update outbound
      set state = case state when 'planned' then 'failed' else 'uncertain' end, updated_at = $4
      where organisation_id = $1 and conversation_id = $2 and id = $3 and state in ('planned', 'sending')
      returning id, organisation_id, conversation_id, turn, answers_seq, state
    ),
    ${settleTurn({ at: '$4', reason: `'answer_' || m.state` })},
    told as (
      insert into events (organisation_id, name, conversation_id, properties, at)
      select organisation_id, 'message_' || state, conversation_id, jsonb_build_object('message_id', id), $4
      from moved
    )
    select state from moved
    union all
    select state from outbound
    where organisation_id = $1 and conversation_id = $2 and id = $3 and state not in ('planned', 'sending')`,
};

/** The send ledger (DESIGN section 5). */
export function openLedger(pool: pg.Pool): Ledger {
  return {
    passFence: makePassFence(pool),

    record: (ref, outboundId, outcome, now, attempt) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const statement = statementOf(outcome);
        const values = [ref.organisationId, ref.conversationId, outboundId, now, detailOf(outcome)];
        const isOfAttempt = statement === RECORD_FAILED || statement === RECORD_TRY_AGAIN;
        const known = isOfAttempt ? [...values, attempt ?? null] : values;
        const [row] = await tenancy.lastRows<{ state: DeliveryState }>(statement, known);
        return row?.state ?? null;
      }),

    giveUpWaiting: (ref, outboundId, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const values = [ref.organisationId, ref.conversationId, outboundId, now];
        const [row] = await tenancy.lastRows<{ state: DeliveryState }>(GIVE_UP, values);
        if (row === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
        return row.state;
      }),
  };
}

function statementOf(outcome: SendOutcome): Statement {
  switch (outcome.kind) {
    case 'sent':
      return RECORD_SENT;
    case 'failed':
      return RECORD_FAILED;
    case 'try_again':
      return outcome.mayHaveArrived ? RECORD_UNKNOWN : RECORD_TRY_AGAIN;
    case 'unknown':
      return RECORD_UNKNOWN;
  }
}

function detailOf(outcome: SendOutcome): string | null {
  return outcome.kind === 'sent' ? outcome.providerMessageId : outcome.code;
}
