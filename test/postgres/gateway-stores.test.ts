import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Caller } from '../../api/ports.ts';
import { openGatewayStores, openTurnStores } from '../../adapters/postgres/index.ts';
import type { GatewayStores, TurnStores } from '../../adapters/postgres/index.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { NOW, later, look, makeIntegration, openInstallation, textMessage } from './installation.ts';

const PAGE = { limit: 2, cursor: null };

describe('the gateway’s stores', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;
  let stores: GatewayStores;
  let turns: TurnStores;
  let now = NOW;
  let caller: Caller;
  let agentId: string;

  before(async () => {
    ({ pool, close, database } = await openInstallation());
    const options = {
      url: database.appUrl,
      poolSize: 5,
      clock: { now: () => now },
      secrets: openSecrets(`k:${Buffer.alloc(32).toString('base64')}`),
    };
    stores = await openGatewayStores({ ...options, lookupUrl: database.lookupUrl });
    turns = await openTurnStores(options);
  });
  after(async () => {
    await Promise.all([stores.close(), turns.close()]);
    await close();
  });

  beforeEach(async () => {
    now = NOW;
    const integration = await makeIntegration(pool);
    caller = {
      organisationId: integration.organisationId,
      keyId: randomUUID(),
      memberId: null,
      role: 'admin',
    };
    agentId = integration.agentId;
  });

  const newChannel = (more: object = {}) => ({
    kind: 'whatsapp' as const,
    name: 'Phone',
    agentId,
    settings: { phone_number_id: '1' },
    secrets: { access_token: 'canary-token', app_secret: 'canary-secret' },
    ...more,
  });

  describe('keys', () => {
    it('TEN-2 knows a key by its secret until it is revoked, and stores no secret', async () => {
      const created = await stores.settings.createKey(caller, { name: 'CI', role: 'gateway' });
      const known = {
        organisationId: caller.organisationId,
        keyId: created.id,
        memberId: null,
        role: 'gateway',
      };
      assert.deepEqual(await stores.lookup.apiKey(created.key), known);
      const stored = await look(pool, caller.organisationId, 'select * from api_keys');
      const secret = created.key.split('_').slice(2).join('_');
      assert.ok(!JSON.stringify(stored).includes(secret));
      assert.deepEqual(
        (await stores.settings.keys(caller, PAGE)).data.map(({ id, role }) => [id, role]),
        [[created.id, 'gateway']],
      );
      const revoked = await stores.settings.revokeKey(caller, created.id);
      assert.ok(typeof revoked === 'object');
      assert.deepEqual(revoked?.revokedAt, NOW);
      assert.equal(await stores.lookup.apiKey(created.key), null);
      now = later(10);
      assert.deepEqual(await stores.settings.revokeKey(caller, created.id), revoked);
    });

    it('TEN-2 lets only an owner revoke an owner', async () => {
      const owner: Caller = { ...caller, role: 'owner' };
      const created = await stores.settings.createKey(owner, { name: 'first', role: 'owner' });
      assert.equal(await stores.settings.revokeKey({ ...caller, role: 'admin' }, created.id), null);
      assert.ok(await stores.lookup.apiKey(created.key));
      const revoked = await stores.settings.revokeKey(owner, created.id);
      assert.ok(typeof revoked === 'object' && revoked?.revokedAt);
    });

    it('TEN-2 refuses another secret, an expired key, and what is no key at all', async () => {
      const { key, id } = await stores.settings.createKey(caller, { name: 'CI', role: 'viewer' });
      const other = `${key.slice(0, -2)}${key.endsWith('AA') ? 'BB' : 'AA'}`;
      for (const given of [other, key.slice(1), `${key}x`, '', 'parley__', `${key}\0`, `' or 1=1 --`])
        assert.equal(await stores.lookup.apiKey(given), null, given);
      await look(pool, caller.organisationId, 'update api_keys set expires_at = $2 where id = $1', [
        id,
        later(60),
      ]);
      assert.notEqual(await stores.lookup.apiKey(key), null);
      now = later(60);
      assert.equal(await stores.lookup.apiKey(key), null);
    });

    it('TEN-1 shows the look-up’s login three functions and no table', async () => {
      const client = new pg.Client({ connectionString: database.lookupUrl });
      await client.connect();
      try {
        for (const table of ['api_keys', 'channel_integrations', 'organisations', 'inbox', 'events'])
          await assert.rejects(client.query(`select 1 from ${table}`), { code: '42501' }, table);
        await assert.rejects(client.query(`call parley_protect('events')`), { code: '42501' });
      } finally {
        await client.end();
      }
      const app = new pg.Client({ connectionString: database.appUrl });
      await app.connect();
      await assert.rejects(app.query(`select * from parley_find_api_key('x')`), { code: '42501' });
      const others = 'select * from parley_list_organisations(null, null, 1)';
      await assert.rejects(app.query(others), { code: '42501' });
      await app.end();
    });
  });

  describe('channels', () => {
    it('TEN-3 stores secrets sealed, shows their names only, and opens them for gateway and channels', async () => {
      const created = await stores.settings.createChannel(caller, newChannel());
      assert.deepEqual(created?.secretsSet, ['access_token', 'app_secret']);
      const id = created?.id ?? '';
      const everything = await look(
        pool,
        caller.organisationId,
        'select to_json(c) from channel_integrations c',
      );
      assert.ok(!JSON.stringify(everything).includes('canary'));
      const secrets = { access_token: 'canary-token', app_secret: 'canary-secret' };
      assert.deepEqual(await stores.lookup.channelIntegration(id), {
        id,
        organisationId: caller.organisationId,
        agentId,
        kind: 'whatsapp',
        active: true,
        settings: { phone_number_id: '1' },
        secrets,
      });
      const settings = { phone_number_id: '1' };
      assert.deepEqual(await turns.integrations.settingsOf(caller.organisationId, id), { settings, secrets });
      assert.equal(await turns.integrations.settingsOf(randomUUID(), id), null);
      assert.equal(await stores.lookup.channelIntegration('nonsense'), null);
    });

    it('TEN-3 keeps what an update does not name, and writes no value into the audit log', async () => {
      const created = await stores.settings.createChannel(caller, newChannel());
      const change = {
        active: false,
        secrets: { access_token: 'canary-new' },
        settings: { api_version: 'v23.0' },
      };
      const updated = await stores.settings.updateChannel(caller, created?.id ?? '', change);
      assert.deepEqual(
        [updated?.active, updated?.name, updated?.settings],
        [false, 'Phone', { phone_number_id: '1', api_version: 'v23.0' }],
      );
      const known = await stores.lookup.channelIntegration(created?.id ?? '');
      assert.deepEqual(known?.secrets, { access_token: 'canary-new', app_secret: 'canary-secret' });
      assert.equal(known?.active, false);
      const { data } = await stores.readers.audit(caller, { limit: 10, cursor: null });
      assert.deepEqual(
        data.map(({ action, actor, subject }) => [action, actor, subject]),
        ['channel.updated', 'channel.created'].map((action) => [action, `key:${caller.keyId}`, created?.id]),
      );
      assert.ok(!JSON.stringify(data).includes('canary'));
    });

    it('TEN-1 makes no channel for an agent of another organisation', async () => {
      const foreign = await makeIntegration(pool);
      assert.equal(
        await stores.settings.createChannel(caller, newChannel({ agentId: foreign.agentId })),
        null,
      );
      const own = await stores.settings.createChannel(caller, newChannel());
      const change = { agentId: foreign.agentId };
      assert.equal(await stores.settings.updateChannel(caller, own?.id ?? '', change), null);
      assert.equal(await stores.settings.updateChannel(caller, foreign.id, { name: 'stolen' }), null);
      assert.equal(await stores.settings.channel(caller, foreign.id), null);
    });
  });

  describe('agents', () => {
    it('VER-1 raises an agent’s version with every change and keeps what is not named', async () => {
      const created = await stores.settings.createAgent(caller, {
        name: 'Bo',
        settings: { waitTimeSeconds: 3 },
      });
      const id = created.id;
      const updated = await stores.settings.updateAgent(caller, id, { settings: { prompt: 'Be kind.' } });
      assert.deepEqual(
        [updated?.version, updated?.name, updated?.settings.waitTimeSeconds, updated?.settings.prompt],
        [2, 'Bo', 3, 'Be kind.'],
      );
      assert.deepEqual(await stores.settings.agent(caller, id), updated);
      const stranger = { ...caller, organisationId: (await makeIntegration(pool)).organisationId };
      assert.equal(await stores.settings.agent(stranger, id), null);
      assert.equal(await stores.settings.updateAgent(stranger, id, { name: 'x' }), null);
      assert.equal(await stores.settings.agent(caller, 'nonsense'), null);
    });
  });

  describe('lists', () => {
    it('CON-1 turns pages without losing or repeating anything, and refuses a strange cursor', async () => {
      for (let n = 1; n <= 5; n++) {
        now = later(Math.floor(n / 2));
        await stores.settings.createAgent(caller, { name: `a${n}`, settings: {} });
      }
      const names: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof stores.settings.agents>> = await stores.settings.agents(
          caller,
          {
            limit: 2,
            cursor,
          },
        );
        names.push(...page.data.map(({ name }) => name));
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.deepEqual([...names].sort(), ['Ada', 'a1', 'a2', 'a3', 'a4', 'a5']);
      for (const strange of ['x', '', 'bnVsbA', Buffer.from('["a","b"]').toString('base64url')])
        await assert.rejects(stores.settings.agents(caller, { limit: 2, cursor: strange }), {
          code: 'CURSOR_UNKNOWN',
        });
    });

    it('CON-1 lists conversations by status, agent, channel and assignee, newest first', async () => {
      const integration = { ...(await makeIntegration(pool)), active: true };
      const own: Caller = {
        organisationId: integration.organisationId,
        keyId: randomUUID(),
        memberId: null,
        role: 'operator',
      };
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) {
        const message = textMessage('hi', { room: `r${n}`, customer: { ids: [`c${n}`], name: `N${n}` } });
        ids.push((await stores.inbox.receive(integration, message, later(n))).conversationId);
      }
      await stores.inbox.command(own, ids[0] ?? '', 'take_over', NOW);
      await stores.inbox.command(own, ids[1] ?? '', 'resolve', NOW);
      const list = async (filter: object) =>
        (await stores.readers.conversations(own, filter, { limit: 10, cursor: null })).data.map(({ id }) =>
          ids.indexOf(id),
        );
      assert.deepEqual(await list({}), [3, 2, 1, 0]);
      assert.deepEqual(await list({ status: 'active' }), [3, 2]);
      assert.deepEqual(await list({ status: 'assigned' }), [0]);
      assert.deepEqual(await list({ status: 'resolved' }), [1]);
      assert.deepEqual(await list({ status: 'escalated' }), []);
      assert.deepEqual(await list({ status: 'toString' }), []);
      assert.deepEqual(await list({ agent: integration.agentId, channel: 'generic' }), [3, 2, 1, 0]);
      assert.deepEqual(await list({ channel: integration.id, assignee: own.keyId }), [0]);
      assert.deepEqual(await list({ agent: 'nonsense' }), []);
      assert.deepEqual(await list({ channel: 'whatsapp' }), []);
      const one = await stores.readers.conversation(own, ids[0] ?? '');
      assert.deepEqual([one?.status, one?.contact.name, one?.epoch, one?.turn], ['assigned', 'N0', 2, 0]);
      assert.equal(await stores.readers.conversation(caller, ids[0] ?? ''), null);
      assert.equal(await stores.readers.messages(caller, ids[0] ?? '', PAGE), null);
      assert.equal(await stores.readers.turns(caller, ids[0] ?? '', PAGE), null);
    });

    it('CON-1 reads a transcript forwards, a reply behind what it answers, page by page', async () => {
      const integration = await makeIntegration(pool);
      const own: Caller = {
        organisationId: integration.organisationId,
        keyId: randomUUID(),
        memberId: null,
        role: 'viewer',
      };
      const say = (text: string) => stores.inbox.receive(integration, textMessage(text), NOW);
      const { conversationId } = await say('m1');
      await say('m2');
      const ref = { organisationId: own.organisationId, conversationId };
      const taken = await turns.transcript.take(ref, 1, NOW);
      assert.equal(taken.kind, 'taken');
      const step = { turn: 1, kind: 'answer' as const, model: 'm', request: { a: 1 }, response: null };
      const counts = { inputTokens: 3, outputTokens: 4, durationMs: 5, failure: null };
      const reply = { turn: 1, cause: 'turn:1', kind: 'reply' as const, text: 'a1', epoch: 1, answersSeq: 2 };
      await turns.transcript.plan(ref, { ...reply, inReplyTo: [] }, { ...step, ...counts }, NOW);
      await say('m3');
      const texts: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await stores.readers.messages(own, conversationId, { limit: 1, cursor });
        texts.push(...(page?.data ?? []).map(({ from, text, state }) => `${from} ${text} ${state}`));
        cursor = page?.nextCursor ?? null;
      } while (cursor !== null);
      assert.deepEqual(texts, [
        'customer m1 received',
        'customer m2 received',
        'agent a1 planned',
        'customer m3 received',
      ]);
      const steps = await stores.readers.turns(own, conversationId, PAGE);
      assert.deepEqual(
        steps?.data.map(({ id: _, ...rest }) => rest),
        [{ ...step, ...counts, at: NOW }],
      );
    });

    it('OBS-1 lists events backwards, each in its organisation', async () => {
      const integration = await makeIntegration(pool);
      const { conversationId } = await stores.inbox.receive(integration, textMessage('m1'), NOW);
      const ref = { organisationId: integration.organisationId, conversationId };
      // More than nine: numbers are ordered as numbers.
      const names = Array.from({ length: 12 }, (_, n) => `event ${n + 1}`);
      for (const name of names) await turns.events.record(ref, name, { turn: 1 }, NOW);
      const own = { ...caller, organisationId: integration.organisationId };
      const first = await stores.readers.events(own, {}, { limit: 8, cursor: null });
      const second = await stores.readers.events(own, {}, { limit: 8, cursor: first.nextCursor });
      assert.deepEqual(
        [...first.data, ...second.data].map(({ name }) => name),
        [...names.reverse(), 'conversation_changed'],
      );
      const third = await stores.readers.events(own, { conversation: conversationId, name: 'event 3' }, PAGE);
      assert.deepEqual(
        third.data.map(({ name }) => name),
        ['event 3'],
      );
      const other = await stores.readers.events(own, { conversation: randomUUID() }, PAGE);
      assert.deepEqual(other.data, []);
      assert.deepEqual((await stores.readers.events(caller, {}, PAGE)).data, []);
    });

    it('CHAN-2 writes down who was refused at the door', async () => {
      const { organisationId } = caller;
      const entry = {
        organisationId,
        action: 'webhook.refused',
        subject: 'x',
        from: '127.0.0.1',
        detail: { reason: 'y' },
      };
      await stores.audit.refused(entry);
      const [written] = (await stores.readers.audit(caller, PAGE)).data;
      assert.deepEqual(
        [written?.actor, written?.action, written?.from, written?.detail, written?.at],
        ['unknown', 'webhook.refused', '127.0.0.1', { reason: 'y' }, NOW],
      );
    });
  });

  describe('idempotency keys', () => {
    let own: Caller;
    const begin = (hash = 'h', seconds = 0) => stores.idempotency.begin(own, 'k', hash, later(seconds));

    beforeEach(async () => {
      const { id } = await stores.settings.createKey(caller, { name: 'CI', role: 'gateway' });
      own = { ...caller, keyId: id };
    });

    it('CONV-1 lets one of many equal requests run, and gives its answer to the others for a day', async () => {
      const begun = await Promise.all(Array.from({ length: 20 }, () => begin()));
      assert.equal(begun.filter(({ kind }) => kind === 'fresh').length, 1);
      assert.equal(begun.filter(({ kind }) => kind === 'running').length, 19);
      await stores.idempotency.finish(own, 'k', { status: 201, body: { id: 1, odd: '\0' } });
      assert.deepEqual(await begin('h', 86_400), { kind: 'answered', status: 201, body: { id: 1, odd: '' } });
      assert.deepEqual(await begin('other'), { kind: 'other_body' });
      assert.deepEqual(await begin('other', 86_401), { kind: 'fresh' });
    });

    it('CONV-1 lets a request try again that failed, or whose process died a minute ago', async () => {
      await begin();
      await stores.idempotency.finish(own, 'k', null);
      assert.deepEqual(await begin(), { kind: 'fresh' });
      assert.deepEqual(await begin('h', 60), { kind: 'running' });
      assert.deepEqual(await begin('h', 61), { kind: 'fresh' });
    });
  });

  describe('web chat', () => {
    it('CHAN-5 gives every line of a room a growing position and calls its watchers, nobody else’s', async () => {
      const integration = await makeIntegration(pool, 'webchat');
      const calls = { own: 0, other: 0 };
      const stop = stores.chat.watch(integration, 'r', () => calls.own++);
      const stopOther = stores.chat.watch(integration, 'another', () => calls.other++);
      // Both are called when the listener connects.
      assert.ok(await until(() => calls.own === 1 && calls.other === 1, 5_000));
      const { conversationId } = await stores.inbox.receive(integration, textMessage('m1'), NOW);
      assert.ok(await until(() => calls.own === 2, 5_000));
      const ref = { organisationId: integration.organisationId, conversationId };
      await turns.transcript.take(ref, 1, NOW);
      const reply = { turn: 1, cause: 'turn:1', kind: 'reply' as const, text: 'a1', epoch: 1, answersSeq: 1 };
      await turns.transcript.plan(ref, { ...reply, inReplyTo: [] }, null, NOW);
      assert.deepEqual((await stores.chat.after(integration, 'r', 1)).length, 0);
      await turns.ledger.passFence(ref, 'turn:1', { regroup: false, now: NOW, holdMs: 1 });
      assert.ok(await until(() => calls.own === 3, 5_000));
      assert.equal(calls.other, 1);
      const lines = await stores.chat.after(integration, 'r', 0);
      assert.deepEqual(
        lines.map(({ position, from, text }) => [position, from, text]),
        [
          [1, 'customer', 'm1'],
          [2, 'agent', 'a1'],
        ],
      );
      assert.deepEqual(await stores.chat.after(integration, 'r', 2), []);
      const foreign = await makeIntegration(pool, 'webchat');
      assert.deepEqual(await stores.chat.after({ ...foreign, id: integration.id }, 'r', 0), []);
      stop();
      stopOther();
    });
  });
});
