import { strict as assert } from 'node:assert';
import { eventually, openEvents } from './event-stream.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('the web chat', () => {
  let stage: ApiStage;
  let chat: string;
  beforeEach(async () => {
    stage = await openApiStage({ limits: { heartbeatMs: 20, streamsPerVisitor: 2 } });
    chat = `/chat/${stage.here.channels.webchat}`;
  });
  afterEach(() => stage.close());

  const visit = async (base = chat, headers: Record<string, string> = {}) => {
    const answer = await call(stage.url, 'POST', `${base}/session`, { body: {}, headers });
    const cookie = answer.headers.get('set-cookie') ?? '';
    return { answer, attributes: cookie, cookie: cookie.split(';')[0] ?? '' };
  };
  const say = (cookie: string, body: unknown, headers: Record<string, string> = {}, base = chat) =>
    call(stage.url, 'POST', `${base}/messages`, { body, headers: { cookie, ...headers } });
  const hello = { id: 'one', text: 'مرحبا' };

  it('CON-5 serves a page that runs its own script only and loads nothing from elsewhere', async () => {
    const response = await fetch(stage.url + chat);
    assert.equal(response.status, 200);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.ok(page.includes(`<script nonce="${nonce}">`) && page.includes(`<style nonce="${nonce}">`));
    assert.ok(!/(src|href)="https?:/.test(page) && !page.includes('{{'));
    assert.match(page, /<title>Help<\/title>/);
    assert.ok(page.includes('new EventSource(') && page.includes('#transcript {'));
    const again = await fetch(stage.url + chat);
    assert.ok(!(again.headers.get('content-security-policy') ?? '').includes(nonce));
  });

  it('CON-5 shows a builder’s title as text', async () => {
    const integration = stage.world.integrations.get(stage.here.channels.webchat);
    if (integration !== undefined)
      integration.settings['title'] = '<img src=x onerror=alert(1)> {{script}} $&';
    const page = await (await fetch(stage.url + chat)).text();
    assert.ok(page.includes('&lt;img src=x onerror=alert(1)&gt; {{script}} $&amp;'));
  });

  it('CHAN-2 gives the session in a cookie that scripts cannot read and that stays with this chat', async () => {
    const { attributes } = await visit();
    assert.match(attributes, new RegExp(`; Path=${chat}; Max-Age=2592000; HttpOnly; SameSite=Lax$`));
  });

  it('CHAN-2 asks for https alone when it is reached by https', async () => {
    const secure = await openApiStage({ publicUrl: 'https://chat.example' });
    const path = `/chat/${secure.here.channels.webchat}/session`;
    const answer = await call(secure.url, 'POST', path, { body: {} });
    assert.match(answer.headers.get('set-cookie') ?? '', /; Secure$/);
    await secure.close();
  });

  it('CHAN-2 prolongs a session without changing its room', async () => {
    const { cookie } = await visit();
    await say(cookie, hello);
    stage.world.advance(29 * 24 * 3600_000);
    const later = await visit(chat, { cookie });
    assert.notEqual(later.cookie, cookie);
    stage.world.advance(2 * 24 * 3600_000);
    assert.equal((await say(cookie, hello)).status, 401);
    assert.equal((await say(later.cookie, hello)).body['duplicate'], true);
  });

  it('CONV-2 answers 202 once a visitor’s message is stored; the same id is one message', async () => {
    const { cookie } = await visit();
    const first = await say(cookie, hello);
    assert.equal(first.status, 202);
    const second = await say(cookie, hello);
    assert.deepEqual(second.body, { message_id: first.body['message_id'], duplicate: true });
    assert.equal(stage.world.stored.length, 1);
    assert.equal(stage.world.signals.length, 1);
    assert.deepEqual(stage.world.stored[0]?.message.content, { kind: 'text', text: 'مرحبا' });
  });

  it('CONV-1 keeps visitors apart who choose the same message id', async () => {
    const [one, two] = [await visit(), await visit()];
    await say(one.cookie, hello);
    const answer = await say(two.cookie, hello);
    assert.equal(answer.body['duplicate'], false);
    assert.equal(new Set(stage.world.stored.map(({ conversation }) => conversation)).size, 2);
  });

  it('CHAN-2 refuses absent, altered, expired and other chats’ sessions, and writes the forged ones down', async () => {
    const { cookie } = await visit();
    const [name, token = ''] = cookie.split('=');
    const [room, expires, mac] = token.split('.');
    const foreign = await visit(`/chat/${stage.there.channels.webchat}`);
    const forged = [
      `${name}=x`,
      `${name}=${room}.${expires}.${'A'.repeat(43)}`,
      `${name}=${room}.${Number(expires) + 1}.${mac}`,
      `${name}=00000000-0000-4000-8000-000000000000.${expires}.${mac}`,
      foreign.cookie,
    ];
    for (const bad of forged) {
      assert.equal((await say(bad, hello)).status, 401);
      assert.equal((await openEvents(`${stage.url}${chat}/stream`, { cookie: bad })).response.status, 401);
    }
    assert.equal(stage.world.refused.length, forged.length * 2);
    assert.equal((await say('', hello)).status, 401);
    assert.equal(stage.world.refused.length, forged.length * 2, 'no session is no forgery');
    assert.equal(stage.world.stored.length, 0);
  });

  it('CHAN-2 refuses what another site makes a browser send', async () => {
    const { cookie } = await visit();
    const bad: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of bad) {
      assert.equal((await say(cookie, hello, headers)).status, 403);
      assert.equal((await visit(chat, headers)).answer.status, 403);
    }
    assert.equal((await say(cookie, hello, { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await say(cookie, hello, { origin: stage.url })).status, 202);
    assert.equal((await say(cookie, hello, { origin: 'http://chat.example' })).status, 202);
  });

  it('CHAN-2 limits the size of a message and names unknown members', async () => {
    const { cookie } = await visit();
    assert.equal((await say(cookie, { id: 'a', text: 'x'.repeat(4001) })).status, 422);
    assert.equal((await say(cookie, { id: 'a', text: '' })).status, 422);
    assert.equal((await say(cookie, { ...hello, from: 'agent' })).status, 422);
  });

  it('CHAN-2 slows down a visitor who floods, with Retry-After, and nobody else', async () => {
    const [flood, calm] = [await visit(), await visit()];
    const post = (index: number) => say(flood.cookie, { id: `m${index}`, text: 'x' });
    for (let index = 0; index < 30; index += 1) assert.equal((await post(index)).status, 202);
    const refused = await post(30);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await say(calm.cookie, hello)).status, 202);
    stage.world.advance(1000);
    assert.equal((await post(30)).status, 202);
  });

  it('CHAN-5 streams what there is and what comes, and resumes after the last position seen', async () => {
    const { cookie } = await visit();
    await say(cookie, hello);
    const room = stage.world.stored[0]?.message.room ?? '';
    const stream = await openEvents(`${stage.url}${chat}/stream`, { cookie });
    assert.match(stream.response.headers.get('content-type') ?? '', /^text\/event-stream/);
    await stream.until(1);
    stage.world.say(room, 'agent', 'line\nbreak & <b>');
    stage.world.say('another room', 'agent', 'not for this visitor');
    await stream.until(2);
    assert.deepEqual(
      stream.events.map(({ id, data }) => [id, data['from'], data['text']]),
      [
        ['1', 'customer', 'مرحبا'],
        ['2', 'agent', 'line\nbreak & <b>'],
      ],
    );
    assert.deepEqual(Object.keys(stream.events[1]?.data ?? {}), ['id', 'from', 'kind', 'text', 'at']);
    stream.close();

    stage.world.say(room, 'operator', 'while away');
    const resumed = await openEvents(`${stage.url}${chat}/stream`, { cookie, 'last-event-id': '2' });
    await resumed.until(1);
    assert.deepEqual(
      resumed.events.map(({ data }) => data['text']),
      ['while away'],
    );
    resumed.close();
  });

  it('CHAN-5 misses nothing that is said while it reads, and says nothing twice', async () => {
    const { cookie } = await visit();
    await say(cookie, hello);
    const room = stage.world.stored[0]?.message.room ?? '';
    const stream = await openEvents(`${stage.url}${chat}/stream`, { cookie });
    for (let index = 0; index < 200; index += 1) {
      stage.world.say(room, 'agent', String(index));
      if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stream.until(201);
    assert.deepEqual(
      stream.events.map(({ id }) => Number(id)),
      Array.from({ length: 201 }, (_, index) => index + 1),
    );
    stream.close();
  });

  it('CHAN-5 keeps an idle stream alive and lets go of one whose reader has left', async () => {
    const { cookie } = await visit();
    const stream = await openEvents(`${stage.url}${chat}/stream`, { cookie });
    await eventually(() => stream.comments.length >= 2, 'two heartbeats');
    const watching = () => [...stage.world.watchers.values()].reduce((sum, set) => sum + set.size, 0);
    assert.equal(watching(), 1);
    stream.close();
    await eventually(() => watching() === 0, 'the watch to end');
  });

  // The look-up is asked once for both.
  for (const [when, asked, hold] of [
    ['look-up', 1, holdLookup],
    ['first read', 2, holdFirstRead],
  ] as const) {
    it(`CHAN-5 keeps nothing for visitors who leave during the ${when}`, async () => {
      const { cookie } = await visit();
      // Past the time for which a look-up is remembered.
      stage.world.advance(60_000);
      const held = hold(stage);
      const leaving = new AbortController();
      const options = { headers: { cookie }, signal: leaving.signal };
      const visits = [1, 2].map(() => fetch(`${stage.url}${chat}/stream`, options).catch(() => undefined));
      await eventually(() => held.count === asked, 'both to be held');
      leaving.abort();
      await Promise.all(visits);
      const gone = () => stage.log.filter(({ fields }) => fields['cut_off'] === true).length;
      await eventually(() => gone() === 2, 'both to be gone');
      held.go();
      const streams: Awaited<ReturnType<typeof openEvents>>[] = [];
      for (let n = 0; n < 2; n++) streams.push(await openEvents(`${stage.url}${chat}/stream`, { cookie }));
      assert.deepEqual(
        streams.map(({ response }) => response.status),
        [200, 200],
      );
      await eventually(() => streams.every(({ comments }) => comments.length > 0), 'both to be followed');
      for (const stream of streams) stream.close();
      await eventually(
        () => [...stage.world.watchers.values()].every((set) => set.size === 0),
        'no watch left',
      );
    });
  }

  it('CHAN-5 bounds the open streams, and counts only open ones', async () => {
    const { cookie } = await visit();
    const open = () => openEvents(`${stage.url}${chat}/stream`, { cookie });
    const [one, two] = [await open(), await open()];
    const third = await open();
    assert.equal(third.response.status, 429);
    assert.equal(third.response.headers.get('retry-after'), '10');
    one.close();
    two.close();
    await eventually(() => [...stage.world.watchers.values()].every((set) => set.size === 0), 'both to go');
    const fourth = await open();
    assert.equal(fourth.response.status, 200);
    fourth.close();
  });

  it('CHAN-5 answers 503 for a stream while the store is away, and ends one that cannot be read on', async () => {
    const { cookie } = await visit();
    const stream = await openEvents(`${stage.url}${chat}/stream`, { cookie });
    stage.world.away = true;
    stage.world.watchers.forEach((watching) => watching.forEach((changed) => changed()));
    await stream.ended;
    assert.equal((await openEvents(`${stage.url}${chat}/stream`, { cookie })).response.status, 503);
  });

  it('RUN-3 ends its streams when the process drains', async () => {
    const { cookie } = await visit();
    const stream = await openEvents(`${stage.url}${chat}/stream`, { cookie });
    stage.drain();
    await stream.ended;
  });

  it('TEN-1 has no chat page under an integration of another kind', async () => {
    assert.equal((await fetch(`${stage.url}/chat/${stage.here.channels.generic}`)).status, 404);
    assert.equal((await visit(`/chat/${stage.here.channels.whatsapp}`)).answer.status, 404);
  });
});

interface Hold {
  count: number;
  go(): void;
}

/** Lets what is asked of a port wait until `go`. */
function gate(): Hold & { pass(): Promise<void> } {
  const opened = Promise.withResolvers<void>();
  const hold = {
    count: 0,
    go: opened.resolve,
    pass() {
      hold.count++;
      return opened.promise;
    },
  };
  return hold;
}

function holdLookup({ ports: { lookup } }: ApiStage): Hold {
  const hold = gate();
  const { channelIntegration } = lookup;
  lookup.channelIntegration = (id) => hold.pass().then(() => channelIntegration(id));
  return hold;
}

function holdFirstRead({ ports: { chat } }: ApiStage): Hold {
  const hold = gate();
  const { after } = chat;
  chat.after = (...asked) => hold.pass().then(() => after(...asked));
  return hold;
}
