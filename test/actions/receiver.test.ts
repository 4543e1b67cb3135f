import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import { outcomeMessage, readResponse } from '../../domain/outcome-message.ts';
import { closedPort, openSink } from '../channels/local-sink.ts';
import type { Sink } from '../channels/local-sink.ts';
import { openWebhookCaller } from './webhook-caller.ts';
import type { WebhookCaller } from './webhook-caller.ts';

describe('receivers that do not do as they should', () => {
  let sink: Sink;
  let inner: Sink;
  let caller: WebhookCaller;

  beforeEach(async () => {
    [sink, inner] = await Promise.all([openSink(), openSink()]);
    caller = openWebhookCaller([sink.port]);
  });
  afterEach(async () => {
    await caller.close();
    await Promise.all([sink.close(), inner.close()]);
  });

  /** The answer without its time. */
  async function call(more: Parameters<WebhookCaller['call']>[1] = {}, signal?: AbortSignal) {
    const { durationMs, ...answer } = await caller.call(sink.port, more, signal);
    assert.ok(Number.isInteger(durationMs) && durationMs >= 0);
    return answer;
  }
  const answered = (status: number, body = '', more = {}) => ({
    kind: 'answered',
    status,
    body,
    truncated: false,
    retryAfterMs: null,
    ...more,
  });
  const oneKey = () => {
    for (const name of ['idempotency-key', 'webhook-id'])
      assert.equal(new Set(sink.requests.map(({ headers }) => headers[name])).size, 1);
  };

  it('EXT-5 tells each status of a receiver that fails twice and then works', async () => {
    const statuses = [500, 503, 200];
    sink.answer = (_, response) => void response.writeHead(statuses.shift() ?? 599).end('{"order_id":7}');
    for (const status of [500, 503, 200]) assert.deepEqual(await call(), answered(status, '{"order_id":7}'));
    oneKey();
  });

  it('EXT-5 says that a call may have arrived whose receiver worked and dropped the answer', async () => {
    sink.answer = (request) => void request.socket.destroy();
    for (let attempt = 0; attempt < 2; attempt++)
      assert.deepEqual(await call(), { kind: 'no_answer', code: 'connection_lost', mayHaveArrived: true });
    assert.equal(sink.hits, 2, 'the client repeats nothing by itself');
    oneKey();
  });

  it('EXT-5 reads Retry-After in both forms, up to an hour', async () => {
    caller.now = new Date('2026-01-01T00:00:00Z');
    const forms: [string, number | null][] = [
      ['2', 2_000],
      ['3600', 3_600_000],
      ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
      ['Thu, 01 Jan 2026 12:00:00 GMT', 3_600_000],
      ['86400', 3_600_000],
      ['soon', null],
    ];
    for (const [header, retryAfterMs] of forms) {
      sink.answer = (_, response) => void response.writeHead(429, { 'retry-after': header }).end();
      assert.deepEqual(await call(), answered(429, '', { retryAfterMs }), header);
    }
  });

  it('EXT-5 brings back 410 and other refusals as they are', async () => {
    for (const status of [410, 400, 404, 408, 422]) {
      sink.answer = (_, response) => void response.writeHead(status).end('no');
      assert.deepEqual(await call(), answered(status, 'no'));
    }
  });

  it('EXT-5 ends at its deadline when the head comes a byte at a time, and may have arrived', async () => {
    const sockets: Socket[] = [];
    const drips: NodeJS.Timeout[] = [];
    const slow = createServer((socket) => {
      sockets.push(socket);
      const head = [...'HTTP/1.1 200 OK\r\nx-slow: 1\r\n\r\n'];
      drips.push(setInterval(() => socket.write(head.shift() ?? ''), 100));
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const { port } = slow.address() as AddressInfo;
    const other = openWebhookCaller([port]);
    const { durationMs: _, ...answer } = await other.call(port, { timeoutMs: 300 });
    assert.deepEqual(answer, { kind: 'no_answer', code: 'timed_out', mayHaveArrived: true });
    drips.forEach(clearInterval);
    sockets.forEach((socket) => socket.destroy());
    slow.close();
    await other.close();
  });

  it('EXT-5 takes the status for the verdict when the body comes a byte at a time', async () => {
    sink.answer = (_, response) => {
      response.writeHead(201, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write('{'), 20);
      response.on('close', () => clearInterval(drip));
    };
    assert.deepEqual(await call({ timeoutMs: 200 }), answered(201, '', { truncated: true }));
  });

  it('EXT-5 ends at its deadline when no answer comes, and when the caller stops', async () => {
    const stopping = new AbortController();
    sink.answer = () => undefined;
    const silent = await call({ timeoutMs: 100 });
    assert.deepEqual(silent, { kind: 'no_answer', code: 'timed_out', mayHaveArrived: true });
    sink.answer = () => stopping.abort();
    const stopped = await call({}, stopping.signal);
    assert.deepEqual(stopped, { kind: 'no_answer', code: 'aborted', mayHaveArrived: true });
  });

  it('EXT-5 says that nothing was sent when nobody listens', async () => {
    const port = await closedPort();
    const other = openWebhookCaller([port]);
    const { durationMs: _, ...answer } = await other.call(port);
    assert.deepEqual(answer, { kind: 'no_answer', code: 'nothing_sent', mayHaveArrived: false });
    await other.close();
  });

  it('EXT-5 does not unpack 50 MB of gzip, and keeps none of it', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    sink.answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    assert.deepEqual(await call(), answered(200, '', { truncated: true }));
    sink.answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'identity' }).end('{}');
    assert.deepEqual(await call(), answered(200, '{}'));
  });

  it('EXT-5 keeps 64 kB of an answer, whole characters only', async () => {
    sink.answer = (_, response) => void response.end(`x${'ü'.repeat(5_000_000)}`);
    const answer = await call();
    assert.deepEqual(answer, answered(200, `x${'ü'.repeat(32_767)}`, { truncated: true }));
    sink.answer = (_, response) => void response.end('y'.repeat(65_536));
    assert.deepEqual(await call(), answered(200, 'y'.repeat(65_536)));
  });

  it('EXT-3 tells the customer the default message where the answer is not JSON', async () => {
    const action = {
      ...DEFAULT_EXTERNAL_ACTION,
      trainingExamples: [],
      variables: [],
      actionName: 'order',
      displayName: 'Order',
      webhookUrl: 'https://shop.example/orders',
      successMessage: 'Order {{response.order_id}}',
    };
    const told = async () => {
      const answer = await call();
      assert.ok(answer.kind === 'answered');
      return outcomeMessage(action, 'succeeded', {}, readResponse(answer.body));
    };
    sink.answer = (_, response) => void response.end('{"order_id":"A-1"}');
    assert.deepEqual(await told(), { text: 'Order A-1', problem: null });
    for (const body of ['<html>fine</html>', '', '{"order_id":', Buffer.from([0xff, 0xfe, 0])]) {
      sink.answer = (_, response) => void response.end(body);
      const { text, problem } = await told();
      assert.equal(text, DEFAULT_EXTERNAL_ACTION.successMessage);
      assert.equal(problem, 'missing_field:response.order_id');
    }
  });

  it('EXT-6 does not follow a redirect to a private address', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      sink.answer = (_, response) =>
        void response.writeHead(status, { location: `http://127.0.0.1:${inner.port}/` }).end();
      assert.deepEqual(await call(), answered(status));
    }
    assert.equal(inner.connections, 0);
  });
});
