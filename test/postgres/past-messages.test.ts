import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { PastMessage } from '../../activities/ports.ts';
import { describeContent } from '../../domain/message.ts';
import { NOW, later, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

describe('memory', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('CONV-10 remembers what was said and got, oldest first, across the conversations of a contact', async () => {
    const room = await openRoom(pool);
    await answer(room, 1, 'a1', 1);
    await room.say('elsewhere', { room: 'another room' }, later(2));
    const elsewhere = await room.look<{ id: string }>(
      `select id from conversations where room = 'another room'`,
    );
    const other = { ...room.ref, conversationId: elsewhere[0]?.id ?? '' };
    await room.transcript.take(other, 1, later(3));
    await room.transcript.settle(other, await idsOf(room, other.conversationId), later(3));
    await room.say('now', {}, later(4));
    assert.deepEqual(await history(room, 2), ['customer: m1', 'agent: a1', 'customer: elsewhere']);
  });

  it('CONV-10 does not remember what the customer never got', async () => {
    const room = await openRoom(pool);
    const outcomes = ['failed', 'refused', 'uncertain', 'sending', 'planned'];
    for (const [n, state] of outcomes.entries()) {
      const id = await answer(room, n + 1, state, n * 10 + 1);
      await room.look('update outbound set state = $2 where id = $1', [id, state]);
      await room.say(`after ${state}`, {}, later(n * 10 + 5));
    }
    const heard = await history(room, outcomes.length + 1);
    assert.deepEqual(
      heard.filter((line) => line.startsWith('agent')),
      [],
    );
    assert.equal(heard.length, outcomes.length);
  });

  it('CONV-10 remembers an operator’s words as an operator’s', async () => {
    const room = await openRoom(pool);
    const id = await answer(room, 1, 'by hand', 1);
    await room.look(`update outbound set kind = 'operator' where id = $1`, [id]);
    await room.say('thanks', {}, later(2));
    assert.deepEqual(await history(room, 2), ['customer: m1', 'operator: by hand']);
  });

  it('CONV-10 sees the last messages only, and counts those that no summary holds', async () => {
    const room = await openRoom(pool, 'generic', { messageLimit: 4 });
    for (let turn = 1; turn <= 5; turn++) {
      await answer(room, turn, `a${turn}`, turn * 10);
      await room.say(`m${turn + 1}`, {}, later(turn * 10 + 5));
    }
    const taken = await room.transcript.take(room.ref, 6, later(60));
    if (taken.kind !== 'taken') throw new Error('nothing was taken');
    assert.deepEqual(taken.history.map(line), ['customer: m4', 'agent: a4', 'customer: m5', 'agent: a5']);
    assert.equal(taken.unsummarised, 6);

    const { previous, messages } = await room.transcript.unsummarised(room.ref);
    assert.equal(previous, null);
    assert.deepEqual(messages.map(line).slice(-2), ['customer: m3', 'agent: a3']);
    assert.equal(messages.length, 6);
    const through = messages.at(-1)?.at ?? NOW;
    await room.transcript.saveSummary(room.ref, { text: 'so far', through });
    await room.transcript.saveSummary(room.ref, { text: 'of one who knew less', through: NOW });
    const after = await room.transcript.take(room.ref, 6, later(61));
    assert.equal(after.kind === 'taken' && after.summary, 'so far');
    assert.equal(after.kind === 'taken' && after.unsummarised, 0);
    assert.deepEqual((await room.transcript.unsummarised(room.ref)).messages, []);
  });

  it('CONV-10 never cuts a summary inside one instant, for the rest of it would be forgotten', async () => {
    const room = await openRoom(pool, 'generic', { messageLimit: 2 });
    for (const text of ['m2', 'm3', 'm4']) await room.say(text, { sentAt: later(-30) });
    await answer(room, 1, 'a1', 1);
    await room.say('now', {}, later(2));
    await room.transcript.take(room.ref, 2, later(2));
    // m2, m3, m4 at one instant, then m1, a1: the window of two begins after m1's neighbours.
    const { messages } = await room.transcript.unsummarised(room.ref);
    assert.deepEqual(messages.map(line), ['customer: m2', 'customer: m3', 'customer: m4']);
    const narrow = await openRoom(pool, 'generic', { messageLimit: 3 });
    for (const text of ['m2', 'm3', 'm4']) await narrow.say(text, { sentAt: later(-30) });
    await answer(narrow, 1, 'a1', 1);
    await narrow.say('now', {}, later(2));
    await narrow.transcript.take(narrow.ref, 2, later(2));
    assert.deepEqual((await narrow.transcript.unsummarised(narrow.ref)).messages, []);
  });
});

async function answer(room: Room, turn: number, text: string, seconds: number): Promise<string> {
  const id = await room.reply(turn, text, later(seconds));
  await room.fence(turn);
  await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: null }, later(seconds));
  return id;
}

async function history(room: Room, turn: number): Promise<string[]> {
  const taken = await room.transcript.take(room.ref, turn, later(600));
  if (taken.kind !== 'taken') throw new Error('nothing was taken');
  return taken.history.map(line);
}

function line(message: PastMessage): string {
  return `${message.from}: ${describeContent(message.content)}`;
}

async function idsOf(room: Room, conversationId: string) {
  const rows = await room.look<{ id: string }>('select id from inbox where conversation_id = $1', [
    conversationId,
  ]);
  return rows.map(({ id }) => ({ id, reason: 'answered' as const }));
}
