import type { Knex } from 'knex';

/** How a nudge that never left ended, the limit on nudges, flows without an agent, and which Temporal we know. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- refused: planned, and overtaken before it left; it counts neither as fired nor as failed
    alter table idle_firings drop constraint idle_firings_outcome_check;
    alter table idle_firings add constraint idle_firings_outcome_check
      check (outcome in ('planned', 'fired', 'skipped', 'failed', 'refused'));

    -- Nudges that were planned, by the day in UTC. Spread over shards: one row would make all of them wait in line.
    create table proactive_counts (
      organisation_id uuid not null references organisations (id),
      day date not null,
      shard smallint not null,
      planned integer not null,
      primary key (organisation_id, day, shard)
    ) with (fillfactor = 50);
    call parley_protect('proactive_counts');
    grant select, insert, update on proactive_counts to parley_app;

    create table proactive_limits (
      organisation_id uuid not null primary key references organisations (id),
      -- set by an admin; null: what the days before say
      daily_limit integer check (daily_limit >= 0),
      -- since when nudges are held; null: they are not
      stopped_at timestamptz,
      -- what had been planned on the day of the last resume counts against the limit no more
      resumed_day date,
      resumed_planned integer not null default 0
    );
    call parley_protect('proactive_limits');
    grant select, insert, update on proactive_limits to parley_app;

    alter table channel_integrations
      add column default_idle_rule jsonb,
      -- people: no agent is asked, conversations open in the organisation's queue
      add column answered_by text not null default 'agent' check (answered_by in ('agent', 'people'));

    -- The installation's own: another id of the namespace tells that Temporal has lost every conversation.
    create table temporal_namespace (
      one boolean primary key default true check (one),
      name text not null,
      id text not null,
      -- while conversations are started again: those up to this one have been
      restarting boolean not null,
      restarted_organisation uuid,
      restarted_conversation uuid,
      updated_at timestamptz not null
    );
    grant select, insert, update on temporal_namespace to parley_jobs;
    grant select (status) on conversations to parley_jobs;
  `);
}
