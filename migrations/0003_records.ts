import type { Knex } from 'knex';

/** What is kept about what happened: events, the audit log, and answers to repeated requests. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table events (
      organisation_id uuid not null references organisations (id),
      number bigint generated always as identity,
      name text not null,
      conversation_id uuid,
      properties jsonb not null,
      at timestamptz not null,
      -- Given by the one publisher in the order of its reading: numbers alone lose what commits late (APR-7).
      published bigint,
      primary key (organisation_id, number),
      unique (organisation_id, published),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete set null (conversation_id)
    );
    create index events_of_conversation on events (organisation_id, conversation_id, number);
    create index events_unpublished on events (number) where published is null;
    -- Never goes back, whatever is deleted: a reader's position stays good. The same for all organisations, with gaps.
    create sequence events_published owned by events.published;
    call parley_protect('events');
    grant select, insert on events to parley_app;

    create table audit (
      organisation_id uuid not null references organisations (id),
      number bigint generated always as identity,
      actor text not null,
      action text not null,
      subject text,
      detail jsonb not null,
      -- the address the request came from
      source text,
      at timestamptz not null,
      -- of the chain that will tell an altered row
      previous_hash bytea,
      hash bytea,
      primary key (organisation_id, number)
    );
    call parley_protect('audit');
    -- Append-only (OBS-5): no update, no delete, for no login of ours.
    grant select, insert on audit to parley_app;

    create table idempotency_keys (
      organisation_id uuid not null,
      api_key_id uuid not null,
      key text not null,
      request_hash text not null,
      status integer,
      body json,
      begun_at timestamptz not null,
      primary key (organisation_id, api_key_id, key),
      foreign key (organisation_id, api_key_id) references api_keys (organisation_id, id)
    );
    call parley_protect('idempotency_keys');
    grant select, insert, update, delete on idempotency_keys to parley_app;
  `);
}
