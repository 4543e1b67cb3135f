import type { Knex } from 'knex';

/**
 * Sessions of browsers (TEN-2): each stands on a key and ends with it; and how requests to operators reach Slack and
 * come back decided (APR-7).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table sessions (
      organisation_id uuid not null,
      id uuid not null default gen_random_uuid(),
      key_id uuid not null,
      -- in the cookie, beside a secret of which only the hash is kept
      token_id text not null,
      secret_hash bytea not null,
      created_at timestamptz not null,
      seen_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      primary key (organisation_id, id),
      unique (organisation_id, token_id),
      foreign key (organisation_id, key_id) references api_keys (organisation_id, id)
    );
    -- For the look-up that does not know the organisation yet; not unique, that would tell of others' sessions.
    create index sessions_by_token_id on sessions (token_id);
    create index sessions_newest on sessions (organisation_id, created_at desc, id);
    create index sessions_of_key on sessions (organisation_id, key_id);
    call parley_protect('sessions');
    grant select, insert, update, delete on sessions to parley_app;

    grant select (organisation_id, id, key_id, token_id, secret_hash, seen_at, expires_at, ended_at)
      on sessions to parley_definer;
    create policy looked_up on sessions for select to parley_definer using (true);
    create function parley_find_session(wanted text)
    returns table (organisation_id uuid, id uuid, secret_hash bytea, seen_at timestamptz, expires_at timestamptz,
                   ended_at timestamptz, key_id uuid, role text, member_id uuid, key_expires_at timestamptz,
                   key_revoked_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select s.organisation_id, s.id, s.secret_hash, s.seen_at, s.expires_at, s.ended_at, k.id, k.role, k.member_id,
        k.expires_at, k.revoked_at
      from public.sessions s
      join public.api_keys k on k.organisation_id = s.organisation_id and k.id = s.key_id
      where s.token_id = wanted;
    end;
    revoke all on function parley_find_session(text) from public;
    grant execute on function parley_find_session(text) to parley_lookup;
    grant create on schema public to parley_definer;
    alter function parley_find_session(text) owner to parley_definer;
    revoke create on schema public from parley_definer;

    -- Who presses buttons: one member for one user of the organisation's Slack.
    alter table members add column slack_user_id text;
    create unique index members_by_slack_user on members (organisation_id, slack_user_id)
      where slack_user_id is not null and deleted_at is null;

    -- The message on Slack that asks for a decision, one for each request.
    create table approval_posts (
      organisation_id uuid not null,
      action_id uuid not null,
      -- a channel or a user of the workspace
      target text not null,
      -- not_posted: no attempt is under way, and none has arrived
      state text not null check (state in ('not_posted', 'posting', 'posted', 'uncertain', 'failed')),
      provider_message_id text,
      failure_code text,
      -- the end that the message shows; null while it shows buttons
      shown text check (shown in ('approved', 'denied', 'cancelled', 'expired')),
      begun_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (organisation_id, action_id),
      foreign key (organisation_id, action_id) references actions (organisation_id, id) on delete cascade
    );
    call parley_protect('approval_posts');
    grant select, insert, update on approval_posts to parley_app;
  `);
}
