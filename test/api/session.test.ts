import { strict as assert } from 'node:assert';
import { SESSION_IDLE_MS, SESSION_LASTS_MS } from '../../domain/session.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('sessions of browsers', () => {
  let stage: ApiStage;
  beforeEach(async () => {
    stage = await openApiStage();
  });
  afterEach(() => stage.close());

  const signIn = (key: string, headers: Record<string, string> = {}) =>
    call(stage.url, 'POST', '/v1/session', { body: { key }, headers });

  /** What a browser sends of a session, with and without its page's word. */
  async function signedIn(key: string) {
    const answer = await signIn(key);
    assert.equal(answer.status, 200);
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const csrf = { 'x-csrf-token': String(answer.body['csrf_token']) };
    return { id: String(answer.body['id']), cookie: { cookie }, csrf, both: { cookie, ...csrf } };
  }
  const get = (path: string, headers: Record<string, string>) => call(stage.url, 'GET', path, { headers });
  const decide = (headers: Record<string, string>, key?: string) =>
    call(stage.url, 'POST', `/v1/approvals/${stage.here.approval}/decision`, {
      body: { decision: 'approve' },
      headers,
      key,
    });

  it('TEN-2 puts the session into a cookie that no page reads and no other site sends', async () => {
    const answer = await signIn(stage.here.keys.operator);
    const cookie = answer.headers.get('set-cookie') ?? '';
    assert.match(
      cookie,
      /^parley_session=[^;]+; Path=\/v1; Max-Age=604800; HttpOnly; SameSite=Strict$/,
      'http has no Secure',
    );
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.body['role'], 'operator');
    const [token] = /(?<==)[^;]+/.exec(cookie) ?? [''];
    assert.ok(!JSON.stringify(answer.body).includes(token));

    const secured = await openApiStage({ publicUrl: 'https://chat.example' });
    const body = { key: secured.here.keys.operator };
    const https = await call(secured.url, 'POST', '/v1/session', { body });
    assert.match(https.headers.get('set-cookie') ?? '', /; Secure$/);
    await secured.close();
  });

  it('TEN-2 says who asks, by session and by key', async () => {
    const { cookie, id, csrf } = await signedIn(stage.here.keys.operator);
    const bySession = await get('/v1/session', cookie);
    assert.equal(bySession.status, 200);
    assert.deepEqual(
      [bySession.body['id'], bySession.body['role'], bySession.body['csrf_token']],
      [id, 'operator', csrf['x-csrf-token']],
    );
    assert.deepEqual(bySession.body['organisation'], { id: stage.here.id, name: 'Example' });
    const byKey = await call(stage.url, 'GET', '/v1/session', { key: stage.here.keys.owner });
    assert.deepEqual([byKey.body['id'], byKey.body['role'], byKey.body['csrf_token']], [null, 'owner', null]);
  });

  it('TEN-2 lets a session do what its key may, and no more', async () => {
    const viewer = await signedIn(stage.here.keys.viewer);
    assert.equal((await get('/v1/conversations', viewer.cookie)).status, 200);
    assert.equal((await decide(viewer.both)).status, 403);
    const operator = await signedIn(stage.here.keys.operator);
    assert.equal((await decide(operator.both)).status, 200);
  });

  it('TEN-2 changes nothing for a cookie without the token of its page', async () => {
    const { cookie } = await signedIn(stage.here.keys.operator);
    const other = await signedIn(stage.here.keys.operator);
    for (const headers of [cookie, { ...cookie, 'x-csrf-token': 'x' }, { ...cookie, ...other.csrf }]) {
      const refused = await decide(headers);
      assert.deepEqual([refused.status, refused.body['type']], [403, 'urn:parley:problem:forbidden']);
    }
    assert.equal(stage.world.approvals[0]?.status, 'pending');
  });

  it('TEN-2 looks at the key where a request has both', async () => {
    const { both } = await signedIn(stage.here.keys.operator);
    assert.equal((await decide(both, stage.here.keys.viewer)).status, 403);
    assert.equal((await decide(both, 'prl_wrong_key')).status, 401);
    const { cookie } = await signedIn(stage.here.keys.viewer);
    assert.equal(
      (await decide(cookie, stage.here.keys.operator)).status,
      200,
      'and a key takes no CSRF token',
    );
  });

  it('TEN-2 keeps a session to its own organisation', async () => {
    const { both } = await signedIn(stage.there.keys.operator);
    assert.equal((await decide(both)).status, 404);
  });

  it('TEN-2 ends a session that signs out', async () => {
    const { both, cookie } = await signedIn(stage.here.keys.operator);
    const out = await call(stage.url, 'DELETE', '/v1/session', { headers: both });
    assert.equal(out.status, 200);
    assert.match(out.headers.get('set-cookie') ?? '', /^parley_session=; Path=\/v1; Max-Age=0; HttpOnly/);
    assert.equal((await get('/v1/session', cookie)).status, 401);
    const byKey = await call(stage.url, 'DELETE', '/v1/session', { key: stage.here.keys.operator });
    assert.equal(byKey.status, 409);
  });

  it('TEN-2 ends a session with its key, with an admin, with time and with too little use', async () => {
    const { admin, operator, viewer } = stage.here.keys;
    const revoked = await signedIn(operator);
    const path = `/v1/keys/${stage.world.keys.get(operator)?.keyId}`;
    assert.equal((await call(stage.url, 'DELETE', path, { key: admin })).status, 200);
    assert.equal((await get('/v1/session', revoked.cookie)).status, 401);

    const ended = await signedIn(viewer);
    const list = await call(stage.url, 'GET', '/v1/sessions', { key: admin });
    assert.ok((list.body['data'] as { id: string }[]).some(({ id }) => id === ended.id));
    assert.equal((await call(stage.url, 'DELETE', `/v1/sessions/${ended.id}`, { key: admin })).status, 200);
    assert.equal((await get('/v1/session', ended.cookie)).status, 401);

    const used = await signedIn(viewer);
    for (let passed = 0; passed + SESSION_IDLE_MS < SESSION_LASTS_MS; passed += SESSION_IDLE_MS - 1) {
      assert.equal((await get('/v1/session', used.cookie)).status, 200, `after ${passed} ms`);
      stage.world.advance(SESSION_IDLE_MS - 1);
    }
    stage.world.advance(SESSION_IDLE_MS);
    assert.equal((await get('/v1/session', used.cookie)).status, 401);
  });

  it('TEN-2 writes a refused attempt down where it is known whose key it was, and nothing of the key', async () => {
    const { operator, admin } = stage.here.keys;
    const keyId = stage.world.keys.get(operator)?.keyId ?? '';
    await call(stage.url, 'DELETE', `/v1/keys/${keyId}`, { key: admin });
    assert.equal((await signIn(operator)).status, 401);
    assert.deepEqual(stage.world.refused, [
      {
        organisationId: stage.here.id,
        action: 'session.refused',
        subject: keyId,
        from: '127.0.0.1',
        detail: { reason: 'revoked' },
      },
    ]);
    assert.equal((await signIn('prl_nobody')).status, 401);
    assert.equal(stage.world.refused.length, 1);
    assert.ok(stage.log.some(({ message }) => message.includes('a key of nobody')));
    assert.ok(!JSON.stringify(stage.log).includes('prl_nobody'));
  });

  it('TEN-2 signs no program in, and no page of another origin', async () => {
    assert.equal((await signIn(stage.here.keys.gateway)).status, 403);
    const foreign = { origin: 'https://elsewhere.example' };
    assert.equal((await signIn(stage.here.keys.operator, foreign)).status, 403);
    const form = { 'content-type': 'text/plain' };
    assert.equal((await signIn(stage.here.keys.operator, form)).status, 415);
  });

  it('TEN-2 slows down who tries many keys', async () => {
    const answers = [];
    for (let n = 0; n < 61; n += 1) answers.push(await signIn(`prl_guess_${n}`));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array.from({ length: 60 }, () => 401), 429],
    );
    assert.ok(Number(answers.at(-1)?.headers.get('retry-after')) > 0);
    stage.world.advance(2_000);
    assert.equal((await signIn(stage.here.keys.operator)).status, 200);
  });
});
