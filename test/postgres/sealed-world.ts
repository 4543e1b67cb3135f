import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { once } from '../../api/idempotency.ts';
import type { Gateway } from '../../api/gateway.ts';
import type { Caller } from '../../api/ports.ts';
import { openCallSecrets } from '../../adapters/postgres/call-secrets.ts';
import { openConnectionSettings } from '../../adapters/postgres/connection-settings.ts';
import { openCompanyTokens } from '../../adapters/postgres/company-token.ts';
import { openExternalActionSettings } from '../../adapters/postgres/external-action-settings.ts';
import { openIdempotencyKeys, sealAnswers } from '../../adapters/postgres/idempotency-keys.ts';
import { openIntegrations } from '../../adapters/postgres/integrations.ts';
import { openSettings } from '../../adapters/postgres/settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import { makeIntegration } from './installation.ts';

const clock = { now: () => new Date() };
const CHANNEL = { access_token: 'token', app_secret: 'app', verify_token: 'verify' };
const ACTION = { authentication: 'bearer', signing_secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' };
const ORIGIN = 'https://api.example.com';
const ANSWER = { status: 201, body: { key: 'shown once' } };

/** An organisation that has something sealed wherever the product seals, in every way of the product's own. */
export interface SealedWorld {
  organisationId: string;
  channel: string;
  externalAction: string;
  /** Fails where one of its values does not open with these keys. */
  opensWith(secretsKey: string): Promise<void>;
}

export async function sealedWorld(pool: pg.Pool, secretsKey: string): Promise<SealedWorld> {
  const secrets = openSecrets(secretsKey);
  const { organisationId, agentId } = await makeIntegration(pool);
  const settings = openSettings(pool, secrets, clock);
  const byAdmin: Caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'admin' };
  const { id: keyId } = await settings.createKey(byAdmin, { name: 'k', role: 'admin' });
  const caller = { ...byAdmin, keyId };

  const made = { kind: 'whatsapp' as const, name: 'W', agentId, settings: {}, secrets: CHANNEL };
  const channel = await settings.createChannel(caller, made);
  assert.ok(channel !== null);

  const actions = openExternalActionSettings(pool, secrets, clock);
  const created = await actions.create(caller, {
    channelIntegrationId: channel.id,
    isActive: true,
    secrets: ACTION,
    definition: {
      ...DEFAULT_EXTERNAL_ACTION,
      trainingExamples: [],
      variables: [],
      actionName: 'order',
      displayName: 'Order',
      webhookUrl: 'https://shop.example/',
      authentication: { type: 'bearer' },
    },
  });
  assert.ok(created.kind === 'saved');
  const { id: externalAction, definition } = created.record;
  const priority = { definition: { ...definition, priority: 1 }, secrets: {}, changed: [] };
  assert.equal((await actions.update(caller, externalAction, 1, priority)).kind, 'saved');

  const crm = { hasAddress: false, hasKey: false };
  const connections = openConnectionSettings(pool, secrets, clock, crm);
  await connections.save(caller, 'shop', { type: 'bearer', origin: ORIGIN, value: 'credential' });
  await openCompanyTokens(pool, secrets).save(organisationId, 'company', clock.now());

  const answered = (key: string, run: () => Promise<typeof ANSWER>) =>
    once(
      { key: 'order-1', caller, place: 'POST /v1/keys', params: {}, bytes: undefined, secret: true },
      run,
      {
        idempotency: openIdempotencyKeys(pool),
        clock,
        options: { sealAnswer: sealAnswers(openSecrets(key)), log: { info() {}, warn: fail, error: fail } },
      } as unknown as Gateway,
    );
  await answered(secretsKey, () => Promise.resolve(ANSWER));

  return {
    organisationId,
    channel: channel.id,
    externalAction,
    async opensWith(key) {
      const opened = openSecrets(key);
      const integration = await openIntegrations(pool, opened).settingsOf(organisationId, channel.id);
      assert.deepEqual(integration?.secrets, CHANNEL);
      const secretsOf = openCallSecrets(pool, opened);
      for (const version of [1, 2]) {
        const told = await secretsOf(organisationId, { externalActionId: externalAction, version });
        assert.equal(told?.signingSecret, ACTION.signing_secret);
        assert.deepEqual(told?.authentication, { type: 'bearer', value: ACTION.authentication });
      }
      const shop = await secretsOf(organisationId, { connection: 'shop' });
      assert.deepEqual(shop?.authentication, { type: 'bearer', value: 'credential' });
      assert.equal((await openCompanyTokens(pool, opened).read(organisationId))?.token, 'company');
      assert.deepEqual(await answered(key, () => fail()), ANSWER);
    },
  };
}

function fail(): never {
  throw new Error('was not to be called');
}

/** Tables in which any value names the key, seen as the superuser: row-level security hides nothing. */
export async function tablesNaming(owner: pg.Client, keyId: string): Promise<Record<string, number>> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const text = `select count(*)::integer as rows from ${name} t where strpos(t::text, $1) > 0`;
    const { rows } = await owner.query<{ rows: number }>(text, [`v1.${keyId}.`]);
    if (rows[0] !== undefined && rows[0].rows > 0) found[name] = rows[0].rows;
  }
  return found;
}
