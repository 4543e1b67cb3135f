import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { EgressFailure } from '../../adapters/egress/egress-failure.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import type { Egress, EgressRequest } from '../../adapters/egress/egress.ts';
import { closedPort, openSink } from './local-sink.ts';
import type { Sink } from './local-sink.ts';

describe('guarded way out', () => {
  let sink: Sink;
  let egress: Egress;

  beforeEach(async () => {
    sink = await openSink();
    egress = openEgress({ allow: [`127.0.0.1:${sink.port}`] });
  });
  afterEach(async () => {
    await sink.close();
    await egress.close();
  });

  const call = (more: Partial<EgressRequest> = {}) =>
    egress.request({
      method: 'POST',
      url: `http://127.0.0.1:${sink.port}/hook?a=1`,
      body: '{"ü":1}',
      timeoutMs: 5000,
      maxResponseBytes: 1000,
      ...more,
    });
  async function failure(call: Promise<unknown>): Promise<EgressFailure> {
    try {
      await call;
    } catch (error) {
      assert.ok(error instanceof EgressFailure, String(error));
      return error;
    }
    return assert.fail('it was answered');
  }

  it('EXT-6 brings back status, headers and body, and asks for no compression', async () => {
    sink.answer = (_, response) => void response.writeHead(418, { 'x-a': ['1', '2'] }).end('short');
    const answer = await call({ headers: { 'content-type': 'application/json' } });
    assert.deepEqual(
      [answer.status, answer.headers['x-a'], answer.body.toString(), answer.truncated],
      [418, ['1', '2'], 'short', false],
    );
    const [request] = sink.requests;
    assert.deepEqual([request?.method, request?.url], ['POST', '/hook?a=1']);
    assert.equal(request?.headers['accept-encoding'], 'identity');
    assert.equal(request?.headers['content-length'], '8');
  });

  it('EXT-6 keeps connections for the next calls to the same origin', async () => {
    for (let n = 0; n < 20; n++) await call();
    // Two, because a connection that has just answered is looked at again before it is used again.
    assert.equal(sink.hits, 20);
    assert.ok(sink.connections <= 2, `${sink.connections} connections`);
  });

  it('EXT-6 cuts an answer that is too long, and closes that connection', async () => {
    sink.answer = (_, response) => void response.end(Buffer.alloc(5_000_000, 'x'));
    const answer = await call({ maxResponseBytes: 1500 });
    assert.deepEqual([answer.status, answer.body.length, answer.truncated], [200, 1500, true]);
    sink.answer = (_, response) => void response.end(Buffer.alloc(1500, 'x'));
    const whole = await call({ maxResponseBytes: 1500 });
    assert.deepEqual([whole.body.length, whole.truncated, sink.connections], [1500, false, 2]);
  });

  it('EXT-6 never unpacks a compressed answer', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    sink.answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    const answer = await call({ maxResponseBytes: 100_000 });
    assert.deepEqual([answer.body.equals(bomb), answer.truncated], [true, false]);
  });

  it('EXT-6 ends at the deadline and says that the request may have arrived', async () => {
    sink.answer = () => undefined;
    const failed = await failure(call({ timeoutMs: 150 }));
    assert.deepEqual([failed.code, failed.mayHaveArrived, failed.status], ['timed_out', true, null]);
    assert.equal(sink.hits, 1);
  });

  it('EXT-6 ends at the deadline while the body trickles, and keeps the status', async () => {
    sink.answer = (_, response) => {
      response.writeHead(202);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    };
    const failed = await failure(call({ timeoutMs: 200 }));
    assert.deepEqual([failed.code, failed.mayHaveArrived, failed.status], ['timed_out', true, 202]);
  });

  it('EXT-6 tells a connection lost after the request from one lost within the answer', async () => {
    sink.answer = (request) => void request.socket.destroy();
    const before = await failure(call());
    assert.deepEqual([before.code, before.mayHaveArrived, before.status], ['connection_lost', true, null]);
    assert.equal(sink.hits, 1, 'the client does not repeat by itself');
    sink.answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    };
    const within = await failure(call());
    assert.deepEqual([within.code, within.mayHaveArrived, within.status], ['connection_lost', true, 200]);
  });

  it('EXT-6 says that nothing was sent when nobody listens', async () => {
    const port = await closedPort();
    const other = openEgress({ allow: [`127.0.0.1:${port}`] });
    const failed = await failure(
      other.request({
        method: 'GET',
        url: `http://127.0.0.1:${port}/`,
        timeoutMs: 2000,
        maxResponseBytes: 10,
      }),
    );
    assert.deepEqual(
      [failed.code, failed.reason, failed.mayHaveArrived],
      ['nothing_sent', 'ECONNREFUSED', false],
    );
    await other.close();
  });

  it('EXT-6 says that nothing was sent when TLS fails', async () => {
    const failed = await failure(call({ url: `https://127.0.0.1:${sink.port}/` }));
    assert.deepEqual([failed.code, failed.mayHaveArrived, sink.hits], ['nothing_sent', false, 0]);
    const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(rude, 'listening');
    const { port } = rude.address() as AddressInfo;
    const other = openEgress({ allow: [`127.0.0.1:${port}`] });
    const dropped = await failure(
      other.request({
        method: 'GET',
        url: `https://127.0.0.1:${port}/`,
        timeoutMs: 2000,
        maxResponseBytes: 10,
      }),
    );
    assert.deepEqual([dropped.code, dropped.mayHaveArrived], ['nothing_sent', false]);
    rude.close();
    await other.close();
  });

  it('EXT-6 never sends what its deadline took out of the line', async () => {
    const waiting: (() => void)[] = [];
    sink.answer = (_, response) => void waiting.push(() => response.end());
    const busy = Array.from({ length: 64 }, () => call());
    await until(() => sink.hits === 64);
    const late = await failure(call({ url: `http://127.0.0.1:${sink.port}/late`, timeoutMs: 50 }));
    assert.deepEqual([late.code, late.mayHaveArrived], ['timed_out', false]);
    sink.answer = (_, response) => void response.end();
    for (const answer of waiting) answer();
    await Promise.all(busy);
    await call();
    assert.equal(sink.hits, 65);
    assert.ok(!sink.requests.some((request) => request.url === '/late'));
  });

  it('EXT-6 stops when the caller does, before and during the call', async () => {
    const before = await failure(call({ signal: AbortSignal.abort() }));
    assert.deepEqual([before.code, before.mayHaveArrived, sink.hits], ['aborted', false, 0]);
    const stopping = new AbortController();
    sink.answer = () => stopping.abort();
    const during = await failure(call({ signal: stopping.signal }));
    assert.deepEqual([during.code, during.mayHaveArrived, sink.hits], ['aborted', true, 1]);
  });

  it('EXT-6 refuses headers that split the message, frame it or name another host', async () => {
    const bad: Record<string, string>[] = [
      { 'x-a': 'b\r\nx-evil: 1' },
      { 'x-a\r\nx-evil': '1' },
      { 'x-a': 'b\nc' },
      { 'x-a': 'b\0' },
      { host: 'metadata.google.internal' },
      { Host: 'a' },
      { 'content-length': '0' },
      { 'Transfer-Encoding': 'chunked' },
      { connection: 'upgrade' },
      { upgrade: 'h2c' },
      { 'proxy-authorization': 'x' },
      { 'accept-encoding': 'gzip' },
    ];
    for (const headers of bad) {
      const failed = await failure(call({ headers }));
      assert.deepEqual([failed.code, failed.mayHaveArrived], ['bad_request', false], JSON.stringify(headers));
    }
    for (const method of ['GET / HTTP/1.1\r\nx: y', 'CONNECT'])
      assert.equal((await failure(call({ method }))).code, 'bad_request');
    assert.equal(sink.hits, 0);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not come to pass within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
