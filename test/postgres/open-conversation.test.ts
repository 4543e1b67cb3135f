import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { NOW, fill, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

describe('opening a run', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  async function opened(room: Room) {
    const state = await room.transcript.open(room.ref);
    if (state === null) throw new Error('the conversation is gone');
    const { lastTurn, answeredSeq, waiting, sending } = state;
    return { lastTurn, answeredSeq, waiting: waiting.map((row) => row.seq), sending: sending.length };
  }

  it('CONV-6 begins a new conversation at turn 0 with what waits', async () => {
    const room = await openRoom(pool);
    const state = await room.transcript.open(room.ref);
    assert.deepEqual(
      [state?.epoch, state?.owner, state?.resolved, state?.channel, state?.settings.waitTimeSeconds],
      [1, 'agent', false, 'generic', 8],
    );
    assert.deepEqual(state?.waiting, [room.first.signal?.row]);
    assert.deepEqual(await opened(room), { lastTurn: 0, answeredSeq: 0, waiting: [1], sending: 0 });
  });

  it('CONV-2 goes on after the last finished turn', async () => {
    const room = await openRoom(pool);
    const id = await room.reply(1, 'a1');
    await room.fence(1);
    await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: null }, NOW);
    assert.deepEqual(await opened(room), { lastTurn: 1, answeredSeq: 1, waiting: [], sending: 0 });
    await room.say('m2');
    assert.deepEqual(await opened(room), { lastTurn: 1, answeredSeq: 1, waiting: [2], sending: 0 });
  });

  it('CONV-2 resumes a turn that took messages and left nothing, under its own number', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2');
    assert.deepEqual(await opened(room), { lastTurn: 0, answeredSeq: 0, waiting: [1, 2], sending: 0 });
    assert.equal((await room.transcript.open(room.ref))?.resumes, true);
    // By any other number they are not taken.
    assert.equal((await room.transcript.take(room.ref, 2, NOW, { grow: false })).kind, 'nothing');
  });

  it('CONV-2 (APR-3) knows whether the turn that it resumes is one of messages', async () => {
    const room = await openRoom(pool);
    const resumes = async () => (await room.transcript.open(room.ref))?.resumes;
    assert.equal(await resumes(), false, 'nothing was taken');
    await room.look(
      `update inbox set kind = 'approval_outcome', provider_message_id = null, body = null, turn = 1`,
    );
    await room.look('update conversations set turn = 1');
    assert.equal(await resumes(), false, 'a decision was');
  });

  it('CONV-2 resumes a turn whose reply was planned or is on the wire', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'a1');
    assert.deepEqual(await opened(room), { lastTurn: 0, answeredSeq: 0, waiting: [1], sending: 0 });
    await room.fence(1);
    assert.deepEqual(await opened(room), { lastTurn: 0, answeredSeq: 0, waiting: [1], sending: 1 });
  });

  it('CONV-2 gives what an older turn lost to the next one', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2');
    const id = await room.reply(2, 'a2');
    await room.fence(2);
    await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: null }, NOW);
    assert.deepEqual(await room.messages(), [
      [1, 1, null],
      [2, 2, 'answered'],
    ]);
    assert.deepEqual(await opened(room), { lastTurn: 2, answeredSeq: 0, waiting: [1], sending: 0 });
    const taken = await room.transcript.take(room.ref, 3, NOW);
    assert.equal(taken.kind === 'taken' && taken.lastSeq, 1);
  });

  it('CONV-2 gives what an older turn lost to the one that it resumes', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2');
    await room.reply(2, 'a2');
    assert.deepEqual(await opened(room), { lastTurn: 1, answeredSeq: 0, waiting: [1, 2], sending: 0 });
    const taken = await room.transcript.take(room.ref, 2, NOW);
    assert.equal(taken.kind === 'taken' && taken.messages.length, 2);
    // The reply that was planned knows nothing of the message given back: it would be called answered.
    assert.equal(taken.kind === 'taken' && taken.plannedAlready, false);
  });

  it('CONV-2 waits for commands as well as for messages', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    const state = await room.transcript.open(room.ref);
    assert.deepEqual(
      state?.waiting.map((row) => row.kind),
      ['message', 'take_over'],
    );
    assert.deepEqual([state?.owner, state?.epoch], ['operator', 2]);
    const reasons = state?.waiting.map((row) => ({ id: row.id, reason: 'noted' as const })) ?? [];
    await room.transcript.settle(room.ref, reasons, NOW);
    await room.transcript.settle(
      room.ref,
      reasons.map(({ id }) => ({ id, reason: 'superseded' as const })),
      NOW,
    );
    assert.deepEqual(await opened(room), { lastTurn: 0, answeredSeq: 1, waiting: [], sending: 0 });
    assert.deepEqual(await room.messages(), [[1, null, 'noted']]);
  });

  it('CONV-2 holds the oldest 500 rows, while the turn takes all there are', async () => {
    const room = await openRoom(pool);
    await fill(room, 700);
    const { lastTurn, answeredSeq, waiting } = await opened(room);
    assert.deepEqual([lastTurn, answeredSeq, waiting.length, waiting.at(-1)], [0, 0, 500, 500]);
    const taken = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(taken.kind === 'taken' && taken.lastSeq, 700);
  });

  it('CONV-2 resumes the last turn even if what an older one lost fills all the places', async () => {
    const room = await openRoom(pool);
    await fill(room, 700);
    await room.look('update inbox set turn = case when seq > 600 then 2 else 1 end, taken_at = $1', [NOW]);
    await room.look('update conversations set turn = 2');
    const { lastTurn, answeredSeq, waiting } = await opened(room);
    assert.deepEqual([lastTurn, answeredSeq, waiting.length, waiting.at(-1)], [1, 0, 500, 500]);
  });

  it('CONV-2 does not take a message behind 500 commands for answered', async () => {
    const room = await openRoom(pool);
    await fill(room, 700);
    await room.look(
      `update inbox set kind = 'delivery_settled', provider_message_id = null, body = null where seq <= 600`,
    );
    const { answeredSeq, waiting } = await opened(room);
    assert.deepEqual([answeredSeq, waiting.length], [600, 500]);
  });

  it('DATA-1 finds nothing of an erased conversation', async () => {
    const room = await openRoom(pool);
    assert.equal(await room.transcript.open({ ...room.ref, conversationId: randomUUID() }), null);
  });
});
