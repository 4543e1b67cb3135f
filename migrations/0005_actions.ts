import type { Knex } from 'knex';

/**
 * What the agent may do besides talking: external actions and their versions, the ledger of calls, and the
 * connections with the CRM and with receivers of the builder's own.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table external_actions (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      action_name text not null,
      version integer not null default 1,
      is_active boolean not null default true,
      -- of the current version; the list is sorted by it
      priority integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      primary key (organisation_id, id),
      foreign key (organisation_id, channel_integration_id)
        references channel_integrations (organisation_id, id)
    );
    create unique index external_actions_by_name
      on external_actions (organisation_id, channel_integration_id, action_name) where deleted_at is null;
    create index external_actions_active
      on external_actions (organisation_id, channel_integration_id, priority desc, id)
      where is_active and deleted_at is null;
    create index external_actions_newest on external_actions (organisation_id, created_at desc, id);
    call parley_protect('external_actions');
    grant select, insert, update on external_actions to parley_app;

    -- A saved version never changes: a call runs as it was when the customer agreed to it.
    create table external_action_versions (
      organisation_id uuid not null,
      external_action_id uuid not null,
      version integer not null,
      -- ExternalAction without its secret
      definition jsonb not null,
      -- the sealed authentication value and signing secret by name
      secrets jsonb not null,
      created_at timestamptz not null,
      primary key (organisation_id, external_action_id, version),
      foreign key (organisation_id, external_action_id) references external_actions (organisation_id, id)
    );
    call parley_protect('external_action_versions');
    grant select, insert on external_action_versions to parley_app;
    -- What a version means stays for good; a rotation of the key only seals the same secrets anew, in their place.
    grant update (secrets) on external_action_versions to parley_app;

    create table calls (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      origin text not null check (origin in ('conversation', 'test', 'replay')),
      -- null for a builder's test
      conversation_id uuid,
      turn integer,
      round integer not null default 0,
      step integer not null default 0,
      -- counts through the turn, over all its rounds; part of the Idempotency-Key
      number integer,
      tool text not null,
      external_action_id uuid,
      external_action_version integer,
      proposal json,
      arguments json not null,
      digest text not null,
      reliability text not null check (reliability in ('keyed', 'lookup', 'none')),
      state text not null check (state in ('gathering', 'awaiting_confirmation', 'planned', 'calling', 'succeeded',
        'failed', 'timed_out', 'unknown', 'refused', 'cancelled', 'superseded')),
      reason text,
      result json,
      confidence real,
      message text not null,
      missing text[] not null default '{}',
      idempotency_key text not null,
      epoch integer,
      answers_seq integer,
      attempts integer not null default 0,
      planned_at timestamptz not null,
      began_at timestamptz,
      deadline_at timestamptz,
      ended_at timestamptz,
      -- of the last attempt, secrets redacted
      request json,
      response json,
      status_code integer,
      error text,
      response_ms integer,
      record_kind text check (record_kind in ('deal', 'ticket')),
      record_id text,
      -- the execution a replay repeats
      replay_of uuid,
      primary key (organisation_id, id),
      unique (organisation_id, conversation_id, turn, number),
      check (origin <> 'conversation' or (conversation_id is not null and turn is not null and number is not null)),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade,
      foreign key (organisation_id, external_action_id, external_action_version)
        references external_action_versions (organisation_id, external_action_id, version),
      foreign key (organisation_id, replay_of) references calls (organisation_id, id) on delete cascade
    ) with (fillfactor = 80);
    create unique index calls_open on calls (organisation_id, conversation_id)
      where state in ('gathering', 'awaiting_confirmation');
    create index calls_same on calls (organisation_id, conversation_id, digest);
    create index calls_log on calls (organisation_id, external_action_id, planned_at desc, id)
      where external_action_id is not null;
    create index calls_rate on calls (organisation_id, began_at) where began_at is not null;
    create index calls_replays on calls (organisation_id, replay_of) where replay_of is not null;
    call parley_protect('calls');
    grant select, insert, update on calls to parley_app;

    create table organization_connections (
      organisation_id uuid not null references organisations (id),
      code text not null,
      -- sealed
      auth_data text not null,
      version integer not null default 1,
      -- when the other side last refused what is sealed here; a new value clears it
      refused_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (organisation_id, code)
    );
    call parley_protect('organization_connections');
    grant select, insert, update, delete on organization_connections to parley_app;

    -- Whether there is more than one organisation (2 means more), which decides whether the environment's CRM key
    -- serves; an organisation cannot see the others.
    grant select (id) on organisations to parley_definer;
    create policy counted on organisations for select to parley_definer using (true);
    create function parley_count_organisations() returns integer
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select count(*)::integer from (select 1 from public.organisations limit 2) as counted;
    end;
    revoke all on function parley_count_organisations() from public;
    grant execute on function parley_count_organisations() to parley_app;
    grant create on schema public to parley_definer;
    alter function parley_count_organisations() owner to parley_definer;
    revoke create on schema public from parley_definer;
  `);
}
