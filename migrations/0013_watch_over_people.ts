import type { Knex } from 'knex';

/** Customers who wait for a person (ESC-6), and what people write in the provider's own app. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Once for each stage of a wait, whatever is killed.
    create table human_watches (
      organisation_id uuid not null,
      conversation_id uuid not null,
      -- the change of hands, and the customer's message, that the wait began with
      epoch integer not null,
      seq integer not null,
      stage smallint not null check (stage between 0 and 2),
      outcome text not null check (outcome in ('reminded', 'rerouted', 'offered')),
      -- that giving it to somebody else made: while it lasts, the wait's later stages go on
      own_epoch integer,
      -- what a repeat of the same stage is told
      verdict jsonb not null,
      at timestamptz not null,
      primary key (organisation_id, conversation_id, epoch, seq, stage),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade
    );
    call parley_protect('human_watches');
    grant select, insert on human_watches to parley_app;

    -- When, and behind which turn, nobody had answered and the agent went on.
    alter table conversations
      add column offered_at timestamptz,
      add column offered_turn integer;

    -- What a person sent from the provider's own app, as what it is; null for words of ours.
    alter table outbound add column body jsonb;
  `);
}
