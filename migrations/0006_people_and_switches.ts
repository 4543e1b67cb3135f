import type { Knex } from 'knex';

/** People and their divisions, whose queues conversations wait in, and the switches that decide who may use what (ACT-7). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table divisions (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      name text not null,
      created_at timestamptz not null,
      deleted_at timestamptz,
      primary key (organisation_id, id)
    );
    create unique index divisions_by_name on divisions (organisation_id, name) where deleted_at is null;
    call parley_protect('divisions');
    grant select, insert, update on divisions to parley_app;

    create table members (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      name text not null,
      role text not null check (role in ('admin', 'builder', 'operator', 'viewer')),
      -- how many conversations at once
      capacity integer not null default 10 check (capacity between 0 and 1000),
      online boolean not null default false,
      -- round robin: who was given a conversation longest ago is next
      last_assigned_at timestamptz,
      created_at timestamptz not null,
      deleted_at timestamptz,
      primary key (organisation_id, id)
    );
    create index members_newest on members (organisation_id, created_at desc, id);
    call parley_protect('members');
    grant select, insert, update on members to parley_app;

    create table division_members (
      organisation_id uuid not null,
      division_id uuid not null,
      member_id uuid not null,
      primary key (organisation_id, division_id, member_id),
      foreign key (organisation_id, division_id) references divisions (organisation_id, id),
      foreign key (organisation_id, member_id) references members (organisation_id, id)
    );
    create index division_members_of_member on division_members (organisation_id, member_id);
    call parley_protect('division_members');
    grant select, insert, delete on division_members to parley_app;

    alter table api_keys add column member_id uuid,
      add foreign key (organisation_id, member_id) references members (organisation_id, id);
    create index api_keys_of_member on api_keys (organisation_id, member_id) where member_id is not null;

    -- operator_id names the member who has it, or the key that took it over; a queue is named by division_id, null for
    -- the organisation's own.
    alter table conversations
      add column queued_at timestamptz,
      add column division_id uuid,
      add column tags text[] not null default '{}',
      add foreign key (organisation_id, division_id) references divisions (organisation_id, id);
    create index conversations_queued on conversations (organisation_id, queued_at) where queued_at is not null;
    create index conversations_of_operator on conversations (organisation_id, operator_id)
      where operator_id is not null and status = 'open';

    create table feature_flags (
      organisation_id uuid not null references organisations (id),
      name text not null check (name in ('ai_agent_action', 'ai_agent_action_api')),
      enabled boolean not null,
      updated_at timestamptz not null,
      primary key (organisation_id, name)
    );
    call parley_protect('feature_flags');
    grant select, insert, update on feature_flags to parley_app;

    create table subscribed_components (
      organisation_id uuid not null references organisations (id),
      code text not null,
      created_at timestamptz not null,
      primary key (organisation_id, code)
    );
    call parley_protect('subscribed_components');
    grant select, insert, delete on subscribed_components to parley_app;

    -- The installation's own (ACT-7): nobody's tenant, the same for all.
    create table installation_flags (
      name text primary key check (name in ('rollout_ai_agent_action')),
      enabled boolean not null,
      updated_at timestamptz not null
    );
    grant select, insert, update on installation_flags to parley_app;
    create table node_registries (
      node_type text primary key,
      enabled boolean not null,
      updated_at timestamptz not null
    );
    grant select, insert, update on node_registries to parley_app;
    insert into node_registries (node_type, enabled, updated_at)
    select node_type, true, timestamptz '2026-01-01'
    from unnest(array['qontak_crm_deal_create', 'qontak_crm_deal_update', 'qontak_crm_ticket_create',
      'qontak_crm_ticket_update', 'qontak_chat_room_assign', 'qontak_chat_room_resolve', 'qontak_chat_room_tag',
      'api']) as node_type;

    -- The look-up of a key tells whose it is, and a third function shows the installation's owner all organisations.
    drop function parley_find_api_key(text);
    grant select (member_id) on api_keys to parley_definer;
    create function parley_find_api_key(wanted text)
    returns table (organisation_id uuid, id uuid, secret_hash bytea, role text, member_id uuid,
                   expires_at timestamptz, revoked_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select k.organisation_id, k.id, k.secret_hash, k.role, k.member_id, k.expires_at, k.revoked_at
      from public.api_keys k where k.key_id = wanted;
    end;

    grant select (name, created_at) on organisations to parley_definer;
    create function parley_list_organisations(before timestamptz, before_id uuid, most integer)
    returns table (id uuid, name text, created_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select o.id, o.name, o.created_at from public.organisations o
      where before is null or (o.created_at, o.id) < (before, before_id)
      order by o.created_at desc, o.id desc limit most;
    end;

    revoke all on function parley_find_api_key(text) from public;
    revoke all on function parley_list_organisations(timestamptz, uuid, integer) from public;
    grant execute on function parley_find_api_key(text) to parley_lookup;
    grant execute on function parley_list_organisations(timestamptz, uuid, integer) to parley_lookup;
    grant create on schema public to parley_definer;
    alter function parley_find_api_key(text) owner to parley_definer;
    alter function parley_list_organisations(timestamptz, uuid, integer) owner to parley_definer;
    revoke create on schema public from parley_definer;
  `);
}
