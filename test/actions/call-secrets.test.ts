import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openCallSecrets } from '../../adapters/postgres/call-secrets.ts';
import { openConnectionSettings } from '../../adapters/postgres/connection-settings.ts';
import { openExternalActionSettings } from '../../adapters/postgres/external-action-settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import type { Caller } from '../../api/ports.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { Authentication } from '../../domain/external-action.ts';
import { makeIntegration, openInstallation } from '../postgres/installation.ts';

const SIGNING = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

const ORIGIN = 'https://api.example.com';

describe('secrets of a call', () => {
  const secrets = openSecrets(`k1:${Buffer.alloc(32, 7).toString('base64')}`);
  const clock = { now: () => new Date('2026-01-01T00:00:00Z') };
  let installation: Awaited<ReturnType<typeof openInstallation>>;
  let pool: pg.Pool;
  let secretsOf: ReturnType<typeof openCallSecrets>;

  before(async () => {
    installation = await openInstallation();
    pool = installation.pool;
    secretsOf = openCallSecrets(pool, secrets);
  });
  after(() => installation.close());

  async function world() {
    const { organisationId, id: channelIntegrationId } = await makeIntegration(pool);
    const caller: Caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'admin' };
    const settings = openExternalActionSettings(pool, secrets, clock);
    return {
      organisationId,
      caller,
      connections: openConnectionSettings(pool, secrets, clock, { hasAddress: false, hasKey: false }),
      async action(
        authentication: Authentication,
        sealed: { authentication?: string; signing_secret?: string },
      ) {
        const definition = {
          ...DEFAULT_EXTERNAL_ACTION,
          trainingExamples: [],
          variables: [],
          actionName: `a_${randomUUID().replaceAll('-', '')}`,
          displayName: 'A',
          webhookUrl: 'https://shop.example/',
          authentication,
        };
        const result = await settings.create(caller, {
          channelIntegrationId,
          isActive: true,
          definition,
          secrets: sealed,
        });
        assert.ok(result.kind === 'saved');
        return { externalActionId: result.record.id, version: result.record.version };
      },
    };
  }

  it('EXT-1 opens the credential and the signing secret of that version', async () => {
    const { organisationId, action } = await world();
    const open = async (...given: Parameters<typeof action>) =>
      secretsOf(organisationId, await action(...given));
    assert.deepEqual(await open({ type: 'bearer' }, { authentication: 'b', signing_secret: SIGNING }), {
      authentication: { type: 'bearer', value: 'b' },
      signingSecret: SIGNING,
    });
    assert.deepEqual(await open({ type: 'api_key', header: 'X-Key' }, { authentication: 'k' }), {
      authentication: { type: 'api_key', header: 'X-Key', value: 'k' },
    });
    assert.deepEqual(await open({ type: 'none' }, {}), {});
    assert.equal(await open({ type: 'bearer' }, {}), null, 'never called without its credential');
  });

  it("TEN-1 opens no other organisation's secrets, nor what does not exist", async () => {
    const [mine, theirs] = [await world(), await world()];
    const ref = await theirs.action({ type: 'bearer' }, { authentication: 'b' });
    await theirs.connections.save(theirs.caller, 'shop', { type: 'bearer', origin: ORIGIN, value: 'b' });
    assert.notEqual(await secretsOf(theirs.organisationId, ref), null);
    for (const each of [
      ref,
      { ...ref, version: 2 },
      { externalActionId: 'no-uuid', version: 1 },
      { connection: 'shop' },
    ])
      assert.equal(await secretsOf(mine.organisationId, each), null);
  });

  it("ACT-9 opens a connection for its origin, but never the CRM's token for a builder's URL", async () => {
    const { organisationId, caller, connections } = await world();
    await connections.save(caller, 'shop', { type: 'api_key', origin: ORIGIN, header: 'X-Key', value: 'k' });
    await connections.save(caller, '__qontak_crm_company_token', { token: 't' });
    await connections.save(caller, 'bare', { token: 't' });
    assert.deepEqual(await secretsOf(organisationId, { connection: 'shop' }), {
      authentication: { type: 'api_key', header: 'X-Key', value: 'k' },
      onlyTo: ORIGIN,
    });
    for (const connection of ['__qontak_crm_company_token', 'bare', 'gone'])
      assert.equal(await secretsOf(organisationId, { connection }), null);
  });
});
