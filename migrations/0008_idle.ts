import type { Knex } from 'knex';

/** What the customer's silence led to, and the switches that came with it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Once for each step of a sequence; it keeps the seq it saw, so that a race with a message can be judged afterwards.
    create table idle_firings (
      organisation_id uuid not null,
      conversation_id uuid not null,
      -- the message that the sequence counts from
      seen_seq integer not null,
      step smallint not null,
      action text not null check (action in ('follow_up', 'assign', 'resolve')),
      outcome text not null check (outcome in ('planned', 'fired', 'skipped', 'failed')),
      reason text,
      -- only one that failed is followed by another
      attempt smallint not null,
      -- that an assign made: while it lasts, the sequence's later steps go on (IDLE-9)
      epoch integer,
      -- what a repeat of the same firing is told
      verdict jsonb not null,
      at timestamptz not null,
      -- when it was noted that the customer wrote after it
      reset_at timestamptz,
      primary key (organisation_id, conversation_id, seen_seq, step),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade
    ) with (fillfactor = 80);
    call parley_protect('idle_firings');
    grant select, insert, update on idle_firings to parley_app;

    alter table feature_flags drop constraint feature_flags_name_check;
    alter table feature_flags add constraint feature_flags_name_check check (name in
      ('ai_agent_action', 'ai_agent_action_api', 'ai_agent_sequential_idle', 'actions_center'));
  `);
}
