import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect } from 'node:net';
import { LARGEST_FILE } from '../../domain/media.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';
import { storeFile } from './stored-message.ts';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n a picture', 'latin1');

describe('files over HTTP', () => {
  let stage: ApiStage;
  let chat: string;
  beforeEach(async () => {
    stage = await openApiStage({ limits: { visitorFileBurst: 8 } });
    chat = `/chat/${stage.here.channels.webchat}`;
  });
  afterEach(() => stage.close());

  const visit = async (base = chat) => {
    const answer = await call(stage.url, 'POST', `${base}/session`, { body: {} });
    return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  };
  const upload = async (
    cookie: string,
    bytes: Uint8Array,
    { type = 'image/png', query = '?id=one&name=lamp.png', headers = {} } = {},
  ) => {
    const response = await fetch(`${stage.url}${chat}/files${query}`, {
      method: 'POST',
      headers: { cookie, 'content-type': type, ...headers },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = (path: string, headers: Record<string, string>) => fetch(stage.url + path, { headers });

  it('CHAN-7 stores a visitor’s file with its message before the 202; the same id is one message', async () => {
    const cookie = await visit();
    const first = await upload(cookie, PNG);
    assert.equal(first.status, 202);
    const again = await upload(cookie, PNG);
    assert.deepEqual([again.body['message_id'], again.body['duplicate']], [first.body['message_id'], true]);
    const [row, ...more] = stage.world.stored;
    assert.deepEqual(more, []);
    assert.deepEqual(row?.message.content, { kind: 'image', mimeType: 'image/png', fileName: 'lamp.png' });
    assert.deepEqual(row?.file?.bytes, PNG);
    assert.equal(stage.world.signals.length, 1);
  });

  it('CHAN-7 refuses at once what is too large, empty, of no type that is taken, or not what it claims', async () => {
    const cookie = await visit();
    const refused: [number, Uint8Array, string][] = [
      [413, new Uint8Array(LARGEST_FILE + 1), 'image/png'],
      [422, new Uint8Array(0), 'image/png'],
      [415, Buffer.from('<svg onload="alert(1)"/>'), 'image/svg+xml'],
      [415, Buffer.from('<html><script>'), 'text/plain'],
      [415, Buffer.from('%PDF-1.7'), 'image/png'],
    ];
    for (const [status, bytes, type] of refused)
      assert.equal((await upload(cookie, bytes, { type })).status, status, type);
    assert.deepEqual(stage.world.stored, []);
  });

  it('CHAN-2 takes files from a visitor of ours, from our page, and not without end', async () => {
    assert.equal((await upload('', PNG)).status, 401);
    const cookie = await visit();
    assert.equal((await upload(cookie, PNG, { headers: { origin: 'https://evil.example' } })).status, 403);
    assert.equal((await upload(cookie, PNG, { query: '' })).status, 422);
    for (let n = 0; n < 7; n++) await upload(cookie, PNG);
    assert.equal((await upload(cookie, PNG)).status, 429);
  });

  it('CHAN-2 counts the files of an address, whatever sessions it begins', async () => {
    await stage.close();
    stage = await openApiStage({ limits: { addressFileBurst: 2 } });
    chat = `/chat/${stage.here.channels.webchat}`;
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await upload(await visit(), PNG)).status);
    assert.deepEqual(statuses, [202, 202, 429]);
  });

  it('CHAN-2 reads a few files at once and keeps no more in memory', async () => {
    await stage.close();
    stage = await openApiStage({
      limits: { uploadsPerAddress: 2, visitorFileBurst: 1000, addressFileBurst: 1000 },
    });
    chat = `/chat/${stage.here.channels.webchat}`;
    const cookie = await visit();
    const { port, host } = new URL(stage.url);
    const half = async (id: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `POST ${chat}/files?id=${id} HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n` +
          'content-type: image/png\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n',
      );
      // The server asks for the bytes, which never come.
      await once(socket, 'data');
      return socket;
    };
    const sockets = [await half('a'), await half('b')];
    const until = async (wanted: number) => {
      for (let tries = 0; tries < 200; tries++) {
        const { status } = await upload(cookie, PNG, { query: `?id=try-${tries}` });
        if (status === wanted) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.fail(`never ${wanted}`);
    };
    await until(429);
    for (const socket of sockets) socket.destroy();
    await until(202);
  });

  it('CHAN-7 shows a visitor their own picture, and nobody else’s', async () => {
    const cookie = await visit();
    const id = (await upload(cookie, PNG)).body['message_id'] as string;
    const mine = await get(`${chat}/files/${id}`, { cookie });
    assert.deepEqual(Buffer.from(await mine.arrayBuffer()), PNG);
    assert.equal((await get(`${chat}/files/${id}`, { cookie: await visit() })).status, 404);
    assert.equal((await get(`${chat}/files/${id}`, {})).status, 401);
  });

  it('CHAN-7 gives a file away for saving only, whatever is in it', async () => {
    const { conversation, keys } = stage.here;
    const id = storeFile(stage.world, conversation);
    const path = `/v1/conversations/${conversation}/media/${id}`;
    const answer = await get(path, { authorization: `Bearer ${keys.viewer}` });
    assert.equal(answer.status, 200);
    const header = (name: string) => answer.headers.get(name) ?? '';
    assert.equal(header('content-type'), 'image/png');
    assert.equal(header('content-disposition'), `attachment; filename*=UTF-8''photo%20%221%22.png`);
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.match(header('content-security-policy'), /default-src 'none'; sandbox/);
    assert.equal(header('cache-control'), 'no-store');
    const foreign = await get(path, { authorization: `Bearer ${stage.there.keys.viewer}` });
    assert.equal(foreign.status, 404);
    assert.equal((await get(path, { authorization: `Bearer ${keys.gateway}` })).status, 403);
  });
});
