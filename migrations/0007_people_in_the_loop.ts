import type { Knex } from 'knex';

/** Silence, escalation and approval: what waits for a person, and since when. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table conversations
      add column escalated_at timestamptz,
      add column escalation_reason text,
      -- the last notice that a person was called; one per quiet period
      add column escalation_noticed_at timestamptz,
      -- the epoch that a sequence's own assign step made: its later steps go on until a person answers (IDLE-9)
      add column idle_epoch integer;
    create index conversations_escalated on conversations (organisation_id, escalated_at)
      where escalated_at is not null;

    -- What a silence led to, once for each step; it keeps the seq it saw, so that a race can be judged afterwards.
    create table idle_firings (
      organisation_id uuid not null,
      conversation_id uuid not null,
      seen_seq integer not null,
      step smallint not null,
      action text not null check (action in ('follow_up', 'assign', 'resolve')),
      outcome text not null check (outcome in ('planned', 'fired', 'skipped', 'failed')),
      reason text,
      -- what a repeat of the same firing is told
      verdict jsonb not null,
      at timestamptz not null,
      primary key (organisation_id, conversation_id, seen_seq, step),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade
    );
    call parley_protect('idle_firings');
    grant select, insert, update on idle_firings to parley_app;

    create table actions (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      conversation_id uuid not null,
      agent_id uuid not null,
      contact_id uuid not null,
      -- the call that waits for this decision, single use; null for a request of the model's own
      call_id uuid,
      -- of the exact call: tool, arguments, version
      digest text,
      request_type text not null check (length(request_type) between 1 and 100),
      request_details text not null check (length(request_details) between 1 and 2000),
      request_data jsonb,
      status text not null default 'pending'
        check (status in ('pending', 'approved', 'denied', 'cancelled', 'expired')),
      priority text not null default 'medium' check (priority in ('low', 'medium', 'high', 'urgent')),
      user_response text,
      response_data jsonb,
      decided_by text,
      -- of the call it came from: asking twice makes one request
      idempotency_key text not null,
      created_at timestamptz not null,
      remind_at timestamptz,
      expires_at timestamptz not null,
      resolved_at timestamptz,
      primary key (organisation_id, id),
      unique (organisation_id, idempotency_key),
      check ((status = 'pending') = (resolved_at is null)),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade,
      foreign key (organisation_id, agent_id) references agents (organisation_id, id),
      foreign key (organisation_id, contact_id) references contacts (organisation_id, id) on delete cascade,
      foreign key (organisation_id, call_id) references calls (organisation_id, id) on delete cascade
    );
    create index actions_newest on actions (organisation_id, created_at desc, id);
    create index actions_pending on actions (organisation_id, conversation_id) where status = 'pending';
    create index actions_of_contact on actions (organisation_id, contact_id, created_at);
    create index actions_of_call on actions (organisation_id, call_id) where call_id is not null;
    call parley_protect('actions');
    grant select, insert, update on actions to parley_app;
  `);
}
