import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import type { Caller, ChannelRecord, NewChannel, Settings } from '../api/ports.ts';
import { hashSecret, parseApiKey } from '../adapters/postgres/api-key.ts';
import { asOrganisation } from '../adapters/postgres/as-organisation.ts';
import { openExternalActionSettings } from '../adapters/postgres/external-action-settings.ts';
import { openIntegrations } from '../adapters/postgres/integrations.ts';
import { openPeople } from '../adapters/postgres/people.ts';
import { openPool } from '../adapters/postgres/pool.ts';
import { openSettings } from '../adapters/postgres/settings.ts';
import { openSecrets } from '../adapters/secrets/secrets.ts';
import type { Secrets } from '../adapters/secrets/secrets.ts';
import { ROLES } from '../domain/role.ts';
import type { Role } from '../domain/role.ts';
import { ensureActions, ORDERS_SINK } from './seed-actions.ts';
import { EXAMPLE_AGENT } from './seed-agent.ts';
import { STAND_IN_TEAM } from './stand-ins/slack-settings.ts';
import { ensurePeople, giveKeyToPersonOnDuty } from './seed-people.ts';
import { ensureCrm, ensureTools } from './seed-tools.ts';

export interface SeedOptions {
  ownerUrl: string;
  appUrl: string;
  secretsKey: string;
  publicUrl: string;
  whatsappGraphUrl: string;
  /** Where the generic channel's replies go; null sends them nowhere. */
  webhookSinkUrl: string | null;
  bare: boolean;
  /** What an earlier seed returned: its keys stay good. */
  previous?: Seeded;
}

/** What a person or a test needs to use the example organisation. */
export interface Seeded {
  organisation: string;
  agent: string;
  channels: { generic: string; webchat: string; whatsapp: string; slack: string };
  keys: Record<Role, string>;
  secrets: {
    whatsapp_app_secret: string;
    whatsapp_verify_token: string;
    webhook_signing_secret: string;
    slack_signing_secret: string;
  };
}

/** The same in every installation, so that seeding twice finds it. */
const ORGANISATION = '00000000-0000-4000-8000-000000000001';
const SEEDER: Caller = { organisationId: ORGANISATION, keyId: 'seed', memberId: null, role: 'admin' };
const ALL = { limit: 100, cursor: null };

/**
 * Makes the example organisation, or what is missing of it. What a person changed stays, save the address for
 * replies, which moves with the stage's ports.
 */
export async function seed(options: SeedOptions): Promise<Seeded> {
  const pool = openPool(options.appUrl, { max: 2 });
  const secrets = openSecrets(options.secretsKey);
  const clock = { now: () => new Date() };
  const settings = openSettings(pool, secrets, clock);
  try {
    await ensureOrganisation(pool);
    const agent = await ensureAgent(settings);
    const { data: channels } = await settings.channels(SEEDER, ALL);
    const ensure = (channel: NewChannel) => ensureChannel(pool, settings, secrets, channels, channel);
    const generic = await ensure(genericChannel(agent, options.webhookSinkUrl));
    const webchat = await ensure({
      kind: 'webchat',
      name: 'Chat on the web page',
      agentId: agent,
      settings: {},
      secrets: { session_secret: randomBytes(32).toString('base64url') },
    });
    const whatsapp = await ensure(whatsappChannel(agent));
    const slack = await ensure(slackChannel(agent, options.bare));
    await ensureTools(pool, ORGANISATION, agent);
    await ensurePeople(pool, openPeople(pool, clock), SEEDER, !options.bare);
    if (!options.bare) await ensureCrm(pool, secrets, ORGANISATION);
    if (options.webhookSinkUrl !== null) {
      const receiver = new URL(`/sink/${ORDERS_SINK}`, options.webhookSinkUrl).href;
      const actions = openExternalActionSettings(pool, secrets, clock);
      for (const { id } of [generic, webchat, whatsapp, slack])
        await ensureActions(pool, actions, SEEDER, id, receiver);
    }
    const keys = await ensureKeys(pool, settings, options.previous?.keys);
    await giveKeyToPersonOnDuty(pool, ORGANISATION, keyName('operator'));
    return {
      organisation: ORGANISATION,
      agent,
      channels: { generic: generic.id, webchat: webchat.id, whatsapp: whatsapp.id, slack: slack.id },
      keys,
      secrets: {
        whatsapp_app_secret: whatsapp.secrets.app_secret ?? '',
        whatsapp_verify_token: whatsapp.secrets.verify_token ?? '',
        webhook_signing_secret: generic.secrets.signing_secret ?? '',
        slack_signing_secret: slack.secrets.signing_secret ?? '',
      },
    };
  } finally {
    await pool.end();
  }
}

async function ensureOrganisation(pool: pg.Pool): Promise<void> {
  const text = `insert into organisations (id, name, created_at) values ($1, 'Lampu Nusantara', $2)
    on conflict (id) do nothing`;
  await asOrganisation(pool, ORGANISATION, (tenancy) =>
    tenancy.rows({ name: 'seed-organisation', text }, [ORGANISATION, new Date()]),
  );
}

