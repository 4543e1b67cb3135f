import type { Knex } from 'knex';

/** What waits for an operator's decision (APR-1, APR-2), and the row that tells a conversation of it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table actions (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      conversation_id uuid not null,
      agent_id uuid not null,
      contact_id uuid not null,
      -- the call that waits for this decision, single use; null for a request of the model's own
      call_id uuid,
      -- of that exact call: tool, arguments, version
      digest text,
      request_type text not null check (length(request_type) between 1 and 100),
      request_details text not null check (length(request_details) between 1 and 2000),
      request_data jsonb,
      status text not null default 'pending'
        check (status in ('pending', 'approved', 'denied', 'cancelled', 'expired')),
      priority text not null default 'medium' check (priority in ('low', 'medium', 'high', 'urgent')),
      user_response text,
      response_data jsonb,
      -- null while nobody has, and where time did
      decided_by text,
      -- of the call it came from: asking twice makes one request
      idempotency_key text not null,
      created_at timestamptz not null,
      -- when operators are reminded for the first time
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
    create index actions_of_conversation on actions (organisation_id, conversation_id);
    create index actions_of_contact on actions (organisation_id, contact_id, created_at);
    create index actions_of_call on actions (organisation_id, call_id) where call_id is not null;
    call parley_protect('actions');
    grant select, insert, update on actions to parley_app;

    -- What became of an action: the relay, which sees no actions, tells it too.
    alter table inbox
      add column action_id uuid,
      add column action_status text check (action_status in ('approved', 'denied', 'cancelled', 'expired')),
      add foreign key (organisation_id, action_id) references actions (organisation_id, id) on delete cascade,
      drop constraint inbox_kind_check,
      add constraint inbox_kind_check check (kind in ('message', 'take_over', 'hand_back', 'assign', 'reply', 'resolve',
        'delivery_settled', 'approval_outcome'));
    create index inbox_of_action on inbox (organisation_id, action_id) where action_id is not null;
    grant select (action_id, action_status) on inbox to parley_jobs;

    insert into node_registries (node_type, enabled, updated_at)
    values ('submit_action_request', true, timestamptz '2026-01-01')
    on conflict (node_type) do nothing;
  `);
}
