import type { Knex } from 'knex';

/**
 * The two logins that are not bound to one organisation. The look-up may call two functions and read no table;
 * the jobs see which rows wait and for whom, never a word: columns with words are not granted to them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Row-level security binds even a table's owner here, so the functions run as a role with policies of its own.
    grant select (organisation_id, id, key_id, secret_hash, role, expires_at, revoked_at)
      on api_keys to parley_definer;
    create policy looked_up on api_keys for select to parley_definer using (true);
    grant select (organisation_id, id, kind, agent_id, settings, secrets, version, active)
      on channel_integrations to parley_definer;
    create policy looked_up on channel_integrations for select to parley_definer using (true);

    create function parley_find_api_key(wanted text)
    returns table (organisation_id uuid, id uuid, secret_hash bytea, role text, expires_at timestamptz,
                   revoked_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select k.organisation_id, k.id, k.secret_hash, k.role, k.expires_at, k.revoked_at
      from public.api_keys k where k.key_id = wanted;
    end;

    create function parley_find_channel_integration(wanted uuid)
    returns table (organisation_id uuid, id uuid, kind text, agent_id uuid, settings jsonb, secrets jsonb,
                   version integer, active boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp
    begin atomic
      select c.organisation_id, c.id, c.kind, c.agent_id, c.settings, c.secrets, c.version, c.active
      from public.channel_integrations c where c.id = wanted;
    end;

    revoke all on function parley_find_api_key(text) from public;
    revoke all on function parley_find_channel_integration(uuid) from public;
    grant execute on function parley_find_api_key(text) to parley_lookup;
    grant execute on function parley_find_channel_integration(uuid) to parley_lookup;

    -- Handing a function over takes the right to create in its schema, for that moment only.
    grant create on schema public to parley_definer;
    alter function parley_find_api_key(text) owner to parley_definer;
    alter function parley_find_channel_integration(uuid) owner to parley_definer;
    revoke create on schema public from parley_definer;

    grant select (organisation_id, id, channel_integration_id, conversation_id, kind, seq, epoch, about, operator_id,
                  received_at, turn, taken_at, settled_at, settled_reason, signalled_at, signal_count)
      on inbox to parley_jobs;
    grant update (signalled_at, signal_count, settled_at, settled_reason) on inbox to parley_jobs;
    -- The second half of the condition lets the jobs see the row that they have just settled.
    create policy relayed on inbox for select to parley_jobs
      using (settled_at is null or settled_reason = 'conversation_not_running');
    create policy relay_marks on inbox for update to parley_jobs
      using (settled_at is null)
      with check (settled_at is null or settled_reason = 'conversation_not_running');

    grant select (organisation_id, id, channel_integration_id, channel, agent_id) on conversations to parley_jobs;
    create policy relayed on conversations for select to parley_jobs using (true);

    -- The publisher sees that there is an event and whose, and numbers it once.
    grant select (organisation_id, number, published), update (published) on events to parley_jobs;
    grant usage on sequence events_published to parley_jobs;
    create policy publisher_sees on events for select to parley_jobs using (true);
    create policy publisher_numbers on events for update to parley_jobs
      using (published is null) with check (published is not null);
  `);
}
