import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { SendOutcome } from '../../activities/ports.ts';
import { makeSendReply } from '../../activities/send-reply.ts';
import { turnCause } from '../../contract/ids.ts';
import { NOW, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

const SENT: SendOutcome = { kind: 'sent', providerMessageId: null };
const MAYBE: SendOutcome = { kind: 'try_again', afterMs: null, code: 'http_503', mayHaveArrived: true };
const NOT_NOW: SendOutcome = { kind: 'try_again', afterMs: 7, code: 'http_429', mayHaveArrived: false };
const FAILED: SendOutcome = { kind: 'failed', code: 'http_400' };

describe('sending a reply', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** Tries the first turn's reply once, over a channel that answers so. */
  const attempt = (
    room: Room,
    answer: SendOutcome,
    {
      regroup = false,
      lastAttempt = false,
      whileItHangs = () => Promise.resolve(),
    }: { regroup?: boolean; lastAttempt?: boolean; whileItHangs?: () => Promise<unknown> } = {},
  ) =>
    makeSendReply({
      ledger: room.ledger,
      transcript: room.transcript,
      channels: { send: () => whileItHangs().then(() => answer) },
      clock: { now: () => NOW },
      failpoint: () => undefined,
    })({ ...room.ref, cause: turnCause(1), regroup, lastAttempt });

  it('CHAN-5 keeps the words and the id of a reply that may have arrived, whatever its repeat hears', async () => {
    const room = await openRoom(pool);
    const id = await room.reply(1, 'first');
    await attempt(room, MAYBE);
    await attempt(room, NOT_NOW);
    assert.equal(await room.state(id), 'sending');
    await room.say('wait, one more thing');
    await room.reply(1, 'second');
    assert.deepEqual(await attempt(room, SENT, { regroup: true }), { kind: 'sent', answersSeq: 1 });
    assert.deepEqual(await room.look('select id, text, state from outbound'), [
      { id, text: 'first', state: 'sent' },
    ]);
  });

  it('CHAN-5 lets newer words replace a reply that certainly did not arrive', async () => {
    const room = await openRoom(pool);
    const id = await room.reply(1, 'first');
    await attempt(room, NOT_NOW);
    assert.equal(await room.state(id), 'planned');
    await room.say('wait, one more thing');
    const refused = { kind: 'refused', reason: 'newer_message' };
    assert.deepEqual(await attempt(room, SENT, { regroup: true }), refused);
  });

  for (const [name, answer, lastAttempt] of [
    ['is refused for good', FAILED, false],
    ['is put off for the last time', NOT_NOW, true],
  ] as const) {
    it(`CHAN-5 calls a reply unknown, not failed, whose repeat ${name}`, async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'first');
      await attempt(room, MAYBE);
      const verdict = await attempt(room, answer, { lastAttempt });
      assert.deepEqual(verdict, { kind: 'unknown', outboundId: id, answersSeq: 1 });
      assert.equal(await room.state(id), 'sending');
      assert.deepEqual(await room.messages(), [[1, 1, null]]);
    });
  }

  for (const [state, verdict] of [
    ['read', { kind: 'sent', answersSeq: 1 }],
    ['failed', { kind: 'failed', code: 'already_failed' }],
  ] as const)
    it(`CHAN-5 waits for no report of a reply that was reported as ${state} before its call gave up`, async () => {
      const room = await openRoom(pool, 'whatsapp');
      const outboundId = await room.reply(1, 'first');
      const report = { outboundId, providerMessageId: 'wamid.1', state, at: NOW, code: null };
      const whileItHangs = () => room.inbox.applyStatuses(room.integration, [report], NOW);
      assert.deepEqual(await attempt(room, { kind: 'unknown', code: 'timeout' }, { whileItHangs }), verdict);
    });

  it('CHAN-5 calls a reply unknown, not failed, where another run tries it, too', async () => {
    const room = await openRoom(pool);
    const outboundId = await room.reply(1, 'first');
    const verdict = await attempt(room, FAILED, { whileItHangs: () => room.fence(1) });
    assert.deepEqual(verdict, { kind: 'unknown', outboundId, answersSeq: 1 });
    assert.equal(await room.state(outboundId), 'sending');
  });

  it('CHAN-5 says how far a reply of unknown outcome answers, also when the fence finds it', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const outboundId = await room.reply(1, 'first');
    await room.say('wait, one more thing');
    const unknown = { kind: 'unknown', outboundId, answersSeq: 1 };
    assert.deepEqual(await attempt(room, { kind: 'unknown', code: 'timeout' }), unknown);
    assert.deepEqual(await attempt(room, SENT), unknown);
  });
});
