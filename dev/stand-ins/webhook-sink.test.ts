import { strict as assert } from 'node:assert';
import { Webhook } from 'standardwebhooks';
import type { LocalServer } from './local-http-server.ts';
import { openStandIns } from './open-stand-ins.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, yes').toString('base64')}`;

interface Taken {
  n: number;
  headers: Record<string, string>;
  body: string;
  signature: string;
  repeat: number;
}

describe('the webhook sink', () => {
  let standIns: LocalServer;
  let sink: string;

  before(async () => {
    standIns = await openStandIns();
    sink = `${standIns.url}/sink/replies`;
  });
  afterEach(() => fetch(sink, { method: 'DELETE' }));
  after(() => standIns.close());

  const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
  const journal = async (after = 0): Promise<{ entries: Taken[]; distinct: number; repeats: number }> =>
    (await (await fetch(`${sink}/journal?after=${after}`)).json()) as never;
  const signed = (id: string, body: string, at = new Date()): Record<string, string> => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign(id, at, body),
  });

  it('CHAN-5 records headers and the raw body, and counts the repeats of a webhook-id', async () => {
    for (const id of ['m1', 'm2', 'm1', 'm1']) await post(sink, { text: 'été' }, { 'webhook-id': id });
    const { entries, distinct, repeats } = await journal();
    assert.deepEqual(
      entries.map((entry) => entry.repeat),
      [0, 0, 1, 2],
    );
    assert.deepEqual([distinct, repeats], [2, 2]);
    assert.equal(entries[0]?.body, '{"text":"été"}');
    assert.equal(entries[0]?.headers['webhook-id'], 'm1');
    assert.equal((await journal(3)).entries.length, 1);
  });

  it('EXT-5 judges a Standard Webhooks signature as the reference library makes it', async () => {
    await post(`${sink}/control`, { secret: SECRET });
    const body = JSON.stringify({ text: 'مرحبا' });
    const send = (headers: Record<string, string>, sent = body): Promise<Response> =>
      fetch(sink, { method: 'POST', body: sent, headers });
    const good = signed('m1', body);
    await send(good);
    await send({ ...good, 'webhook-signature': `v1,AAAA ${good['webhook-signature']}` });
    await send(good, `${body} `);
    await send(signed('m1', body, new Date(Date.now() - 6 * 60_000)));
    await send({});
    assert.deepEqual(
      (await journal()).entries.map((entry) => entry.signature),
      ['valid', 'valid', 'invalid', 'stale', 'absent'],
    );
  });

  it('EXT-5 turns away what is not signed when told to', async () => {
    await post(`${sink}/control`, { secret: SECRET, require_signature: true });
    assert.equal((await post(sink, {})).status, 401);
    assert.equal((await journal()).entries.length, 0);
  });

  it('CHAN-5 records what it took before it dropped the answer, and not what it dropped unread', async () => {
    await post(`${sink}/control`, { fail: [{ drop: true }, { drop: true, when: 'after' }, { status: 503 }] });
    await assert.rejects(post(sink, { text: 'one' }));
    await assert.rejects(post(sink, { text: 'two' }));
    assert.equal((await post(sink, { text: 'three' })).status, 503);
    const { entries } = await journal();
    assert.deepEqual(
      entries.map((entry) => entry.body),
      ['{"text":"two"}'],
    );
    const refused = (await (await fetch(`${sink}/refused`)).json()) as { entries: { body: string }[] };
    assert.deepEqual(
      refused.entries.map((entry) => entry.body),
      ['{"text":"one"}', '{"text":"three"}'],
    );
  });

  it('EXT-3 answers what it was told to answer', async () => {
    await post(`${sink}/control`, {
      answer: { status: 201, body: { order_id: 'A-1' }, headers: { 'x-own': 'yes' } },
    });
    const answer = await post(sink, {});
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('x-own'), 'yes');
    assert.deepEqual(await answer.json(), { order_id: 'A-1' });
    assert.equal((await post(`${sink}/control`, { anwser: {} })).status, 400);
  });

  it('RUN-1 says that it is alive and what stands where', async () => {
    const health = (await (await fetch(`${standIns.url}/healthz`)).json()) as { stand_ins: string[] };
    assert.ok(health.stand_ins.includes('sink'));
    assert.equal((await fetch(`${standIns.url}/nowhere`)).status, 404);
    assert.equal((await fetch(`${standIns.url}/%zz`)).status, 404);
  });
});
