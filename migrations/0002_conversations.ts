import type { Knex } from 'knex';

/**
 * Customers, their conversations, and the two ledgers: what entered (inbox) and what leaves (outbound).
 * conversations and inbox leave room in their pages, and their busy columns stay out of indexes, so that raising
 * a seq or marking a row taken rewrites no index.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table contacts (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      name text,
      phone text,
      summary text,
      -- The summary holds every message up to this time.
      summary_through timestamptz,
      created_at timestamptz not null,
      primary key (organisation_id, id),
      unique (organisation_id, channel_integration_id, id),
      foreign key (organisation_id, channel_integration_id)
        references channel_integrations (organisation_id, id)
    );
    call parley_protect('contacts');
    grant select, insert, update on contacts to parley_app;

    create table contact_identities (
      organisation_id uuid not null,
      channel_integration_id uuid not null,
      external_id text not null,
      contact_id uuid not null,
      -- 0 is the most stable id the provider has for the customer
      rank smallint not null,
      primary key (organisation_id, channel_integration_id, external_id),
      foreign key (organisation_id, channel_integration_id, contact_id)
        references contacts (organisation_id, channel_integration_id, id) on delete cascade
    );
    create index contact_identities_of_contact on contact_identities (organisation_id, contact_id, rank);
    call parley_protect('contact_identities');
    grant select, insert, update on contact_identities to parley_app;

    create table conversations (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      -- the integration's kind, which never changes
      channel text not null check (channel in ('generic', 'webchat', 'whatsapp', 'slack')),
      agent_id uuid not null,
      contact_id uuid not null,
      room text not null,
      status text not null default 'open' check (status in ('open', 'resolved')),
      owner text not null default 'agent' check (owner in ('agent', 'operator')),
      operator_id uuid,
      epoch integer not null default 1,
      last_seq integer not null default 0,
      last_message_seq integer not null default 0,
      last_position integer not null default 0,
      -- the last turn that began
      turn integer not null default 0,
      opened_at timestamptz not null,
      resolved_at timestamptz,
      last_message_at timestamptz,
      primary key (organisation_id, id),
      unique (organisation_id, channel_integration_id, room),
      -- The id comes second: a plan made without statistics must not take this for the key of a room.
      unique (organisation_id, id, channel_integration_id),
      foreign key (organisation_id, agent_id) references agents (organisation_id, id),
      foreign key (organisation_id, channel_integration_id, contact_id)
        references contacts (organisation_id, channel_integration_id, id) on delete cascade
    ) with (fillfactor = 70);
    create index conversations_newest on conversations (organisation_id, opened_at desc, id);
    create index conversations_of_contact on conversations (organisation_id, contact_id);
    call parley_protect('conversations');
    grant select, insert, update on conversations to parley_app;

    create table inbox (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      conversation_id uuid not null,
      kind text not null check (kind in
        ('message', 'take_over', 'hand_back', 'assign', 'reply', 'resolve', 'delivery_settled')),
      -- only messages have one
      provider_message_id text,
      seq integer not null,
      epoch integer not null,
      contact_id uuid,
      body jsonb,
      -- the outbound message that delivery_settled speaks of
      about uuid,
      -- who has the conversation by this take_over or assign; null where it waits in a queue
      operator_id uuid,
      sent_at timestamptz,
      received_at timestamptz not null,
      -- orders the message inside its turn and on the transcript
      at timestamptz not null,
      position integer,
      turn integer,
      taken_at timestamptz,
      settled_at timestamptz,
      settled_reason text,
      signalled_at timestamptz,
      signal_count integer not null default 0,
      primary key (organisation_id, id),
      unique (organisation_id, channel_integration_id, provider_message_id),
      unique (organisation_id, conversation_id, seq),
      check ((settled_at is null) = (settled_reason is null)),
      -- Checking these keys never touches the integration's row, which all its rooms share.
      foreign key (organisation_id, channel_integration_id, conversation_id)
        references conversations (organisation_id, channel_integration_id, id) on delete cascade,
      foreign key (organisation_id, channel_integration_id, contact_id)
        references contacts (organisation_id, channel_integration_id, id) on delete cascade
    ) with (fillfactor = 80);
    -- take and open; the relay's rows of one conversation
    create index inbox_open on inbox (organisation_id, conversation_id, seq) where settled_at is null;
    -- The relay's scan from the oldest. That a settled row moves inside its page no more is the price of the one above.
    create index inbox_by_age on inbox (received_at) where settled_at is null;
    -- history and transcript
    create index inbox_messages on inbox (organisation_id, conversation_id, at, seq) where kind = 'message';
    create index inbox_chat_lines on inbox (organisation_id, conversation_id, position)
      where position is not null;
    call parley_protect('inbox');
    grant select, insert, update on inbox to parley_app;

    create table outbound (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      channel_integration_id uuid not null,
      conversation_id uuid not null,
      cause text not null,
      part smallint not null default 0,
      kind text not null,
      text text not null,
      epoch integer not null,
      turn integer,
      answers_seq integer not null,
      in_reply_to text[] not null,
      state text not null check (state in
        ('planned', 'sending', 'sent', 'delivered', 'read', 'failed', 'refused', 'uncertain')),
      planned_at timestamptz not null,
      sending_at timestamptz,
      deadline_at timestamptz,
      sent_at timestamptz,
      updated_at timestamptz not null,
      provider_message_id text,
      failure_code text,
      -- how often it passed the fence
      attempt integer not null default 0,
      position integer,
      primary key (organisation_id, id),
      unique (organisation_id, conversation_id, cause, part),
      foreign key (organisation_id, channel_integration_id, conversation_id)
        references conversations (organisation_id, channel_integration_id, id) on delete cascade
    ) with (fillfactor = 80);
    create unique index outbound_by_provider_id
      on outbound (organisation_id, channel_integration_id, provider_message_id)
      where provider_message_id is not null;
    create index outbound_messages on outbound (organisation_id, conversation_id, planned_at, answers_seq, id);
    create index outbound_chat_lines on outbound (organisation_id, conversation_id, position)
      where position is not null;
    -- Only now is there a table to point at. The index is for the day a customer is erased, and messages are not in it.
    alter table inbox add foreign key (organisation_id, about)
      references outbound (organisation_id, id) on delete cascade;
    create index inbox_about on inbox (organisation_id, about) where about is not null;
    call parley_protect('outbound');
    grant select, insert, update on outbound to parley_app;

    create table turn_steps (
      organisation_id uuid not null,
      conversation_id uuid not null,
      number bigint generated always as identity,
      turn integer not null,
      kind text not null,
      model text,
      -- json and not jsonb: written on every turn, read when somebody looks
      request json,
      response json,
      input_tokens integer not null,
      output_tokens integer not null,
      duration_ms integer not null,
      failure text,
      at timestamptz not null,
      primary key (organisation_id, conversation_id, number),
      foreign key (organisation_id, conversation_id)
        references conversations (organisation_id, id) on delete cascade
    );
    call parley_protect('turn_steps');
    grant select, insert on turn_steps to parley_app;
  `);
}
