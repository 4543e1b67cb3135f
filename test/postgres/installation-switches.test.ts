import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openConnectionSettings } from '../../adapters/postgres/connection-settings.ts';
import { openInstallation as openSwitches } from '../../adapters/postgres/installation.ts';
import { openLookup } from '../../adapters/postgres/lookup.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openSettings } from '../../adapters/postgres/settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import type { Caller } from '../../api/ports.ts';
import type { AgentTool } from '../../domain/tool.ts';
import { look, makeIntegration, NOW, openInstallation } from './installation.ts';

const secrets = openSecrets(`test:${Buffer.alloc(32, 7).toString('base64')}`);
const clock = { now: () => NOW };

describe('the installation and its switches', () => {
  let pool: pg.Pool;
  let lookupPool: pg.Pool;
  let close: () => Promise<void>;
  let owner: Caller;

  before(async () => {
    const installation = await openInstallation();
    pool = installation.pool;
    lookupPool = openPool(installation.database.lookupUrl, { max: 2 });
    close = async () => {
      await lookupPool.end();
      await installation.close();
    };
    const { organisationId } = await makeIntegration(pool);
    owner = { organisationId, keyId: randomUUID(), memberId: null, role: 'owner' };
  });
  after(() => close());

  const switches = () => openSwitches(pool, lookupPool, clock);
  const connections = (crm = { hasAddress: true, hasKey: false }) =>
    openConnectionSettings(pool, secrets, clock, crm);

  it('ACT-7 has every flag off and every node type on at first', async () => {
    const gates = await switches().gates(owner);
    assert.deepEqual(
      [gates.organisationFlags, gates.systemFlags, gates.components],
      [new Set(), new Set(), new Set()],
    );
    assert.equal(gates.enabledNodeTypes.size, 9);
  });

  // First of its kind in this file: it counts the organisations.
  it('ACT-2 lets the environment’s key serve an installation of one organisation only', async () => {
    const withKey = connections({ hasAddress: true, hasKey: true });
    assert.equal(await withKey.isCrmConnected(owner), true);
    assert.equal(await connections().isCrmConnected(owner), false);
    const other = await switches().createOrganisation(owner, 'Another');
    assert.equal(await withKey.isCrmConnected(owner), false);
    await withKey.save(owner, '__qontak_crm_company_token', { token: 'secret-token' });
    assert.equal(await withKey.isCrmConnected(owner), true);
    assert.equal(await withKey.isCrmConnected({ ...owner, organisationId: other.id }), false);
    assert.equal(await connections({ hasAddress: false, hasKey: true }).isCrmConnected(owner), false);
  });

  it('TEN-2 makes organisations with a first admin key, and lists all of them for the owner, page by page', async () => {
    const made = await switches().createOrganisation(owner, 'Toko Baru');
    const caller = await openLookup(lookupPool, secrets, clock).apiKey(made.key);
    assert.deepEqual([caller?.organisationId, caller?.role, caller?.memberId], [made.id, 'admin', null]);
    const seen: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await switches().organisations({ limit: 1, cursor });
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    assert.ok(seen.includes(made.id) && seen.includes(owner.organisationId));
    assert.equal(new Set(seen).size, seen.length);
    const audited = await look(pool, made.id, `select 1 from audit where action = 'organisation.created'`);
    assert.equal(audited.length, 1);
  });

  it('ACT-7 subscribes an organisation that is not the owner’s own, and writes it down there', async () => {
    const { id } = await switches().createOrganisation(owner, 'Subscriber');
    const code = 'CP-QONTAKCRM-2025-0005';
    assert.equal((await switches().subscribe(owner, id, code))?.code, code);
    assert.deepEqual(await switches().subscribe(owner, id, code), { code, createdAt: NOW });
    const theirs = { ...owner, organisationId: id };
    assert.deepEqual((await switches().gates(theirs)).components, new Set([code]));
    assert.deepEqual((await switches().gates(owner)).components, new Set());
    assert.notEqual(await switches().unsubscribe(owner, id, code), null);
    assert.equal(await switches().unsubscribe(owner, id, code), null);
    const audited = await look<{ action: string }>(
      pool,
      id,
      `select action from audit where subject = $1 order by number`,
      [code],
    );
    assert.deepEqual(
      audited.map(({ action }) => action),
      ['component.subscribed', 'component.unsubscribed'],
    );
    for (const nobody of [randomUUID(), 'x'])
      assert.deepEqual(
        [await switches().components(nobody), await switches().subscribe(owner, nobody, code)],
        [null, null],
      );
  });

  it('ACT-7 switches at once, the organisation its own and the owner everybody’s', async () => {
    const { id } = await switches().createOrganisation(owner, 'Switcher');
    const theirs: Caller = { ...owner, organisationId: id, role: 'admin' };
    await switches().setOrganisationFlags(theirs, { ai_agent_action: true });
    const on = await switches().setOrganisationFlags(theirs, { ai_agent_action_api: true });
    assert.deepEqual(on.organisationFlags, new Set(['ai_agent_action', 'ai_agent_action_api']));
    assert.deepEqual((await switches().gates(owner)).organisationFlags, new Set());
    await switches().setSystemFlags(owner, { rollout_ai_agent_action: true });
    await switches().setNodeType(owner, 'api', false);
    const gates = await switches().gates(theirs);
    assert.deepEqual(gates.systemFlags, new Set(['rollout_ai_agent_action']));
    assert.ok(!gates.enabledNodeTypes.has('api'));
    const audited = await look(
      pool,
      owner.organisationId,
      `select 1 from audit where action in ('system_flags.updated', 'node_registry.updated')`,
    );
    assert.equal(audited.length, 2);
  });

  it('TEN-3 seals a connection for its place, clears an earlier refusal, and keeps it out of the audit log', async () => {
    const store = connections();
    await store.save(owner, 'shop', {
      type: 'bearer',
      origin: 'https://api.example.com',
      value: 'secret-one',
    });
    await look(
      pool,
      owner.organisationId,
      `update organization_connections set refused_at = now() where code = 'shop'`,
    );
    await store.save(owner, 'shop', {
      type: 'api_key',
      origin: 'https://api.example.com',
      header: 'X-Shop',
      value: 'secret-two',
    });
    const [row] = await look<{ auth_data: string; version: number; refused_at: Date | null }>(
      pool,
      owner.organisationId,
      `select auth_data, version, refused_at from organization_connections where code = 'shop'`,
    );
    assert.deepEqual([row?.version, row?.refused_at], [2, null]);
    const place = { table: 'organization_connections', row: 'shop', column: 'auth_data' };
    const credential = {
      type: 'api_key',
      origin: 'https://api.example.com',
      header: 'X-Shop',
      value: 'secret-two',
    };
    assert.deepEqual(JSON.parse(secrets.open(row?.auth_data ?? '', place)), credential);
    const told = await look(pool, owner.organisationId, 'select * from audit');
    assert.ok(!JSON.stringify([told, await store.list(owner)]).includes('secret-'));
    assert.notEqual(await store.remove(owner, 'shop'), null);
    assert.equal(await store.remove(owner, 'shop'), null);
  });

  it('OBS-1 tells of each tool of an agent that is new or changed, and of no other', async () => {
    const settings = openSettings(pool, secrets, clock);
    const tag: AgentTool = {
      nodeType: 'qontak_chat_room_tag',
      fields: { zebra: 1, tags: ['new'] },
      requiresConfirmation: false,
    };
    const api: AgentTool = { nodeType: 'api', fields: { name: 'stock' }, requiresConfirmation: false };
    const agent = await settings.createAgent(owner, { name: 'Ada', settings: { tools: [tag] } });
    const told = async () =>
      (
        await look<{ properties: object }>(
          pool,
          owner.organisationId,
          `select properties from events where name = 'qontak_action_configured' order by number`,
        )
      ).map(({ properties }) => properties);
    const tagged = { node_type: 'qontak_chat_room_tag', agent_id: agent.id };
    assert.deepEqual(await told(), [tagged]);
    await settings.updateAgent(owner, agent.id, { settings: { tools: [api, tag] } });
    const added = { node_type: 'api', agent_id: agent.id };
    assert.deepEqual(await told(), [tagged, added]);
    await settings.updateAgent(owner, agent.id, { settings: { prompt: 'Other.' } });
    const stricter = { ...tag, requiresConfirmation: true };
    await settings.updateAgent(owner, agent.id, { settings: { tools: [stricter] } });
    assert.deepEqual(await told(), [tagged, added, tagged]);
  });

  it('VER-1 forgets a setting of an agent that is cleared', async () => {
    const settings = openSettings(pool, secrets, clock);
    const { id } = await settings.createAgent(owner, {
      name: 'Ada',
      settings: { model: 'm', temperature: 1 },
    });
    const cleared = await settings.updateAgent(owner, id, { cleared: ['model'] });
    assert.deepEqual([cleared?.settings.model, cleared?.settings.temperature], [undefined, 1]);
  });
});
