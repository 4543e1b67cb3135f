import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { openLookup } from '../../adapters/postgres/lookup.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openSessions } from '../../adapters/postgres/sessions.ts';
import { openSettings } from '../../adapters/postgres/settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import type { Caller } from '../../api/ports.ts';
import { SESSION_IDLE_MS, SESSION_LASTS_MS, SESSION_SEEN_MS } from '../../domain/session.ts';
import { look, NOW, openInstallation, openRoom } from './installation.ts';

const secrets = openSecrets(`test:${Buffer.alloc(32, 7).toString('base64')}`);

describe('sessions', () => {
  let pool: pg.Pool;
  let lookupPool: pg.Pool;
  let close: () => Promise<void>;
  let now = NOW;
  const clock = { now: () => now };
  const later = (ms: number) => new Date(NOW.getTime() + ms);

  before(async () => {
    const installation = await openInstallation();
    ({ pool } = installation);
    lookupPool = openPool(installation.database.lookupUrl, { max: 2 });
    close = async () => {
      await lookupPool.end();
      await installation.close();
    };
  });
  after(() => close());
  beforeEach(() => {
    now = NOW;
  });

  const sessions = () => openSessions(pool);
  const lookup = () => openLookup(lookupPool, secrets, clock);
  const settings = () => openSettings(pool, secrets, clock);

  /** An organisation with an admin's key and an operator's that a session stands on. */
  async function signedIn() {
    const room = await openRoom(pool);
    const maker: Caller = { ...room.caller, role: 'admin' };
    await settings().createKey(maker, { name: 'admin', role: 'admin' });
    const made = await settings().createKey(maker, { name: 'of a browser', role: 'operator' });
    const holder = await lookup().apiKey(made.key);
    assert.ok(holder);
    return { maker, made, ...(await sessions().begin(holder, NOW)) };
  }

  it('TEN-2 are found by their token before the organisation is known, and speak for their key', async () => {
    const { token, caller, made } = await signedIn();
    assert.deepEqual(await lookup().session(token), caller);
    assert.deepEqual([caller.keyId, caller.role, caller.memberId], [made.id, 'operator', null]);
    const [id] = token.split('_');
    for (const wrong of ['', 'x', made.key, `${id}_${'A'.repeat(43)}`])
      assert.equal(await lookup().session(wrong), null);
  });

  it('TEN-2 are kept as a hash', async () => {
    const { token, caller } = await signedIn();
    const rows = await look(pool, caller.organisationId, 'select s::text as row from sessions s');
    const [, secret] = /^[0-9a-f]+_(.+)$/.exec(token) ?? [];
    assert.ok(secret && rows.length === 1);
    assert.ok(!JSON.stringify(rows).includes(secret));
    assert.ok(!JSON.stringify(rows).includes(caller.session?.csrfToken ?? ''));
  });

  it('TEN-2 end with use that stops, with their longest time, with their key and by hand', async () => {
    const idle = await signedIn();
    now = later(SESSION_IDLE_MS);
    assert.equal(await lookup().session(idle.token), null);
    await sessions().seen(idle.caller, later(SESSION_SEEN_MS));
    assert.ok(await lookup().session(idle.token), 'it was in use meanwhile');
    await look(pool, idle.caller.organisationId, 'update sessions set seen_at = expires_at');
    now = later(SESSION_LASTS_MS);
    assert.equal(await lookup().session(idle.token), null);

    now = NOW;
    const { maker, made, token, caller } = await signedIn();
    await settings().revokeKey(maker, made.id);
    assert.equal(await lookup().session(token), null);
    const [shown] = (await sessions().list(caller, { limit: 10, cursor: null })).data;
    assert.deepEqual([shown?.endedAt, shown?.key.name], [NOW, 'of a browser']);

    const third = await signedIn();
    const ended = await sessions().end(third.maker, third.caller.session?.id ?? '', later(1));
    assert.deepEqual(ended?.endedAt, later(1));
    assert.equal(await lookup().session(third.token), null);
    assert.equal(
      (await sessions().end(third.maker, ended.id, later(2)))?.endedAt?.getTime(),
      NOW.getTime() + 1,
    );
    await sessions().seen(third.caller, later(SESSION_SEEN_MS));
    assert.equal(await lookup().session(third.token), null);
  });

  it('TEN-2 note their use once a minute at most', async () => {
    const { caller } = await signedIn();
    const seenAt = async () => (await sessions().list(caller, { limit: 1, cursor: null })).data[0]?.seenAt;
    await sessions().seen(caller, later(SESSION_SEEN_MS - 1));
    assert.deepEqual(await seenAt(), NOW);
    await sessions().seen(caller, later(SESSION_SEEN_MS));
    assert.deepEqual(await seenAt(), later(SESSION_SEEN_MS));
  });

  it("TEN-2 are audited, and the owner's end by nobody else", async () => {
    const { maker, caller } = await signedIn();
    const made = await settings().createKey({ ...maker, role: 'owner' }, { name: 'owner', role: 'owner' });
    const owner = await lookup().apiKey(made.key);
    assert.ok(owner);
    const { caller: owning } = await sessions().begin(owner, NOW);
    const id = owning.session?.id ?? '';
    assert.equal(await sessions().end(maker, id, NOW), null);
    assert.ok(await sessions().end(owning, id, NOW));
    const other = await signedIn();
    assert.equal(await sessions().end(other.maker, caller.session?.id ?? '', NOW), null);
    const entries = await look<{ action: string; actor: string }>(
      pool,
      caller.organisationId,
      `select action, actor from audit where action like 'session.%' order by number`,
    );
    assert.deepEqual(entries, [
      { action: 'session.begun', actor: `key:${caller.keyId}` },
      { action: 'session.begun', actor: `key:${owning.keyId}` },
      { action: 'session.ended', actor: `key:${owning.keyId}` },
    ]);
  });

  it('TEN-2 tell who somebody is by name', async () => {
    const { caller, made } = await signedIn();
    assert.deepEqual(await sessions().whoIs(caller), {
      organisation: { id: caller.organisationId, name: 'Example' },
      member: null,
      key: { id: made.id, name: 'of a browser' },
    });
  });

  it('TEN-2 tell whose key it was that opens nothing', async () => {
    const { maker, made } = await signedIn();
    const { organisationId } = maker;
    assert.deepEqual(await lookup().refusedKey(`${made.key.slice(0, -43)}${'A'.repeat(43)}`), {
      organisationId,
      keyId: made.id,
      reason: 'secret',
    });
    await settings().revokeKey(maker, made.id);
    assert.deepEqual(await lookup().refusedKey(made.key), {
      organisationId,
      keyId: made.id,
      reason: 'revoked',
    });
    assert.equal(await lookup().refusedKey(`parley_${'0'.repeat(16)}_${'A'.repeat(43)}`), null);
  });
});