async function ensureAgent(settings: Settings): Promise<string> {
  const { data: agents } = await settings.agents(SEEDER, ALL);
  // The list is newest first; the example is the oldest.
  return (agents.at(-1) ?? (await settings.createAgent(SEEDER, EXAMPLE_AGENT))).id;
}

function genericChannel(agentId: string, sinkUrl: string | null): NewChannel {
  return {
    kind: 'generic',
    name: 'HTTP',
    agentId,
    settings: sinkUrl === null ? {} : { reply_url: sinkUrl },
    secrets: { signing_secret: `whsec_${randomBytes(24).toString('base64')}` },
  };
}

function whatsappChannel(agentId: string): NewChannel {
  return {
    kind: 'whatsapp',
    name: 'WhatsApp',
    agentId,
    settings: { phone_number_id: String(randomInt(1e14, 2e14)) },
    secrets: {
      access_token: randomBytes(24).toString('hex'),
      app_secret: randomBytes(16).toString('hex'),
      verify_token: randomBytes(16).toString('hex'),
    },
  };
}

/** Of the stand-in's workspace; without that of no one: whoever holds the signing secret may be its Slack. */
function slackChannel(agentId: string, bare: boolean): NewChannel {
  return {
    kind: 'slack',
    name: 'Slack',
    agentId,
    settings: bare ? {} : { team_id: STAND_IN_TEAM },
    secrets: {
      signing_secret: randomBytes(16).toString('hex'),
      bot_token: `xoxb-${randomBytes(16).toString('hex')}`,
    },
  };
}

const STAND_IN_SINK = /^http:\/\/127\.0\.0\.1:\d+\/sink\/replies$/;

/** The oldest channel of the kind, with its secrets in the clear. */
async function ensureChannel(
  pool: pg.Pool,
  settings: Settings,
  secrets: Secrets,
  channels: ChannelRecord[],
  wanted: NewChannel,
): Promise<{ id: string; secrets: Record<string, string> }> {
  const known = channels.findLast((channel) => channel.kind === wanted.kind);
  if (known === undefined) {
    const created = await settings.createChannel(SEEDER, wanted);
    if (created === null) throw new Error('the example agent is not there');
    return { id: created.id, secrets: wanted.secrets };
  }
  const replyUrl = wanted.settings.reply_url;
  const current = known.settings.reply_url;
  // Our own stand-in may be new here or have moved to another port; an address that a builder chose stays.
  const isOurs = current === undefined || STAND_IN_SINK.test(current);
  if (replyUrl !== undefined && isOurs && current !== replyUrl)
    await settings.updateChannel(SEEDER, known.id, { settings: { reply_url: replyUrl } });
  try {
    const stored = await openIntegrations(pool, secrets).settingsOf(ORGANISATION, known.id);
    return { id: known.id, secrets: stored?.secrets ?? {} };
  } catch {
    // The key they were sealed with is lost: an example may simply get new ones.
    await settings.updateChannel(SEEDER, known.id, { secrets: wanted.secrets });
    return { id: known.id, secrets: wanted.secrets };
  }
}

function keyName(role: Role): string {
  return `example ${role}`;
}

/** A key is stored as a hash only: who has lost it gets another, and the lost one is revoked. */
async function ensureKeys(
  pool: pg.Pool,
  settings: Settings,
  previous: Partial<Record<Role, string>> = {},
): Promise<Record<Role, string>> {
  const text = 'select id, key_id, secret_hash, role, name from api_keys where revoked_at is null';
  const stored = await asOrganisation(pool, ORGANISATION, (tenancy) =>
    tenancy.rows<StoredKey>({ name: 'seed-keys', text }, []),
  );
  const keys: Partial<Record<Role, string>> = {};
  for (const role of ROLES) {
    const name = keyName(role);
    const own = stored.filter((key) => key.name === name);
    const given = previous[role];
    if (given !== undefined && own.some((key) => key.role === role && isKey(key, given))) {
      keys[role] = given;
      continue;
    }
    keys[role] = (await settings.createKey(SEEDER, { name, role })).key;
    // Only now: the last admin key cannot be revoked, and an owner's by nobody but an owner.
    const revoker = role === 'owner' ? { ...SEEDER, role } : SEEDER;
    for (const lost of own) await settings.revokeKey(revoker, lost.id);
  }
  return keys as Record<Role, string>;
}

interface StoredKey {
  id: string;
  key_id: string;
  secret_hash: Buffer;
  role: Role;
  name: string;
}

function isKey(stored: StoredKey, key: string): boolean {
  const parsed = parseApiKey(key);
  return (
    parsed !== null &&
    parsed.keyId === stored.key_id &&
    timingSafeEqual(hashSecret(parsed.secret), stored.secret_hash)
  );
}
