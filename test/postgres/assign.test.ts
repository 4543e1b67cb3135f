import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openPeople } from '../../adapters/postgres/people.ts';
import { openReaders } from '../../adapters/postgres/readers.ts';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import type { AssignTo } from '../../domain/assignment.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { openScene } from './actions.ts';
import type { Scene } from './actions.ts';
import { NOW, later, openInstallation } from './installation.ts';

const AUTO = { type: 'auto' as const };
const ASSIGN = { tool: 'qontak_chat_room_assign', reliability: 'keyed' as const };

describe('assigning by a person', () => {
  let pool: pg.Pool;
  let database: TestDatabase;
  let close: () => Promise<void>;
  before(async () => ({ pool, database, close } = await openInstallation()));
  after(() => close());

  const assign = (scene: Scene, to: AssignTo, at = NOW) =>
    scene.inbox.assign(scene.caller, scene.ref.conversationId, to, at);

  it('ACT-5 gives a conversation of the agent to an operator, with a new epoch, a row and an audit entry', async () => {
    const scene = await openScene(pool);
    const operator = await scene.member();
    const result = await assign(scene, AUTO);
    assert.ok(result.kind === 'done');
    const { signal, ...told } = result;
    assert.deepEqual(told, { kind: 'done', epoch: 2, assignee: operator, queue: null });
    const { id, ...row } = signal.row;
    assert.deepEqual(row, { kind: 'assign', seq: 2, epoch: 2, at: NOW.getTime(), assignee: operator });
    assert.deepEqual(signal.ref, scene.ref);
    const { owner, epoch, operator_id, queued_at } = await scene.conversation();
    assert.deepEqual([owner, epoch, operator_id, queued_at], ['operator', 2, operator, null]);
    const audit = await scene.look('select actor, action, subject, detail from audit');
    assert.deepEqual(audit, [
      {
        actor: `key:${scene.caller.keyId}`,
        action: 'conversation.assigned',
        subject: scene.ref.conversationId,
        detail: { operator, division: null, queued: false, epoch: 2 },
      },
    ]);
    const rows = await scene.look('select id, settled_at from inbox where kind = $1', ['assign']);
    assert.deepEqual(rows, [{ id, settled_at: null }]);
  });

  it('ACT-5 puts it into the queue of a division where nobody is there, and gives it on from there', async () => {
    const scene = await openScene(pool);
    const division = await scene.division();
    const queued = await assign(scene, { type: 'division', divisionId: division }, later(1));
    assert.ok(queued.kind === 'done');
    assert.deepEqual([queued.assignee, queued.queue], [null, { divisionId: division, since: later(1) }]);
    assert.equal(queued.signal.row.assignee, null);
    const named = await scene.member({ online: false });
    const given = await assign(scene, { type: 'agent', operatorId: named }, later(2));
    assert.ok(given.kind === 'done');
    assert.deepEqual([given.assignee, given.queue, given.epoch], [named, null, 3]);
    const other = await scene.member({ division });
    const moved = await assign(scene, { type: 'division', divisionId: division }, later(3));
    assert.ok(moved.kind === 'done');
    assert.deepEqual([moved.assignee, moved.epoch], [other, 4]);
  });

  it('ACT-5 leaves a conversation with the only operator there is, full as they are', async () => {
    const scene = await openScene(pool);
    const operator = await scene.member({ capacity: 1 });
    for (let n = 0; n < 2; n++) {
      const given = await assign(scene, AUTO, later(n));
      assert.equal(given.kind === 'done' && given.assignee, operator);
    }
  });

  it('ACT-5 does nothing where the division or the operator does not exist, or the conversation is over', async () => {
    const scene = await openScene(pool);
    const foreign = await openScene(pool);
    const viewer = await scene.member({ role: 'viewer' });
    for (const divisionId of [await foreign.division(), randomUUID(), 'sales', ''])
      assert.deepEqual(await assign(scene, { type: 'division', divisionId }), {
        kind: 'refused',
        code: 'division_not_found',
      });
    for (const operatorId of [await foreign.member(), viewer, randomUUID(), ''])
      assert.deepEqual(await assign(scene, { type: 'agent', operatorId }), {
        kind: 'refused',
        code: 'operator_not_found',
      });
    for (const id of [foreign.ref.conversationId, randomUUID(), 'nonsense'])
      assert.deepEqual(await scene.inbox.assign(scene.caller, id, AUTO, NOW), { kind: 'unknown' });
    assert.equal((await scene.conversation()).epoch, 1);
    await scene.inbox.command(scene.caller, scene.ref.conversationId, 'resolve', NOW);
    assert.deepEqual(await assign(scene, AUTO), { kind: 'resolved', owner: 'agent' });
    assert.equal((await scene.conversation()).epoch, 2);
  });

  it('ACT-5 holds the agent’s reply back', async () => {
    const scene = await openScene(pool);
    await scene.reply(1, 'a reply');
    await assign(scene, AUTO);
    assert.deepEqual(await scene.fence(1), { kind: 'refused', reason: 'owner' });
  });

  it('ACT-5 is repeated by the relay with who has the conversation, or that a queue has it', async () => {
    const scene = await openScene(pool);
    const operator = await scene.member();
    const first = await assign(scene, AUTO);
    const second = await assign(scene, { type: 'division', divisionId: await scene.division() }, later(1));
    assert.ok(first.kind === 'done' && second.kind === 'done');
    assert.deepEqual([first.signal.row.assignee, second.signal.row.assignee], [operator, null]);
    const relay = openRelayStore({ url: database.jobsUrl });
    try {
      const due = await relay.due(later(10), 1_000);
      const mine = due.find(({ ref }) => ref.conversationId === scene.ref.conversationId);
      assert.deepEqual(
        mine?.rows.filter(({ kind }) => kind === 'assign'),
        [first.signal.row, second.signal.row],
      );
    } finally {
      await relay.close();
    }
    const opened = await scene.transcript.open(scene.ref);
    assert.deepEqual(
      opened?.waiting.filter(({ kind }) => kind === 'assign'),
      [first.signal.row, second.signal.row],
    );
  });

  it('ACT-5 lets a person, a tool and somebody who comes online act at once, and ends as one of them says', async () => {
    for (let n = 0; n < 8; n++) {
      const scene = await openScene(pool);
      const people = openPeople(pool, { now: () => NOW });
      const [olga, otto] = [await scene.member({ online: false }), await scene.member({ online: false })];
      const call = await scene.under(ASSIGN);
      const online = (memberId: string) =>
        people.setPresence({ ...scene.caller, memberId }, { online: true });
      const tool = scene.rooms.assign(scene.refOf(call), { ...AUTO, closingMessage: null }, NOW);
      const outcomes = await Promise.all([
        tool,
        assign(scene, AUTO),
        online(olga),
        assign(scene, AUTO),
        online(otto),
      ]);
      assert.ok(outcomes.every((outcome) => outcome !== null));
      const { operator_id, queued_at } = await scene.conversation();
      // Whoever came online last has found whatever waited.
      assert.ok(
        [olga, otto].some((id) => id === operator_id),
        String(queued_at),
      );
      const seen = await openReaders(pool).conversation(scene.caller, scene.ref.conversationId);
      assert.deepEqual([seen?.status, seen?.assignee], ['assigned', operator_id]);
    }
  });
});
