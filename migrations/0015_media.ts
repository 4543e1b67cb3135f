import type { Knex } from 'knex';

/**
 * Customers' files (CHAN-7), each under its message: a message holds one at most. No row: nobody has dealt with it yet.
 * The jobs see nothing of it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table media (
      organisation_id uuid not null,
      message_id uuid not null,
      conversation_id uuid not null,
      state text not null check (state in ('stored', 'refused')),
      -- why it was not kept
      refusal text,
      -- what the bytes are, not what they were said to be
      mime_type text,
      size integer check (size between 1 and 16777216),
      sha256 bytea,
      bytes bytea,
      -- null for what says nothing
      transcription text check (transcription in ('due', 'done', 'failed')),
      transcript text,
      at timestamptz not null,
      primary key (organisation_id, message_id),
      check ((state = 'stored') = (bytes is not null and mime_type is not null and size is not null
        and sha256 is not null)),
      check ((state = 'refused') = (refusal is not null)),
      check ((transcription is not distinct from 'done') = (transcript is not null)),
      foreign key (organisation_id, message_id) references inbox (organisation_id, id) on delete cascade,
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade
    );
    create index media_of_conversation on media (organisation_id, conversation_id);
    -- pictures, recordings and videos are packed already
    alter table media alter column bytes set storage external;
    call parley_protect('media');
    grant select, insert, update on media to parley_app;
  `);
}
