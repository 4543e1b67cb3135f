import { strict as assert } from 'node:assert';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { openApiStage, call } from './stage.ts';
import type { ApiStage } from './stage.ts';

const MEGABYTE = 1024 * 1024;

describe('bad input', () => {
  let stage: ApiStage;
  let path: string;
  let webhook: string;
  beforeEach(async () => {
    stage = await openApiStage();
    path = `/v1/channels/${stage.here.channels.generic}/messages`;
    webhook = `/webhooks/whatsapp/${stage.here.channels.whatsapp}`;
  });
  afterEach(async () => {
    // Whatever came, the next message is taken as ever, and nothing of it was stored.
    assert.equal(stage.world.stored.length, 0);
    const body = { id: 'after', room: 'r', customer: { id: 'c' }, text: 'still here' };
    assert.equal((await call(stage.url, 'POST', path, { key: stage.here.keys.gateway, body })).status, 202);
    assert.ok(stage.log.every(({ message }) => message !== 'unexpected'));
    await stage.close();
  });

  const send = (to: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(stage.url + to, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${stage.here.keys.gateway}`,
        'content-type': 'application/json',
        ...headers,
      },
    });

  it('CHAN-2 refuses 10 MB with 413 on every route that reads a body', async () => {
    const large = new Uint8Array(10 * MEGABYTE).fill(0x20);
    assert.equal((await send(path, large)).status, 413);
    assert.equal((await send(webhook, large)).status, 413);
  });

  it('CHAN-2 refuses a gzip bomb with 413, and any packing of a signed webhook with 415', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(50 * MEGABYTE, ' ')));
    const before = process.memoryUsage().rss;
    for (let time = 0; time < 20; time += 1) {
      assert.equal((await send(path, bomb, { 'content-encoding': 'gzip' })).status, 413);
    }
    assert.ok(process.memoryUsage().rss - before < 100 * MEGABYTE, 'unpacks no more than it takes');
    assert.equal((await send(webhook, bomb, { 'content-encoding': 'gzip' })).status, 415);
    assert.equal((await send(path, 'not gzip', { 'content-encoding': 'gzip' })).status, 400);
    assert.equal((await send(path, '{}', { 'content-encoding': 'exotic' })).status, 415);
  });

  const unreadable: [string, string | Uint8Array<ArrayBuffer>][] = [
    ['JSON that is cut off', '{"id":"m1","text":"sec'],
    ['JSON 100,000 levels deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['bare NUL bytes', '{"id":"m\0"}'],
    ['UTF-16', new Uint8Array(Buffer.from('{"id":"m1"}', 'utf16le'))],
  ];
  for (const [what, body] of unreadable) {
    it(`CONV-2 refuses ${what} with 400 that quotes nothing`, async () => {
      const answer = await send(path, body);
      assert.equal(answer.status, 400);
      const problem = (await answer.json()) as { detail: string };
      assert.ok(!problem.detail.includes('sec'));
    });
  }

  it('CONV-2 refuses bodies that are not said to be JSON in UTF-8 with 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
    ])
      assert.equal((await send(path, '{}', { 'content-type': type })).status, 415, type);
  });

  it('CONV-2 names __proto__ and constructor as unknown fields and is not changed by them', async () => {
    const body =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"id":"m1","room":"r","customer":{"id":"c","__proto__":{"polluted":1}},"text":"x"}';
    const answer = await send(path, body);
    assert.equal(answer.status, 422);
    const { errors } = (await answer.json()) as { errors: { field: string }[] };
    assert.deepEqual(errors.map(({ field }) => field).sort(), [
      '__proto__',
      'constructor',
      'customer.__proto__',
    ]);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  it('CONV-2 answers JSON that is no object, and no body at all, with 422', async () => {
    for (const body of ['[]', 'null', '"text"', '5', '']) {
      const answer = await send(path, body);
      assert.equal(answer.status, 422);
      const { errors } = (await answer.json()) as { errors: object[] };
      assert.deepEqual(errors, [{ field: 'body', message: 'must be a JSON object' }], body);
    }
  });

  it('CHAN-2 cuts an upload that dawdles with 408 while others are answered', async () => {
    const impatient = await openApiStage({ requestMs: 400 });
    const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => (heard += bytes.toString()));
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    // The answer may come as a reset once the other side has closed.
    socket.on('error', () => undefined);
    socket.write(head(`/v1/channels/${impatient.here.channels.generic}/messages`, impatient));
    const drip = setInterval(() => socket.write(' '), 50);
    assert.equal((await call(impatient.url, 'GET', '/healthz')).status, 200);
    await closed;
    clearInterval(drip);
    assert.match(heard, /^HTTP\/1\.1 408 /);
    assert.equal(impatient.world.stored.length, 0);
    await impatient.close();
  });

  it('CHAN-2 survives a peer that leaves in the middle of its body', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(stage.url).port), '127.0.0.1', () => {
        socket.write(`${head(path, stage)}{"id"`, () => socket.destroy());
      });
      socket.on('close', () => resolve());
    });
  });

  it('TEN-2 knows no route that is not in the table, and none by a broken address', async () => {
    for (const target of ['/v1/nothing', '/v1/conversations/%E0%A4%A', '/v1/keys/../../etc/passwd', '/'])
      assert.ok([400, 404].includes((await send(target, '{}')).status), target);
  });

  it('TEN-2 answers another method on a known path with 405 and the methods it takes', async () => {
    const cases: [string, string, string][] = [
      ['PUT', '/v1/agents', 'GET, HEAD, POST'],
      ['POST', `/v1/agents/${stage.here.agent}`, 'GET, HEAD, PATCH'],
      ['GET', path, 'POST'],
      ['DELETE', webhook, 'GET, HEAD, POST'],
      ['DELETE', '/healthz', 'GET, HEAD'],
    ];
    for (const [method, address, allow] of cases) {
      const answer = await call(stage.url, method, address);
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], `${method} ${address}`);
      assert.equal(answer.body['title'], 'There is no such method here');
    }
    assert.equal((await fetch(`${stage.url}/healthz`, { method: 'HEAD' })).status, 200);
  });

  it('TEN-2 refuses queries that are not what the route takes', async () => {
    for (const query of [
      'limit=0',
      'limit=1000',
      'limit=x',
      'limit=1&limit=2',
      'mood=bad',
      'status[$ne]=x',
      'agent=1',
    ]) {
      const answer = await call(stage.url, 'GET', `/v1/conversations?${query}`, {
        key: stage.here.keys.viewer,
      });
      assert.equal(answer.status, 422, query);
    }
  });
});

/** The head of a post whose body of 1000 bytes never comes whole. */
function head(path: string, stage: ApiStage): string {
  return [
    `POST ${path} HTTP/1.1`,
    'host: x',
    `authorization: Bearer ${stage.here.keys.gateway}`,
    'content-type: application/json',
    'content-length: 1000',
    '\r\n',
  ].join('\r\n');
}
