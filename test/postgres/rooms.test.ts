import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { closingCause } from '../../contract/ids.ts';
import { openScene } from './actions.ts';
import type { Scene } from './actions.ts';
import { NOW, later, look, openInstallation, textMessage } from './installation.ts';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';

const AUTO = { type: 'auto' as const, closingMessage: null };
const ASSIGN = { tool: 'qontak_chat_room_assign', reliability: 'keyed' as const };

describe('rooms', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** Another conversation of the same organisation with a room call that is under way. */
  async function anotherCall(scene: Scene): Promise<{ callId: string; conversationId: string }> {
    const room = randomUUID();
    const message = textMessage('m1', { room, customer: { ids: [room] } });
    const { conversationId } = await makeReceive(pool)(scene.integration, message, NOW);
    const [row] = await look<{ id: string }>(
      pool,
      scene.ref.organisationId,
      `insert into calls (organisation_id, origin, conversation_id, turn, number, tool, arguments, digest, reliability,
         state, message, idempotency_key, epoch, answers_seq, attempts, planned_at, began_at)
       values ($1, 'conversation', $2, 1, 1, 'qontak_chat_room_assign', '{}', '', 'keyed', 'calling', '', 'k', 1, 1, 1,
         $3, $3)
       returning id`,
      [scene.ref.organisationId, conversationId, NOW],
    );
    assert.ok(row);
    return { callId: row.id, conversationId };
  }

  async function assignAnother(
    scene: Scene,
    assignment: Parameters<Scene['rooms']['assign']>[1] = AUTO,
    at = NOW,
  ) {
    const { callId } = await anotherCall(scene);
    const outcome = await scene.rooms.assign(
      { organisationId: scene.ref.organisationId, callId },
      assignment,
      at,
    );
    return outcome.kind === 'done' ? outcome.operatorId : outcome.code;
  }

  describe('assigning', () => {
    it('ACT-5 gives the conversation to an operator who is online, once however often it runs', async () => {
      const scene = await openScene(pool);
      await scene.member({ online: false });
      await scene.member({ role: 'viewer' });
      const operator = await scene.member();
      await scene.transcript.take(scene.ref, 1, NOW);
      const call = await scene.under(ASSIGN);
      const assign = () => scene.rooms.assign(scene.refOf(call), AUTO, NOW);
      const outcomes = [...(await Promise.all([assign(), assign()])), await assign()];
      const leaves = { epoch: 2, owner: 'operator', resolved: false, assignee: operator, closingCause: null };
      const done = { kind: 'done', leaves, operatorId: operator, queued: false };
      assert.deepEqual(outcomes, [done, done, done]);
      const { owner, epoch, status, operator_id, queued_at } = await scene.conversation();
      assert.deepEqual(
        [owner, epoch, status, operator_id, queued_at],
        ['operator', 2, 'open', operator, null],
      );
      assert.deepEqual(await scene.messages(), [[1, 1, 'operator_has_it']]);
      assert.deepEqual(
        (await scene.events()).map(([name]) => name),
        ['qontak_action_invoked', 'qontak_action_executed'],
      );
      const audit = await scene.look(
        'select actor, action, subject, detail from audit where action like $1',
        ['conversation.%'],
      );
      assert.deepEqual(audit, [
        {
          actor: `agent:${scene.integration.agentId}`,
          action: 'conversation.assigned',
          subject: scene.ref.conversationId,
          detail: { call: call.id, operator, division: null, queued: false, epoch: 2 },
        },
      ]);
    });

    it('ACT-5 goes round those who are online, whoever waited longest first', async () => {
      const scene = await openScene(pool);
      const operators = [await scene.member(), await scene.member(), await scene.member({ role: 'admin' })];
      const given: (string | null)[] = [];
      for (let n = 0; n < 6; n++) given.push(await assignAnother(scene, AUTO, later(n)));
      assert.deepEqual(given, [...operators, ...operators]);
    });

    it('ACT-5 spreads assignments that come at once fairly, and never beyond what an operator takes', async () => {
      const scene = await openScene(pool);
      const operators = [await scene.member({ capacity: 2 }), await scene.member({ capacity: 2 })];
      const given = await Promise.all(Array.from({ length: 6 }, () => assignAnother(scene)));
      for (const operator of operators) assert.equal(given.filter((id) => id === operator).length, 2);
      assert.equal(given.filter((id) => id === null).length, 2);
    });

    it('ACT-5 counts only the open conversations an operator has', async () => {
      const scene = await openScene(pool);
      const operator = await scene.member({ capacity: 1 });
      assert.equal(await assignAnother(scene), operator);
      assert.equal(await assignAnother(scene), null);
      await scene.look(`update conversations set status = 'resolved' where operator_id = $1`, [operator]);
      assert.equal(await assignAnother(scene), operator);
    });

    it('ACT-5 stays inside the division, and refuses one that is not there', async () => {
      const scene = await openScene(pool);
      const division = await scene.division();
      await scene.member();
      const inside = await scene.member({ division });
      const to = (divisionId: string) => ({ type: 'division' as const, divisionId, closingMessage: null });
      assert.equal(await assignAnother(scene, to(division)), inside);
      assert.equal(await assignAnother(scene, to(division.toUpperCase())), inside);
      assert.equal(await assignAnother(scene, to(randomUUID())), 'division_not_found');
      assert.equal(await assignAnother(scene, to('support')), 'division_not_found');
      await scene.look('update divisions set deleted_at = now() where id = $1', [division]);
      assert.equal(await assignAnother(scene, to(division)), 'division_not_found');
    });

    it('ACT-5 queues where nobody is online: in the division, or in the organisation’s own queue', async () => {
      const scene = await openScene(pool);
      const division = await scene.division();
      await scene.member({ division, online: false });
      const call = await scene.under(ASSIGN);
      const to = { type: 'division' as const, divisionId: division, closingMessage: null };
      const outcome = await scene.rooms.assign(scene.refOf(call), to, later(3));
      assert.deepEqual(outcome.kind === 'done' && [outcome.operatorId, outcome.queued], [null, true]);
      assert.deepEqual(outcome.kind === 'done' && outcome.leaves?.assignee, null);
      const { owner, operator_id, division_id, queued_at, status } = await scene.conversation();
      assert.deepEqual(
        [owner, operator_id, division_id, queued_at, status],
        ['operator', null, division, later(3), 'open'],
      );
      const opened = await scene.transcript.open(scene.ref);
      assert.deepEqual([opened?.queued, opened?.assignee], [true, null]);

      const { callId, conversationId } = await anotherCall(scene);
      await scene.rooms.assign({ organisationId: scene.ref.organisationId, callId }, AUTO, later(4));
      const queue = await scene.look('select division_id, queued_at from conversations where id = $1', [
        conversationId,
      ]);
      assert.deepEqual(queue, [{ division_id: null, queued_at: later(4) }]);
    });

    it('ACT-5 gives it to the operator who is named, online or not, and to nobody else', async () => {
      const scene = await openScene(pool);
      const named = await scene.member({ online: false, capacity: 0 });
      const to = (operatorId: string) => ({ type: 'agent' as const, operatorId, closingMessage: null });
      assert.equal(await assignAnother(scene, to(named)), named);
      const viewer = await scene.member({ role: 'viewer' });
      const foreign = await (await openScene(pool)).member();
      for (const nobody of [viewer, foreign, randomUUID(), 'Ana'])
        assert.equal(await assignAnother(scene, to(nobody)), 'operator_not_found');
      await scene.look('update members set deleted_at = now() where id = $1', [named]);
      assert.equal(await assignAnother(scene, to(named)), 'operator_not_found');
    });

    it('ESC-5 does nothing once a person has taken over, and leaves the call to be ended', async () => {
      const scene = await openScene(pool);
      await scene.member();
      const call = await scene.under(ASSIGN);
      await scene.inbox.command(scene.caller, scene.ref.conversationId, 'take_over', NOW);
      const overtaken = { kind: 'refused', code: 'overtaken' };
      assert.deepEqual(await scene.rooms.assign(scene.refOf(call), AUTO, NOW), overtaken);
      assert.deepEqual(await scene.rooms.resolve(scene.refOf(call), { message: null }, NOW), overtaken);
      assert.deepEqual(await scene.rooms.tag(scene.refOf(call), ['a'], NOW), overtaken);
      assert.deepEqual((await scene.conversation()).tags, []);
      assert.equal((await scene.calls.read(scene.refOf(call)))?.state, 'calling');
      const failed = { state: 'failed' as const, reason: 'overtaken', result: null };
      await scene.calls.end(scene.refOf(call), failed, null, NOW);
      assert.deepEqual(await scene.rooms.assign(scene.refOf(call), AUTO, NOW), overtaken);
    });

    for (const [tool, reason] of [
      ['qontak_chat_room_assign', 'owner'],
      ['qontak_chat_room_resolve', 'resolved'],
    ] as const) {
      it(`ACT-8 cancels what its turn planned behind ${tool}, in the same transaction`, async () => {
        const scene = await openScene(pool);
        const elsewhere = await scene.planOne({}, { turn: 2 });
        const [first, second, third] = await scene.plan([
          { tool, reliability: 'keyed' },
          { tool: 'qontak_chat_room_tag', digest: 'b' },
          { digest: 'c' },
        ]);
        assert.ok(first && second && third);
        await scene.begin(first);
        const ref = scene.refOf(first);
        if (reason === 'owner') await scene.rooms.assign(ref, AUTO, NOW);
        else await scene.rooms.resolve(ref, { message: null }, NOW);
        const states = [];
        for (const call of [first, second, third, elsewhere])
          states.push((await scene.calls.read(scene.refOf(call)))?.state);
        assert.deepEqual(states, ['succeeded', 'cancelled', 'cancelled', 'planned']);
        assert.deepEqual(
          (await scene.events()).slice(2).map(([name, { reason: why }]) => [name, why]),
          [
            ['call_cancelled', reason],
            ['call_cancelled', reason],
          ],
        );
        assert.deepEqual(await scene.begin(second), { kind: 'refused', reason });
      });
    }

    it('ACT-5 changes no room before its call passed the fence, and none of another organisation', async () => {
      const scene = await openScene(pool);
      const call = await scene.planOne(ASSIGN);
      await assert.rejects(scene.rooms.assign(scene.refOf(call), AUTO, NOW));
      const foreign = { organisationId: (await openScene(pool)).ref.organisationId, callId: call.id };
      await assert.rejects(scene.rooms.assign(foreign, AUTO, NOW), { code: 'CALL_UNKNOWN' });
      assert.equal((await scene.conversation()).epoch, 1);
    });
  });

  describe('closing messages', () => {
    const fence = (scene: Scene, callId: string) =>
      scene.ledger.passFence(scene.ref, closingCause(callId), { regroup: false, now: NOW, holdMs: 5_000 });

    it('ACT-5 sends the closing message after the change it was planned in, and answers the turn with it', async () => {
      const scene = await openScene(pool);
      await scene.say('m2');
      await scene.transcript.take(scene.ref, 1, NOW);
      await scene.say('m3');
      const call = await scene.under(ASSIGN);
      const goodbye = { ...AUTO, closingMessage: ' A colleague\0 takes over. ' };
      const outcome = await scene.rooms.assign(scene.refOf(call), goodbye, NOW);
      assert.equal(outcome.kind === 'done' && outcome.leaves?.closingCause, closingCause(call.id));
      assert.deepEqual(
        (await scene.messages()).map(([, , reason]) => reason),
        [null, null, null],
      );
      const verdict = await fence(scene, call.id);
      assert.ok(verdict.kind === 'ready');
      const { text, kind, answersSeq, inReplyTo, outboundId } = verdict.delivery;
      assert.deepEqual(
        [text, kind, answersSeq, inReplyTo.length],
        ['A colleague takes over.', 'closing', 2, 2],
      );
      await scene.ledger.record(scene.ref, outboundId, { kind: 'sent', providerMessageId: null }, NOW);
      assert.deepEqual(await scene.messages(), [
        [1, 1, 'answered'],
        [2, 1, 'answered'],
        [3, null, null],
      ]);
    });

    it('ACT-6 sends the closing message of a conversation that it resolves', async () => {
      const scene = await openScene(pool);
      await scene.transcript.take(scene.ref, 1, NOW);
      const call = await scene.under({ tool: 'qontak_chat_room_resolve' });
      await scene.rooms.resolve(scene.refOf(call), { message: 'Goodbye' }, NOW);
      assert.equal((await fence(scene, call.id)).kind, 'ready');
    });

    it('ESC-5 holds the closing message back when the conversation changed hands once more', async () => {
      const scene = await openScene(pool);
      await scene.transcript.take(scene.ref, 1, NOW);
      const call = await scene.under(ASSIGN);
      await scene.rooms.assign(scene.refOf(call), { ...AUTO, closingMessage: 'Bye' }, NOW);
      await scene.inbox.command(scene.caller, scene.ref.conversationId, 'hand_back', NOW);
      assert.deepEqual(await fence(scene, call.id), { kind: 'refused', reason: 'epoch' });
    });

    it('ESC-5 still holds back every other message of the agent after the change', async () => {
      const scene = await openScene(pool);
      await scene.reply(1, 'a reply');
      const call = await scene.under(ASSIGN);
      await scene.rooms.assign(scene.refOf(call), AUTO, NOW);
      assert.deepEqual(await scene.fence(1), { kind: 'refused', reason: 'owner' });
    });
  });

  it('ACT-6 resolves the conversation, and settles what its turn took', async () => {
    const scene = await openScene(pool);
    await scene.transcript.take(scene.ref, 1, NOW);
    const call = await scene.under({ tool: 'qontak_chat_room_resolve' });
    const outcome = await scene.rooms.resolve(scene.refOf(call), { message: ' ' }, NOW);
    const leaves = { epoch: 2, owner: 'agent', resolved: true, assignee: null, closingCause: null };
    assert.deepEqual(outcome, { kind: 'done', leaves, operatorId: null, queued: false });
    assert.deepEqual(await scene.rooms.resolve(scene.refOf(call), { message: 'x' }, NOW), outcome);
    const { status, epoch, owner } = await scene.conversation();
    assert.deepEqual([status, epoch, owner], ['resolved', 2, 'agent']);
    assert.deepEqual(await scene.messages(), [[1, 1, 'resolved']]);
    const stored = (await scene.calls.read(scene.refOf(call)))?.result;
    assert.deepEqual((stored as { leaves: unknown }).leaves, leaves);
  });

  it('ACT-6 adds tags to those that are there, and the agent goes on', async () => {
    const scene = await openScene(pool);
    const first = await scene.under({ tool: 'qontak_chat_room_tag' });
    assert.deepEqual(await scene.rooms.tag(scene.refOf(first), ['vip', 'new'], NOW), {
      kind: 'done',
      leaves: null,
      operatorId: null,
      queued: false,
    });
    const second = await scene.under({ tool: 'qontak_chat_room_tag' }, { step: 2 });
    await scene.rooms.tag(scene.refOf(second), ['new', 'late\0'], NOW);
    await scene.rooms.tag(scene.refOf(first), ['never'], NOW);
    const { tags, owner, epoch } = await scene.conversation();
    assert.deepEqual([tags, owner, epoch], [['vip', 'new', 'late'], 'agent', 1]);
  });

  it('ACT-6 lets no conversation have more than 200 tags, and keeps those that are there', async () => {
    const scene = await openScene(pool);
    const named = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => `tag ${from + n}`);
    for (const [step, tags] of [named(0, 150), named(100, 260)].entries()) {
      const call = await scene.under({ tool: 'qontak_chat_room_tag' }, { step: step + 1 });
      await scene.rooms.tag(scene.refOf(call), tags, NOW);
    }
    assert.deepEqual((await scene.conversation()).tags, named(0, 200));
  });
});
