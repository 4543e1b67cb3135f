import { strict as assert } from 'node:assert';
import { openGatewayStores } from '../../adapters/postgres/index.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { seed } from '../../dev/seed.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import { completeAgentSettings, needsUnderstanding } from '../../domain/agent.ts';
import { ROLES } from '../../domain/role.ts';

const SECRETS = `k:${Buffer.alloc(32).toString('base64')}`;

describe('the example organisation', () => {
  it('RUN-1 is the same after every start, keys and secrets included, while the replies’ address may move', async () => {
    const database = await openTestDatabase();
    const options = {
      ...database,
      secretsKey: SECRETS,
      publicUrl: 'http://127.0.0.1:1',
      whatsappGraphUrl: 'http://127.0.0.1:2',
      webhookSinkUrl: 'http://127.0.0.1:3/sink/replies',
      bare: false,
    };
    // A bare start first: the channel gets its address when there is one.
    const bare = await seed({ ...options, webhookSinkUrl: null, bare: true });
    const first = await seed({ ...options, previous: bare });
    assert.deepEqual(first, bare);
    const second = await seed({
      ...options,
      previous: first,
      webhookSinkUrl: 'http://127.0.0.1:4/sink/replies',
    });
    assert.deepEqual(second, first);

    const stores = await openGatewayStores({
      url: database.appUrl,
      lookupUrl: database.lookupUrl,
      poolSize: 2,
      clock: { now: () => new Date() },
      secrets: openSecrets(SECRETS),
    });
    try {
      for (const role of ROLES) assert.equal((await stores.lookup.apiKey(first.keys[role]))?.role, role);
      const generic = await stores.lookup.channelIntegration(first.channels.generic);
      assert.equal(generic?.settings.reply_url, 'http://127.0.0.1:4/sink/replies');
      const admin = {
        organisationId: first.organisation,
        keyId: 'x',
        memberId: null,
        role: 'admin' as const,
      };
      const chosen = 'https://replies.example/here';
      await stores.settings.updateChannel(admin, first.channels.generic, { settings: { reply_url: chosen } });
      await seed({ ...options, previous: first });
      const kept = await stores.settings.channel(admin, first.channels.generic);
      assert.equal(kept?.settings.reply_url, chosen);
      assert.match(generic?.secrets.signing_secret ?? '', /^whsec_/);
      const whatsapp = await stores.lookup.channelIntegration(first.channels.whatsapp);
      assert.equal(whatsapp?.secrets.app_secret, first.secrets.whatsapp_app_secret);
      const caller = {
        organisationId: first.organisation,
        keyId: 'x',
        memberId: null,
        role: 'viewer' as const,
      };
      const agent = await stores.settings.agent(caller, first.agent);
      assert.equal(agent?.settings.waitTimeSeconds, 8);
      assert.ok(needsUnderstanding(completeAgentSettings(agent?.settings ?? {}), 0));

      // Whoever lost the remembered keys gets new ones; the lost ones stop working.
      const third = await seed(options);
      assert.deepEqual(
        [third.agent, third.channels, third.secrets],
        [first.agent, first.channels, first.secrets],
      );
      assert.notEqual(third.keys.admin, first.keys.admin);
      assert.equal(await stores.lookup.apiKey(first.keys.admin), null);
      assert.equal((await stores.lookup.apiKey(third.keys.admin))?.role, 'admin');
    } finally {
      await stores.close();
    }
  });
});
