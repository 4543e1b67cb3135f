import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { replyCause } from '../../contract/ids.ts';
import { later, NOW, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

describe("an operator's reply in the store", () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  const command = (room: Room, what: 'take_over' | 'hand_back' | 'resolve') =>
    room.inbox.command(room.caller, room.ref.conversationId, what, NOW);
  const reply = (room: Room, text: string, now = NOW) =>
    room.inbox.reply(room.caller, room.ref.conversationId, text, now);

  /** The reply, planned; its row and its cause. */
  async function replied(room: Room, text: string, now = NOW) {
    const result = await reply(room, text, now);
    assert.ok(result.kind === 'done', result.kind);
    const { row } = result.signal;
    const fence = () =>
      room.ledger.passFence(room.ref, replyCause(row.id), { regroup: false, now, holdMs: 5_000 });
    return { ...result, row, fence };
  }

  const planned = (room: Room) =>
    room.look<{ kind: string; text: string; epoch: number; state: string; turn: number | null }>(
      `select kind, text, epoch, state, turn from outbound where conversation_id = $1 and kind = 'operator'`,
      [room.ref.conversationId],
    );

  it('ESC-5 refuses while the agent has the conversation, and says who has it', async () => {
    const room = await openRoom(pool);
    assert.deepEqual(await reply(room, 'Hello'), { kind: 'lost', owner: 'agent', status: 'active' });
    await command(room, 'take_over');
    await command(room, 'hand_back');
    assert.deepEqual(await reply(room, 'Hello'), { kind: 'lost', owner: 'agent', status: 'active' });
    assert.deepEqual(await planned(room), []);
  });

  it('ESC-5 refuses while the conversation waits in a queue: nobody has it', async () => {
    const room = await openRoom(pool);
    await room.inbox.assign(room.caller, room.ref.conversationId, { type: 'auto' }, NOW);
    assert.deepEqual(await reply(room, 'Hello'), { kind: 'lost', owner: 'operator', status: 'escalated' });
    assert.deepEqual(await planned(room), []);
  });

  it('ESC-5 refuses what is resolved, and what is not ours', async () => {
    const room = await openRoom(pool);
    await command(room, 'take_over');
    await command(room, 'resolve');
    const result = await reply(room, 'Hello');
    assert.deepEqual([result.kind, 'status' in result && result.status], ['lost', 'resolved']);
    assert.deepEqual(await room.inbox.reply(room.caller, randomUUID(), 'Hello', NOW), { kind: 'unknown' });
    assert.deepEqual(await room.inbox.reply(room.caller, 'not-an-id', 'Hello', NOW), { kind: 'unknown' });
    const other = await openRoom(pool);
    const stranger = await other.inbox.reply(other.caller, room.ref.conversationId, 'Hello', NOW);
    assert.deepEqual(stranger, { kind: 'unknown' });
  });

  it('ESC-5 plans the words with the epoch of their commit, and tells the workflow the row alone', async () => {
    const room = await openRoom(pool);
    const taken = await command(room, 'take_over');
    assert.ok(taken.kind === 'done');
    const { epoch, messageId, row, signal } = await replied(room, 'I am Olga');
    assert.equal(epoch, taken.epoch);
    assert.deepEqual([row.kind, row.epoch], ['reply', epoch]);
    assert.ok(!JSON.stringify(signal).includes('Olga'));
    const [message, ...more] = await planned(room);
    assert.deepEqual(more, []);
    assert.deepEqual(message, { kind: 'operator', text: 'I am Olga', epoch, state: 'planned', turn: null });
    assert.equal(await room.state(messageId), 'planned');
  });

  it('ESC-5 writes an audit entry that names the message and not its words', async () => {
    const room = await openRoom(pool);
    await command(room, 'take_over');
    const { messageId } = await replied(room, 'a secret word');
    const entries = await room.look<{ actor: string; action: string; subject: string; detail: object }>(
      `select actor, action, subject, detail from audit where action = 'conversation.reply'`,
    );
    const subject = room.ref.conversationId;
    const actor = `key:${room.caller.keyId}`;
    assert.deepEqual(entries, [
      { actor, action: 'conversation.reply', subject, detail: { message: messageId } },
    ]);
  });

  it('ESC-5 numbers two replies at once one behind the other', async () => {
    const room = await openRoom(pool);
    await command(room, 'take_over');
    const both = await Promise.all([replied(room, 'one'), replied(room, 'two')]);
    const seqs = both.map(({ row }) => row.seq).sort((a, b) => a - b);
    assert.equal(seqs[1], (seqs[0] ?? 0) + 1);
    assert.notEqual(both[0].row.id, both[1].row.id);
    for (const { fence } of both) assert.equal((await fence()).kind, 'ready');
  });

  for (const [what, reason] of [
    ['hand_back', 'owner'],
    ['resolve', 'resolved'],
  ] as const)
    it(`ESC-5 lets nothing leave that a ${what} overtook`, async () => {
      const room = await openRoom(pool);
      await command(room, 'take_over');
      const { fence, messageId } = await replied(room, 'too late');
      await command(room, what);
      assert.deepEqual(await fence(), { kind: 'refused', reason });
      assert.equal(await room.state(messageId), 'refused');
    });

  it('ESC-5 lets nothing leave that another take-over overtook', async () => {
    const room = await openRoom(pool);
    await command(room, 'take_over');
    const { fence, messageId } = await replied(room, 'too late');
    await command(room, 'hand_back');
    await command(room, 'take_over');
    assert.deepEqual(await fence(), { kind: 'refused', reason: 'epoch' });
    assert.equal(await room.state(messageId), 'refused');
  });

  it('CONV-10 keeps the words out of the memory until they were sent', async () => {
    const room = await openRoom(pool);
    await command(room, 'take_over');
    const { fence, messageId } = await replied(room, 'I am Olga', later(1));
    const memory = async () => {
      const taken = await room.transcript.take(room.ref, 9, later(3));
      assert.ok(taken.kind === 'taken', taken.kind);
      return taken.history.map(({ from }) => from);
    };
    assert.equal((await fence()).kind, 'ready');
    await command(room, 'hand_back');
    await room.say('m2', {}, later(2));
    // What the customer wrote before was left to the person, and is remembered.
    assert.deepEqual(await memory(), ['customer'], 'it is on its way');
    await room.ledger.record(room.ref, messageId, { kind: 'sent', providerMessageId: null }, later(2));
    assert.deepEqual(await memory(), ['customer', 'operator']);
  });
});
