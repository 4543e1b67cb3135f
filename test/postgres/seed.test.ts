import { strict as assert } from 'node:assert';
import { openGatewayStores } from '../../adapters/postgres/index.ts';
import { openExternalActionSettings } from '../../adapters/postgres/external-action-settings.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { seed } from '../../dev/seed.ts';
import { EXAMPLE_TOOLS } from '../../dev/seed-tools.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import { completeAgentSettings, needsUnderstanding } from '../../domain/agent.ts';
import { ROLES } from '../../domain/role.ts';
import { gateOf } from '../../domain/tool.ts';

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

  it('ACT-5 EXT-1 has people, tools and external actions that a person may change for good', async () => {
    const database = await openTestDatabase();
    const secrets = openSecrets(SECRETS);
    const clock = { now: () => new Date() };
    const options = {
      ...database,
      secretsKey: SECRETS,
      publicUrl: 'http://127.0.0.1:1',
      whatsappGraphUrl: 'http://127.0.0.1:2',
      webhookSinkUrl: 'http://127.0.0.1:3/sink/replies',
      bare: false,
    };
    const first = await seed(options);
    const stores = await openGatewayStores({
      url: database.appUrl,
      lookupUrl: database.lookupUrl,
      poolSize: 2,
      clock,
      secrets,
      crm: { hasAddress: true, hasKey: false },
    });
    const pool = openPool(database.appUrl, { max: 2 });
    try {
      const actions = openExternalActionSettings(pool, secrets, clock);
      const operator = await stores.lookup.apiKey(first.keys.operator);
      assert.ok(operator?.memberId);
      assert.equal((await stores.people.presence(operator))?.online, true);
      const page = { limit: 100, cursor: null };
      assert.equal((await stores.people.members(operator, page)).data.length, 3);
      const agent = await stores.settings.agent(operator, first.agent);
      assert.deepEqual(agent?.settings.tools, EXAMPLE_TOOLS);
      const gates = await stores.installation.gates(operator);
      for (const tool of EXAMPLE_TOOLS) assert.equal(gateOf(tool.nodeType, gates), null);
      assert.equal(await stores.connections.isCrmConnected(operator), true);

      const channel = first.channels.webchat;
      const { data } = await actions.list(operator, { channel }, page);
      assert.deepEqual(data.map(({ definition }) => definition.actionName).sort(), [
        'cancel_order',
        'create_order',
        'refund',
      ]);
      const gone = data.find(({ definition }) => definition.actionName === 'cancel_order');
      await actions.remove(operator, gone?.id ?? '');
      await stores.installation.setOrganisationFlags(operator, { ai_agent_action: false });
      await stores.settings.updateAgent(operator, first.agent, { settings: { tools: [] } });
      await stores.people.removeMember(operator, operator.memberId);
      await stores.connections.remove(operator, '__qontak_crm_company_token');

      await seed({ ...options, previous: first, webhookSinkUrl: 'http://127.0.0.1:4/sink/replies' });
      const after = await actions.list(operator, { channel }, page);
      assert.deepEqual(
        after.data.map(({ definition }) => [definition.actionName, definition.webhookUrl]).sort(),
        [
          ['create_order', 'http://127.0.0.1:4/sink/orders'],
          ['refund', 'http://127.0.0.1:4/sink/orders'],
        ],
      );
      assert.equal((await stores.people.members(operator, page)).data.length, 2);
      assert.deepEqual((await stores.settings.agent(operator, first.agent))?.settings.tools, []);
      assert.equal(
        (await stores.installation.gates(operator)).organisationFlags.has('ai_agent_action'),
        false,
      );
      assert.equal(await stores.connections.isCrmConnected(operator), false);
    } finally {
      await Promise.all([stores.close(), pool.end()]);
    }
  });
});
