import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openPeople } from '../../adapters/postgres/people.ts';
import { NOW, openInstallation, openRoom } from './installation.ts';

describe('commands', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('ESC-5 takes over, hands back and resolves, each with a new epoch, a row and an audit entry', async () => {
    const room = await openRoom(pool);
    const { conversationId } = room.ref;
    const expected = [
      ['take_over', 'operator', 'assigned', 2, 2],
      ['hand_back', 'agent', 'active', 3, 3],
      ['resolve', 'agent', 'resolved', 4, 4],
    ] as const;
    for (const [command, owner, status, epoch, seq] of expected) {
      const result = await room.inbox.command(room.caller, conversationId, command, NOW);
      assert.equal(result.kind, 'done');
      if (result.kind !== 'done') return;
      assert.deepEqual(
        [result.owner, result.status, result.epoch, result.inFlight],
        [owner, status, epoch, []],
      );
      const { kind, seq: rowSeq, epoch: rowEpoch } = result.signal.row;
      assert.deepEqual([kind, rowSeq, rowEpoch], [command, seq, epoch]);
    }
    assert.deepEqual(
      await room.look('select actor, action, subject, detail from audit order by number'),
      expected.map(([command, , , epoch]) => ({
        actor: `key:${room.caller.keyId}`,
        action: `conversation.${command}`,
        subject: conversationId,
        detail: { epoch },
      })),
    );
  });

  it('ESC-5 lets one of many take-overs at the same time win', async () => {
    const room = await openRoom(pool);
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        room.inbox.command(
          { ...room.caller, keyId: randomUUID() },
          room.ref.conversationId,
          'take_over',
          NOW,
        ),
      ),
    );
    assert.equal(results.filter((result) => result.kind === 'done').length, 1);
    assert.deepEqual(
      results.find((result) => result.kind === 'lost'),
      { kind: 'lost', owner: 'operator', status: 'assigned' },
    );
    assert.deepEqual(await room.look('select epoch, last_seq from conversations'), [
      { epoch: 2, last_seq: 2 },
    ]);
  });

  it('ESC-5 waits for a message on the wire that ends in time', async () => {
    const room = await openRoom(pool);
    const id = await room.reply(1, 'hello');
    await room.fence(1);
    const taking = room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    let done = false;
    void taking.then(() => (done = true));
    while ((await room.look<{ epoch: number }>('select epoch from conversations'))[0]?.epoch !== 2);
    assert.equal(done, false);
    await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: null }, NOW);
    const result = await taking;
    assert.deepEqual(result.kind === 'done' && result.inFlight, []);
  });

  it('ESC-5 names a message that is still on the wire after two seconds', async () => {
    const room = await openRoom(pool);
    const id = await room.reply(1, 'hello');
    await room.fence(1);
    const result = await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    assert.deepEqual(result.kind === 'done' && result.inFlight, [id]);
  });

  it('ESC-5 lets no reply pass the fence after the take-over’s commit, whoever was first', async () => {
    for (let n = 0; n < 20; n++) {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      const [verdict, taken] = await Promise.all([
        room.fence(1).then(async (passed) => {
          await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: null }, NOW);
          return passed;
        }),
        room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW),
      ]);
      assert.ok(verdict.kind === 'ready' || (verdict.kind === 'refused' && verdict.reason === 'owner'));
      assert.equal(taken.kind, 'done');
    }
  });

  it('CONV-7 opens a resolved conversation again for the customer’s next message', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    await room.inbox.command(room.caller, room.ref.conversationId, 'resolve', NOW);
    const again = await room.say('are you there?');
    assert.equal(again.conversationId, room.ref.conversationId);
    assert.deepEqual([again.signal?.row.seq, again.signal?.row.epoch], [4, 4]);
    const rows = await room.look('select status, owner, operator_id, resolved_at, epoch from conversations');
    assert.deepEqual(rows, [
      { status: 'open', owner: 'agent', operator_id: null, resolved_at: null, epoch: 4 },
    ]);
  });

  describe('a conversation that waited in a queue', () => {
    async function queued() {
      const room = await openRoom(pool);
      const admin = { ...room.caller, role: 'admin' as const };
      const division = await openPeople(pool, { now: () => NOW }).createDivision(admin, { name: 'Sales' });
      assert.ok(typeof division === 'object');
      const to = { type: 'division' as const, divisionId: division.id };
      assert.equal((await room.inbox.assign(room.caller, room.ref.conversationId, to, NOW)).kind, 'done');
      const command = (name: 'take_over' | 'hand_back' | 'resolve') =>
        room.inbox.command(room.caller, room.ref.conversationId, name, NOW);
      const past = () => room.look('select queued_at, division_id, operator_id from conversations');
      return { room, division, command, past };
    }
    const NOTHING = [{ queued_at: null, division_id: null, operator_id: null }];

    it('ACT-5 forgets the queue when it is resolved, and when it is handed back', async () => {
      for (const name of ['resolve', 'hand_back'] as const) {
        const { command, past } = await queued();
        assert.equal((await command(name)).kind, 'done');
        assert.deepEqual(await past(), NOTHING);
      }
    });

    it('ACT-5 knows where it was called from while a person has it', async () => {
      const { room, division, command, past } = await queued();
      const taken = await command('take_over');
      assert.ok(taken.kind === 'done');
      assert.equal(taken.signal.row.assignee, room.caller.keyId);
      assert.deepEqual(await past(), [
        { queued_at: null, division_id: division.id, operator_id: room.caller.keyId },
      ]);
    });

    it('CONV-7 forgets all of its past when the customer opens it again', async () => {
      const { room, command, past } = await queued();
      // Whoever resolved it left something.
      const [before] = await past();
      await command('resolve');
      await room.look('update conversations set queued_at = $1, division_id = $2, operator_id = $3', [
        before?.['queued_at'],
        before?.['division_id'],
        randomUUID(),
      ]);
      await room.say('are you there?');
      assert.deepEqual(await past(), NOTHING);
    });
  });

  it('ESC-5 leaves the conversation with the person when the customer writes', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    const next = await room.say('hello?');
    assert.equal(next.signal?.row.epoch, 2);
    assert.deepEqual(await room.look('select owner from conversations'), [{ owner: 'operator' }]);
  });

  it('ESC-5 refuses what makes no sense, and says how things stand', async () => {
    const room = await openRoom(pool);
    const command = (name: 'take_over' | 'hand_back' | 'resolve') =>
      room.inbox.command(room.caller, room.ref.conversationId, name, NOW);
    assert.deepEqual(await command('hand_back'), { kind: 'lost', owner: 'agent', status: 'active' });
    await command('resolve');
    for (const name of ['take_over', 'hand_back', 'resolve'] as const)
      assert.deepEqual(await command(name), { kind: 'lost', owner: 'agent', status: 'resolved' });
  });

  it('TEN-1 does not know conversations of another organisation', async () => {
    const room = await openRoom(pool);
    const foreign = await openRoom(pool);
    for (const id of [foreign.ref.conversationId, randomUUID(), 'nonsense'])
      assert.deepEqual(await room.inbox.command(room.caller, id, 'take_over', NOW), { kind: 'unknown' });
  });
});
