import type { Knex } from 'knex';

/** Calls that wait for an operator (APR-5): the call's own state, and what the action keeps of the exact call. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table calls
      -- the builder's rule said so when the call was planned
      add column needs_approval boolean not null default false,
      -- when an operator was asked: from then on the turn has acted
      add column asked_at timestamptz,
      drop constraint calls_state_check,
      add constraint calls_state_check check (state in ('gathering', 'awaiting_confirmation', 'awaiting_approval',
        'planned', 'calling', 'succeeded', 'failed', 'timed_out', 'unknown', 'refused', 'cancelled', 'superseded'));
    create index calls_asked on calls (organisation_id, conversation_id) where state = 'awaiting_approval';

    alter table actions
      add column on_new_message text not null default 'keep'
        check (on_new_message in ('keep', 'ask_again', 'withdraw')),
      -- both only where an operator edited the call: what had been proposed
      add column proposed_digest text,
      add column proposed_arguments json;
  `);
}
