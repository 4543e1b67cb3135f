import { randomUUID } from 'node:crypto';
import { newApiKey } from '../../adapters/postgres/api-key.ts';
import { ROLES } from '../../domain/role.ts';
import type { Role } from '../../domain/role.ts';
import { eventually, type Journey } from '../journey/open-journey.ts';
import type { WalkIds } from '../api/walk-requests.ts';

/** An organisation with one row of its own in every table. */
export interface Peopled {
  ids: WalkIds;
  keys: Record<Role, string>;
}

/** Makes an organisation with a key of each role, as the administrator of the database. */
export async function makeOrganisation({ sql }: Journey): Promise<{ id: string; keys: Peopled['keys'] }> {
  const id = randomUUID();
  await sql('insert into organisations (id, name, created_at) values ($1, $2, now())', [id, `Other ${id}`]);
  const keys: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const { key, keyId, secretHash } = newApiKey();
    await sql(
      `insert into api_keys (organisation_id, key_id, secret_hash, name, role, created_at)
       values ($1, $2, $3, $4, $4, now())`,
      [id, keyId, secretHash, role],
    );
    keys[role] = key;
  }
  return { id, keys: keys as Peopled['keys'] };
}

/** Lets an organisation live through the API until each of its tables has rows: a message answered by a fallback. */
export async function people(
  journey: Journey,
  organisation: string,
  keys: Peopled['keys'],
): Promise<Peopled> {
  const make = async (path: string, role: Role, body: object) => {
    const headers = { 'idempotency-key': randomUUID() };
    const answer = await journey.call('POST', path, { as: { key: keys[role] }, body, headers });
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${answer.text}`);
    return answer.body['id'] as string;
  };
  const put = async (path: string, role: Role, body: object) => {
    const answer = await journey.call('PUT', path, { as: { key: keys[role] }, body });
    if (answer.status !== 200) throw new Error(`PUT ${path} answered ${answer.status}: ${answer.text}`);
  };
  const agent = await make('/v1/agents', 'builder', { name: 'Scratch', wait_time_seconds: 0 });
  const channel = (body: object) =>
    make('/v1/channels', 'admin', { name: 'Scratch', agent_id: agent, ...body });
  const generic = await channel({
    kind: 'generic',
    settings: { reply_url: `${journey.stage.standIns}/sink/${agent}` },
    secrets: { signing_secret: `whsec_${Buffer.alloc(24, agent).toString('base64')}` },
  });
  const webchat = await channel({ kind: 'webchat' });
  const whatsapp = await channel({
    kind: 'whatsapp',
    settings: { phone_number_id: String(BigInt(`0x${agent.slice(0, 8)}`)) },
    secrets: { app_secret: agent, verify_token: agent, access_token: agent },
  });
  const slack = await channel({ kind: 'slack', secrets: { signing_secret: agent, bot_token: agent } });
  const key = await make('/v1/keys', 'admin', { name: 'Scratch', role: 'viewer' });
  const signedIn = await journey.call('POST', '/v1/session', { body: { key: keys.viewer } });
  const session = signedIn.body['id'] as string;
  const member = await make('/v1/members', 'admin', { name: 'Scratch', role: 'operator' });
  const division = await make('/v1/divisions', 'admin', { name: `Scratch ${agent}`, members: [member] });
  await put('/v1/connections/scratch', 'admin', {
    type: 'bearer',
    origin: 'https://api.example.com',
    value: agent,
  });
  await put('/v1/feature-flags', 'admin', { ai_agent_action: false });
  await put('/v1/proactive', 'admin', { daily_limit: 5_000 });
  const components = `/v1/installation/organisations/${organisation}/components`;
  await put(`${components}/CP-QONTAKCRM-2025-0002`, 'owner', {});
  const external_action = await make('/v1/external-actions', 'builder', {
    channel_integration: generic,
    action_name: `scratch_${agent.slice(0, 8)}`,
    display_name: 'Scratch',
    webhook_url: 'https://example.com/scratch',
  });

  await journey.model('POST', '/control', { fail: [{ match: agent, status: 400, times: -1 }] });
  const posted = await journey.call('POST', `/v1/channels/${generic}/messages`, {
    as: { key: keys.gateway },
    body: { id: agent, room: agent, customer: { id: agent, name: 'Somebody' }, text: `Hello ${agent}` },
  });
  const conversation = posted.body['conversation_id'] as string;
  await eventually('the message is answered', async () => {
    const rows = await journey.sql('select id from outbound where conversation_id = $1 and state = $2', [
      conversation,
      'sent',
    ]);
    return rows.length === 1;
  });
  await journey.model('POST', '/control', { reset: true });
  const [call] = await journey.sql<{ id: string }>(
    `insert into calls (organisation_id, origin, conversation_id, turn, number, tool, external_action_id,
       external_action_version, arguments, digest, reliability, state, message, idempotency_key, planned_at, ended_at)
     values ($1, 'conversation', $2, 0, 0, 'external_action', $3::uuid, 1, '{}', $4, 'keyed', 'succeeded', 'Hello', $4,
       now(), now()) returning id`,
    [organisation, conversation, external_action, external_action],
  );
  const execution = call?.id ?? '';
  await journey.sql(
    `insert into idle_firings (organisation_id, conversation_id, seen_seq, step, action, outcome, attempt, verdict, at)
     values ($1, $2, 1, 0, 'follow_up', 'fired', 1, '{}', now())`,
    [organisation, conversation],
  );
  await journey.sql(
    `insert into human_watches (organisation_id, conversation_id, epoch, seq, stage, outcome, verdict, at)
     values ($1, $2, 1, 1, 0, 'reminded', '{"kind": "reminded"}', now())`,
    [organisation, conversation],
  );
  await journey.sql(
    `insert into proactive_counts (organisation_id, day, shard, planned) values ($1, current_date, 1, 1)`,
    [organisation],
  );
  await journey.sql(
    `insert into placeholders (organisation_id, channel_integration_id, conversation_id, turn, cause, state, begun_at,
       updated_at)
     values ($1, $2, $3, 1, 'turn:1', 'gone', now(), now())`,
    [organisation, generic, conversation],
  );
  const [action] = await journey.sql<{ id: string }>(
    `insert into actions (organisation_id, conversation_id, agent_id, contact_id, call_id, request_type,
       request_details, idempotency_key, created_at, expires_at)
     select $1, id, agent_id, contact_id, $3::uuid, 'refund_request', 'Twelve euros', $3, now(),
       now() + interval '1 day'
     from conversations where id = $2 returning id`,
    [organisation, conversation, execution],
  );
  const approval = action?.id ?? '';
  await journey.sql(
    `insert into approval_posts (organisation_id, action_id, target, state, begun_at, updated_at)
     values ($1, $2, 'U0NOBODY', 'failed', now(), now())`,
    [organisation, approval],
  );
  const [message] = await journey.sql<{ id: string }>(
    `insert into media (organisation_id, conversation_id, message_id, state, mime_type, size, sha256, bytes, at)
     select $1, $2, id, 'stored', 'image/png', 5, '\\x00', 'bytes', now()
     from inbox where conversation_id = $2 and kind = 'message' limit 1 returning message_id as id`,
    [organisation, conversation],
  );
  const media = message?.id ?? '';
  const settings = {
    media,
    agent,
    session,
    generic,
    webchat,
    whatsapp,
    slack,
    key,
    member,
    division,
    external_action,
  };
  return { ids: { organisation, conversation, execution, approval, ...settings }, keys };
}
