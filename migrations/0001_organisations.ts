import type { Knex } from 'knex';

/**
 * Organisations and what they configure. From here on every table of theirs goes through `parley_protect`, and
 * every unique key and foreign key names the organisation: keys see through row-level security, so without it a
 * row of one organisation could point at another's, or tell by a conflict that it exists.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create procedure parley_protect(protected regclass, organisation_column text default 'organisation_id')
    language plpgsql as $$
    begin
      execute format('alter table %s enable row level security', protected);
      execute format('alter table %s force row level security', protected);
      -- After its first transaction a connection has the setting as an empty string, not as null.
      execute format(
        'create policy own_organisation on %s
           using (%2$I = nullif(current_setting(''parley.organisation'', true), '''')::uuid)
           with check (%2$I = nullif(current_setting(''parley.organisation'', true), '''')::uuid)',
        protected, organisation_column);
    end
    $$;
    revoke all on procedure parley_protect(regclass, text) from public;

    create table organisations (
      id uuid primary key default gen_random_uuid(),
      name text not null,
      created_at timestamptz not null
    );
    call parley_protect('organisations', 'id');
    grant select, insert, update on organisations to parley_app;

    create table api_keys (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      key_id text not null,
      secret_hash bytea not null,
      name text not null,
      role text not null check (role in ('owner', 'admin', 'builder', 'operator', 'viewer', 'gateway')),
      created_at timestamptz not null,
      expires_at timestamptz,
      revoked_at timestamptz,
      primary key (organisation_id, id),
      unique (organisation_id, key_id)
    );
    -- For the look-up that does not know the organisation yet; not unique, that would tell of others' keys.
    create index api_keys_by_key_id on api_keys (key_id);
    create index api_keys_newest on api_keys (organisation_id, created_at desc, id);
    call parley_protect('api_keys');
    grant select, insert, update on api_keys to parley_app;

    create table agents (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      name text not null,
      settings jsonb not null,
      version integer not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (organisation_id, id)
    );
    create index agents_newest on agents (organisation_id, created_at desc, id);
    call parley_protect('agents');
    grant select, insert, update on agents to parley_app;

    create table channel_integrations (
      organisation_id uuid not null references organisations (id),
      id uuid not null default gen_random_uuid(),
      kind text not null check (kind in ('generic', 'webchat', 'whatsapp', 'slack')),
      name text not null,
      agent_id uuid not null,
      settings jsonb not null,
      -- name -> sealed value; the plain value never gets here
      secrets jsonb not null,
      version integer not null default 1,
      active boolean not null default true,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (organisation_id, id),
      foreign key (organisation_id, agent_id) references agents (organisation_id, id)
    );
    create index channel_integrations_by_id on channel_integrations (id);
    create index channel_integrations_newest on channel_integrations (organisation_id, created_at desc, id);
    call parley_protect('channel_integrations');
    grant select, insert, update on channel_integrations to parley_app;
  `);
}
