import type { Knex } from 'knex';

/**
 * What stands in a customer's room until the answer replaces it, on channels that update in place (CHAN-3, CHAN-5):
 * posting → standing → taken (a message replaces it) or clearing (a neutral line does) → gone.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table placeholders (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      conversation_id uuid not null,
      -- the turn that announced itself with it; null where a message found none standing and posted its own
      turn integer,
      -- of the message it is meant for, then of the one that took it
      cause text not null,
      state text not null check (state in ('posting', 'standing', 'taken', 'clearing', 'gone')),
      -- null until somebody has heard how the posting ended
      provider_message_id text,
      begun_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (organisation_id, id),
      unique (organisation_id, conversation_id, turn),
      foreign key (organisation_id, channel_integration_id, conversation_id)
        references conversations (organisation_id, channel_integration_id, id) on delete cascade
    ) with (fillfactor = 80);
    -- one conversation's, whichever turn they are of; those that are gone are nobody's business any more
    create index placeholders_open on placeholders (organisation_id, conversation_id) where state <> 'gone';
    call parley_protect('placeholders');
    grant select, insert, update on placeholders to parley_app;
  `);
}
