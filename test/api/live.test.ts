import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually, openEvents } from './event-stream.ts';
import type { EventReader } from './event-stream.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('the live stream', () => {
  let stage: ApiStage;
  let readers: EventReader[];
  const begin = async (limits: Parameters<typeof openApiStage>[0] = {}) => {
    stage = await openApiStage({ limits: { heartbeatMs: 20, recheckMs: 20 }, ...limits });
  };
  beforeEach(() => {
    readers = [];
  });
  afterEach(async () => {
    for (const reader of readers) reader.close();
    await stage.close();
  });

  const open = async (lastEventId?: string, key = stage.here.keys.viewer) => {
    const headers = { authorization: `Bearer ${key}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
    const reader = await openEvents(`${stage.url}/v1/live`, headers);
    readers.push(reader);
    return reader;
  };
  const caughtUp = (reader: EventReader) =>
    eventually(() => reader.comments.includes(': caught up'), 'the stream to catch up');
  const positions = ({ events }: EventReader) => events.map(({ id }) => Number(id));

  it('APR-7 tells approvals, conversations and other events of the organisation, and nothing of another', async () => {
    await begin();
    const reader = await open();
    assert.match(reader.response.headers.get('content-type') ?? '', /^text\/event-stream/);
    await caughtUp(reader);
    stage.live.publish(stage.here.id, 'approval_requested', { priority: 'high' });
    stage.live.publish(stage.there.id, 'approval_requested', { priority: 'theirs' });
    stage.live.publish(stage.here.id, 'conversation_changed', { owner: 'operator' });
    stage.live.publish(stage.here.id, 'message_failed', { reason: 'a\nbreak' });
    await reader.until(3);
    assert.deepEqual(
      reader.events.map(({ id, event, data }) => [id, event, data['id'], data['name'], data['properties']]),
      [
        ['1', 'approval', '1001', 'approval_requested', { priority: 'high' }],
        ['3', 'conversation', '1003', 'conversation_changed', { owner: 'operator' }],
        ['4', 'event', '1004', 'message_failed', { reason: 'a\nbreak' }],
      ],
    );
    assert.deepEqual(Object.keys(reader.events[0]?.data ?? {}), [
      'id',
      'name',
      'conversation_id',
      'properties',
      'at',
    ]);
    assert.equal(reader.events[0]?.data['at'], '2026-11-21T10:00:00.000Z');
  });

  it('APR-7 begins with now, and says where that is, so that who breaks off at once misses nothing', async () => {
    await begin();
    stage.live.publish(stage.here.id, 'before');
    const first = await open();
    await caughtUp(first);
    first.close();
    assert.deepEqual([first.events.length, first.lastId], [0, '1']);
    stage.live.publish(stage.here.id, 'meanwhile');
    const second = await open(first.lastId);
    await second.until(1);
    assert.equal(second.events[0]?.data['name'], 'meanwhile');
  });

  it('APR-7 catches up a thousand events in order, and what comes at the same time', async () => {
    await begin();
    for (let n = 0; n < 1_000; n++) stage.live.publish(stage.here.id, 'happened');
    const reader = await open('0');
    for (let n = 0; n < 200; n++) {
      stage.live.publish(stage.here.id, 'happened');
      if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await reader.until(1_200);
    assert.deepEqual(
      positions(reader),
      Array.from({ length: 1_200 }, (_, n) => n + 1),
    );
  });

  for (const [what, lastEventId] of [
    ['has missed more than that', '1'],
    ['comes with a position from the future', '5000'],
    ['comes with what is no position', 'abc'],
  ] as const)
    it(`APR-7 tells a reader who ${what} to load again, and goes on from now`, async () => {
      await begin();
      for (let n = 0; n < 1_002; n++) stage.live.publish(stage.here.id, 'happened');
      const reader = await open(lastEventId);
      await caughtUp(reader);
      stage.live.publish(stage.here.id, 'next');
      await reader.until(2);
      assert.deepEqual(
        reader.events.map(({ id, event }) => [id, event]),
        [
          ['1002', 'reset'],
          ['1003', 'event'],
        ],
      );
    });

  it('TEN-2 ends the stream of a key that was revoked, and opens no other', async () => {
    await begin();
    const { key, id } = stage.world.makeKey(stage.here.id, 'Console', 'viewer');
    const [reader, other] = [await open(undefined, key), await open()];
    await caughtUp(reader);
    await call(stage.url, 'DELETE', `/v1/keys/${id}`, { key: stage.here.keys.admin });
    await reader.ended;
    assert.equal((await open(undefined, key)).response.status, 401);
    stage.live.publish(stage.here.id, 'happened');
    await other.until(1);
  });

  it('TEN-2 ends the stream of a key that may no longer, or that cannot be asked about', async () => {
    await begin();
    const { key } = stage.world.makeKey(stage.here.id, 'Console', 'viewer');
    const demoted = await open(undefined, key);
    const record = stage.world.keys.get(key);
    assert.ok(record);
    record.role = 'gateway';
    stage.world.advance(10_000);
    await demoted.ended;
    assert.equal((await open(undefined, key)).response.status, 403);
    const unsure = await open();
    stage.world.away = true;
    stage.world.advance(10_000);
    await unsure.ended;
    assert.equal((await open()).response.status, 503);
  });

  it('APR-7 bounds the open streams of a key and of an organisation, and counts only open ones', async () => {
    await begin({ limits: { streamsPerKey: 2, streamsPerOrganisation: 3, recheckMs: 1_000 } });
    const [first] = [await open(), await open()];
    const refused = await open();
    assert.deepEqual([refused.response.status, refused.response.headers.get('retry-after')], [429, '10']);
    const { operator, builder } = stage.here.keys;
    assert.equal((await open(undefined, operator)).response.status, 200);
    assert.equal((await open(undefined, builder)).response.status, 429);
    assert.equal((await open(undefined, stage.there.keys.viewer)).response.status, 200);
    first?.close();
    await eventually(() => stage.live.watchers() === 3, 'the first to go');
    assert.equal((await open(undefined, builder)).response.status, 200);
  });

  it('APR-7 keeps an idle stream alive, and lets go of one whose reader has left', async () => {
    await begin();
    const reader = await open();
    await eventually(() => reader.comments.includes(': still here'), 'a heartbeat');
    assert.equal(stage.live.watchers(), 1);
    reader.close();
    await eventually(() => stage.live.watchers() === 0, 'the watch to end');
  });

  it('APR-7 reads no more for a reader who takes nothing, and cuts it off', async () => {
    await begin({ limits: { slowReaderMs: 200, recheckMs: 1_000 } });
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 900; n++) stage.live.publish(stage.here.id, 'happened', { text });
    const socket = connect(Number(new URL(stage.url).port), '127.0.0.1');
    socket.pause();
    // The others of the organisation go on.
    const reader = await open();
    await caughtUp(reader);
    const { viewer } = stage.here.keys;
    socket.write(
      `GET /v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${viewer}\r\nLast-Event-ID: 0\r\n\r\n`,
    );
    await eventually(() => stage.live.watchers() === 2, 'the slow reader to be followed');
    await eventually(() => stage.live.watchers() === 1, 'it to be cut off');
    assert.ok(stage.live.given < 900, `${stage.live.given} events of 100 kB were read for it`);
    const closed = once(socket, 'close');
    socket.resume().on('error', () => undefined);
    await closed;
    stage.live.publish(stage.here.id, 'next');
    await reader.until(1);
  });

  it('RUN-3 ends when the process drains, and answers HEAD without a stream', async () => {
    await begin();
    const headers = { authorization: `Bearer ${stage.here.keys.viewer}` };
    const head = await fetch(`${stage.url}/v1/live`, { method: 'HEAD', headers });
    assert.equal(head.status, 200);
    const reader = await open();
    stage.drain();
    await reader.ended;
  });
});
