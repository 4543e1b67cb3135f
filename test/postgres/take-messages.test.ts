import { strict as assert } from 'node:assert';
import { asyncLocalStorage } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import type pg from 'pg';
import { makeComposeReply } from '../../activities/compose-reply.ts';
import type { ActivityPorts } from '../../activities/ports.ts';
import { statementCount } from '../../adapters/postgres/as-organisation.ts';
import { NOW, later, openInstallation, openRoom } from './installation.ts';

/** What a run of the step says that finds its reply planned: it asks nobody else. */
async function composedAgain({ ref, transcript }: Awaited<ReturnType<typeof openRoom>>) {
  const ports = { transcript, clock: { now: () => NOW } } as unknown as ActivityPorts;
  const heard = { coreIntent: null, wantsHuman: false, understood: false, declined: null, asking: null };
  const loop = { turn: 1, round: 0, step: 1, lastStep: false, mayStartOver: true };
  const context = { cancellationSignal: new AbortController().signal, heartbeat: () => undefined };
  const verdict = await asyncLocalStorage.run(context as unknown as Context, () =>
    makeComposeReply(ports)({ ...ref, ...loop, ...heard }),
  );
  return [verdict.kind, verdict.kind === 'planned' && verdict.escalates];
}

describe('take', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('CONV-3 takes all that waits, whatever was signalled, in the order of the messages’ own times', async () => {
    const room = await openRoom(pool);
    await room.say('m2', { sentAt: later(-60) });
    await room.say('from the future', { sentAt: later(600) });
    const taken = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(taken.kind, 'taken');
    if (taken.kind !== 'taken') return;
    assert.deepEqual(
      taken.messages.map((message) => message.seq),
      [2, 1, 3],
    );
    assert.equal(taken.lastSeq, 3);
    assert.deepEqual(taken.messages[2]?.at, NOW);
  });

  it('CONV-4 gives a repeated take the same messages and those that came since', async () => {
    const room = await openRoom(pool);
    const first = await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2');
    const second = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(first.kind === 'taken' && first.messages.length, 1);
    assert.equal(second.kind === 'taken' && second.messages.length, 2);
    assert.deepEqual(await room.messages(), [
      [1, 1, null],
      [2, 1, null],
    ]);
  });

  it('CONV-4 never gives one message to two turns that take at the same time', async () => {
    const room = await openRoom(pool);
    for (let n = 2; n <= 40; n++) await room.say(`m${n}`);
    const takes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => room.transcript.take(room.ref, n + 1, NOW)),
    );
    const ids = takes.flatMap((taken) => (taken.kind === 'taken' ? taken.messages.map(({ id }) => id) : []));
    assert.equal(ids.length, 40);
    assert.equal(new Set(ids).size, 40);
  });

  it('CONV-4 lets an overtaken turn take nothing new, and does not call it looked at', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 2, NOW);
    await room.say('m2');
    const late = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(late.kind === 'nothing' && late.throughSeq, 1);
    assert.deepEqual(await room.messages(), [
      [1, 2, null],
      [2, null, null],
    ]);
  });

  it('CONV-4 leaves a message that came after the reply went out to the next turn', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'answer');
    await room.fence(1);
    await room.say('m2');
    const again = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(again.kind === 'taken' && again.lastSeq, 1);
    assert.equal(again.kind === 'taken' && again.plannedAlready, true);
    const next = await room.transcript.take(room.ref, 2, NOW);
    assert.deepEqual(next.kind === 'taken' && next.messages.map(({ seq }) => seq), [2]);
  });

  it('CONV-4 says that a reply is planned already only if it answers these very messages', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'answer');
    const same = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(same.kind === 'taken' && same.plannedAlready, true);
    await room.say('m2');
    const more = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(more.kind === 'taken' && more.plannedAlready, false);
  });

  it('ESC-2 keeps the rule of a notice with it, for the run that comes after a crash, and of that notice alone', async () => {
    const room = await openRoom(pool);
    const taken = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(taken.kind === 'taken' && taken.escalates, null);
    const inReplyTo =
      taken.kind === 'taken' ? taken.messages.map((message) => message.providerMessageId) : [];
    const reply = { turn: 1, cause: 'turn:1', text: 'b', epoch: 1, answersSeq: 1, inReplyTo };
    await room.transcript.plan(room.ref, { ...reply, kind: 'notice', escalates: 'money' }, null, NOW);
    const again = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(again.kind === 'taken' && [again.plannedAlready, again.escalates], [true, 'money']);
    assert.deepEqual(await composedAgain(room), ['planned', 'money']);
    await room.transcript.plan(room.ref, { ...reply, kind: 'reply' }, null, NOW);
    const replaced = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(replaced.kind === 'taken' && [replaced.plannedAlready, replaced.escalates], [
      true,
      null,
    ]);
    await room.transcript.plan(room.ref, { ...reply, kind: 'notice', escalates: 'money' }, null, NOW);
    await room.say('m2');
    const more = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(more.kind === 'taken' && [more.plannedAlready, more.escalates], [false, null]);
  });

  it('CONV-4 leaves a turn that may not start over its own messages, and the newer ones to the next', async () => {
    const room = await openRoom(pool);
    const nothing = await room.transcript.take(room.ref, 1, NOW, { grow: false });
    assert.deepEqual(nothing.kind === 'nothing' && nothing.throughSeq, 0);
    await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2', { customer: { ids: ['c'], phone: '+62' } });
    const kept = await room.transcript.take(room.ref, 1, NOW, { grow: false });
    assert.deepEqual(kept.kind === 'taken' && [kept.lastSeq, kept.contact.phone], [1, '+62']);
    const next = await room.transcript.take(room.ref, 2, NOW);
    assert.deepEqual(next.kind === 'taken' && next.messages.map(({ seq }) => seq), [2]);
  });

  it('ESC-5 settles what waits while a person has the conversation, and takes nothing', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    await room.say('m2');
    const taken = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(taken, { kind: 'nothing', epoch: 2, owner: 'operator', resolved: false, throughSeq: 3 });
    assert.deepEqual(await room.messages(), [
      [1, null, 'operator_has_it'],
      [3, null, 'operator_has_it'],
    ]);
  });

  it('ESC-5 leaves to people what was committed before they had the conversation, handed back or not', async () => {
    const room = await openRoom(pool);
    const change = (what: 'take_over' | 'hand_back') =>
      room.inbox.command(room.caller, room.ref.conversationId, what, NOW);
    // Its turn had begun.
    await room.transcript.take(room.ref, 1, NOW);
    await room.say('m2');
    await change('take_over');
    await room.say('for the person');
    await change('hand_back');
    const late = await room.transcript.take(room.ref, 1, NOW, { grow: false });
    assert.deepEqual(late, { kind: 'nothing', epoch: 3, owner: 'agent', resolved: false, throughSeq: 4 });
    await room.say('for the agent');
    const next = await room.transcript.take(room.ref, 2, NOW);
    assert.deepEqual(next.kind === 'taken' && next.messages.map(({ seq }) => seq), [6]);
    assert.deepEqual(await room.messages(), [
      [1, 1, 'superseded'],
      [2, null, 'superseded'],
      [4, null, 'superseded'],
      [6, 2, null],
    ]);
  });

  it('ESC-5 lets a reply that was on its way answer what it answers, though people had the conversation since', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'answer');
    await room.fence(1);
    for (const what of ['take_over', 'hand_back'] as const)
      await room.inbox.command(room.caller, room.ref.conversationId, what, NOW);
    const again = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(again.kind === 'taken' && [again.lastSeq, again.plannedAlready], [1, true]);
  });

  it('CONV-7 settles what waits in a resolved conversation', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'resolve', NOW);
    const taken = await room.transcript.take(room.ref, 1, NOW);
    assert.equal(taken.kind === 'nothing' && taken.resolved, true);
    assert.deepEqual(await room.messages(), [[1, null, 'resolved']]);
  });

  it('CONV-6 takes five statements in three round trips for a turn, and three in one to plan its reply', async () => {
    const room = await openRoom(pool);
    const before = statementCount().statements;
    const taken = await room.transcript.take(room.ref, 1, NOW);
    const between = statementCount().statements;
    assert.equal(between - before, 5);
    if (taken.kind !== 'taken') throw new Error('nothing was taken');
    await room.reply(1, 'answer');
    const planned = statementCount().statements;
    await room.transcript.plan(
      room.ref,
      { turn: 1, cause: 'turn:1', kind: 'reply', text: 'b', epoch: 1, answersSeq: 1, inReplyTo: [] },
      null,
      NOW,
    );
    assert.equal(statementCount().statements - planned, 3);
  });
});
