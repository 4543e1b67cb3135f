import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { NewCall } from '../../activities/ports.ts';
import { openApprovalRequests } from '../../adapters/postgres/approval-requests.ts';
import { openApprovals } from '../../adapters/postgres/approvals.ts';
import type { EditCall } from '../../api/ports.ts';
import { approvalCause } from '../../contract/ids.ts';
import { openScene, ready } from './actions.ts';
import { NOW, later, openInstallation } from './installation.ts';

const TAG: Partial<NewCall> = {
  tool: 'qontak_chat_room_tag',
  arguments: { tags: ['vip'], token: 's3cret' },
  reliability: 'keyed',
  needsApproval: true,
  state: 'awaiting_approval',
};
const YES = { decision: 'approve' as const, response: null, responseData: null };
const NO = { ...YES, decision: 'deny' as const };

describe('a call that waits for an operator', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  async function openDesk(settings: Record<string, unknown> = {}) {
    const scene = await openScene(pool, 'generic', settings);
    await scene.transcript.take(scene.ref, 1, NOW);
    const approvals = openApprovals(pool);
    const requests = openApprovalRequests(pool);
    const stateOf = async (call: { id: string }) => {
      const read = await scene.calls.read(scene.refOf(call));
      return [read?.state, read?.reason];
    };
    const pending = async () =>
      (await approvals.list(scene.caller, { status: 'pending' }, { limit: 10, cursor: null })).data;
    return {
      ...scene,
      approvals,
      requests,
      stateOf,
      pending,
      operator: () => ({ ...scene.caller, keyId: randomUUID() }),
      async asked(call: Partial<NewCall> = TAG) {
        const row = await scene.planOne({ ...call, digest: call.digest ?? randomUUID() });
        const [approval] = await pending();
        assert.ok(approval);
        return { row, approval };
      },
      eventNames: async () => (await scene.events()).map(([name]) => name),
    };
  }

  it('APR-5 is asked about in the transaction that plans it: the exact call, its digest, and who has to wait', async () => {
    const desk = await openDesk();
    const { row, approval } = await desk.asked();
    assert.equal(row.state, 'awaiting_approval');
    const { action_id, expires_at } = row.result as Record<string, unknown>;
    assert.deepEqual([action_id, expires_at], [approval.id, later(86_400).toISOString()]);
    const { call, digest, requestType, requestData } = approval;
    assert.deepEqual(
      [call?.id, call?.tool, call?.arguments, call?.state, call?.edited],
      [row.id, 'qontak_chat_room_tag', TAG.arguments, 'awaiting_approval', false],
    );
    assert.deepEqual(
      [requestType, requestData],
      ['qontak_chat_room_tag', { tags: ['vip'], token: '[redacted]' }],
    );
    assert.match(digest ?? '', /^[\w-]{43}$/);
    assert.equal((await desk.begin(row)).kind, 'absent', 'nobody may make it yet');
    assert.deepEqual((await desk.transcript.open(desk.ref))?.openApprovals, [
      { actionId: approval.id, remindAt: later(3_600).getTime(), expiresAt: later(86_400).getTime() },
    ]);
  });

  it('APR-5 is asked about once, however often its step is planned', async () => {
    const desk = await openDesk();
    const { row } = await desk.asked();
    const again = await desk.planOne({ ...TAG, digest: row.digest });
    assert.equal(again.id, row.id);
    assert.equal((await desk.pending()).length, 1);
    const waits = await desk.calls.waitingForApproval(desk.ref, row);
    assert.equal(waits?.id, row.id);
  });

  it('APR-5 is asked about when the customer has agreed, where both have to', async () => {
    const desk = await openDesk();
    const asked = await desk.planOne({ ...TAG, state: 'awaiting_confirmation' });
    assert.deepEqual(await desk.pending(), []);
    await desk.transcript.take(desk.ref, 2, NOW);
    const step = { turn: 2, round: 0, step: 0, epoch: 1, answersSeq: 1 };
    assert.equal(await desk.calls.confirm(desk.ref, asked.id, step, NOW, NOW), true);
    assert.deepEqual(await desk.stateOf(asked), ['awaiting_approval', null]);
    assert.equal((await desk.pending()).length, 1);
    assert.equal(await desk.calls.confirm(desk.ref, asked.id, step, NOW, NOW), true);
    assert.equal((await desk.pending()).length, 1);
  });

  it('APR-5 is planned by the approval itself, and made once', async () => {
    const desk = await openDesk();
    const { row, approval } = await desk.asked();
    const decisions = await Promise.all(
      Array.from({ length: 8 }, () => desk.approvals.decide(desk.operator(), approval.id, YES, later(1))),
    );
    assert.equal(decisions.filter(({ kind }) => kind === 'done').length, 1);
    assert.deepEqual(await desk.stateOf(row), ['planned', null]);
    const fences = await Promise.all(Array.from({ length: 4 }, () => desk.begin(row, { now: later(2) })));
    assert.deepEqual(fences.map(({ kind }) => kind).sort(), ['ready', 'too_early', 'too_early', 'too_early']);
    const decided = (await desk.events()).find(([name]) => name === 'approval_decided');
    assert.equal(decided?.[1]['call_id'], row.id);
  });

  for (const [how, decide, reason] of [
    ['denied', 'deny', 'not_approved'],
    ['withdrawn', 'cancel', 'approval_withdrawn'],
    ['expired', 'expire', 'approval_expired'],
  ] as const)
    it(`APR-5 is never made once it is ${how}`, async () => {
      const desk = await openDesk();
      const { row, approval } = await desk.asked();
      const ref = { organisationId: desk.ref.organisationId, actionId: approval.id };
      if (decide === 'deny') await desk.approvals.decide(desk.operator(), approval.id, NO, NOW);
      if (decide === 'cancel') await desk.approvals.cancel(desk.operator(), approval.id, NOW);
      if (decide === 'expire') await desk.requests.conclude(ref, later(86_400));
      assert.deepEqual(await desk.stateOf(row), ['cancelled', reason]);
      assert.equal((await desk.begin(row)).kind, 'ended');
      assert.ok((await desk.eventNames()).includes('call_cancelled'));
    });

  it('APR-5 is made also while a person has the conversation, and by no other turn’s end', async () => {
    const desk = await openDesk();
    const { row, approval } = await desk.asked();
    await desk.calls.supersede(desk.ref, 1, 1, NOW);
    await desk.approvals.decide(desk.operator(), approval.id, YES, NOW);
    const left = { outcome: { state: 'failed' as const, reason: 'x', result: null }, underWay: [] };
    await desk.calls.endOfTurn(desk.ref, 1, left, NOW);
    await desk.inbox.command(desk.caller, desk.ref.conversationId, 'take_over', NOW);
    assert.deepEqual(await desk.stateOf(row), ['planned', null]);
    ready(await desk.begin(row));
  });

  it('APR-5 runs or is reported as not executed, where it is approved at the instant of a resolve', async () => {
    for (let round = 0; round < 20; round++) {
      const desk = await openDesk();
      const { row, approval } = await desk.asked();
      const [decided] = await Promise.all([
        desk.approvals.decide(desk.operator(), approval.id, YES, NOW),
        desk.inbox.command(desk.caller, desk.ref.conversationId, 'resolve', NOW),
        round % 2 === 0 ? desk.begin(row) : null,
      ]);
      const [state, reason] = await desk.stateOf(row);
      const names = await desk.eventNames();
      if (state === 'calling') continue;
      assert.deepEqual([state, reason], ['cancelled', 'resolved']);
      const shown = await desk.approvals.read(desk.caller, approval.id);
      assert.deepEqual([shown?.call?.state, shown?.call?.reason], ['cancelled', 'resolved']);
      assert.equal(names.includes('approval_not_executed'), decided.kind === 'done');
    }
  });

  it('APR-6 is refused, and nobody asked, beyond what one contact may ask for', async () => {
    const desk = await openDesk({ approvalsPerContactPerDay: 0 });
    const row = await desk.planOne(TAG);
    assert.deepEqual([row.state, row.reason], ['refused', 'limit_reached']);
    assert.deepEqual(await desk.pending(), []);
  });

  it('APR-5 is not asked about once a person has the conversation', async () => {
    const desk = await openDesk();
    await desk.inbox.command(desk.caller, desk.ref.conversationId, 'take_over', NOW);
    const row = await desk.planOne(TAG);
    assert.deepEqual([row.state, row.reason], ['cancelled', 'owner']);
    assert.deepEqual(await desk.pending(), []);
  });

  describe('edited by an operator', () => {
    const edit: EditCall = () => ({ kind: 'edited', arguments: { tags: ['regular'] } });

    it('APR-5 is another call with another digest, and keeps what was proposed', async () => {
      const desk = await openDesk();
      const { row, approval } = await desk.asked();
      const done = await desk.approvals.decide(desk.operator(), approval.id, { ...YES, edit }, NOW);
      assert.ok(done.kind === 'done');
      assert.deepEqual(done.approval.call?.arguments, { tags: ['regular'] });
      assert.equal(done.approval.call?.edited, true);
      assert.notEqual(done.approval.digest, approval.digest);
      const read = await desk.calls.read(desk.refOf(row));
      assert.deepEqual([read?.state, read?.arguments], ['planned', { tags: ['regular'] }]);
      const kept = await desk.look('select proposed_digest, proposed_arguments from actions');
      assert.deepEqual(kept, [{ proposed_digest: approval.digest, proposed_arguments: TAG.arguments }]);
      const decided = (await desk.events()).find(([name]) => name === 'approval_decided');
      assert.deepEqual(
        [decided?.[1]['proposed_digest'], decided?.[1]['digest']],
        [approval.digest, done.approval.digest],
      );
      const [entry] = await desk.look<{ detail: Record<string, unknown> }>(
        "select detail from audit where action = 'approval.approved'",
      );
      assert.equal(entry?.detail['proposed_digest'], approval.digest);
    });

    it('APR-5 stays as it was where the arguments are wrong, or where somebody saw another call', async () => {
      const desk = await openDesk();
      const { row, approval } = await desk.asked();
      const problems = [{ field: 'tags', message: 'is empty' }];
      const wrong = { ...YES, edit: () => ({ kind: 'problems' as const, problems }) };
      assert.deepEqual(await desk.approvals.decide(desk.operator(), approval.id, wrong, NOW), {
        kind: 'invalid',
        problems,
      });
      const other = { ...YES, digest: 'of another call' };
      const changed = await desk.approvals.decide(desk.operator(), approval.id, other, NOW);
      assert.equal(changed.kind, 'changed');
      assert.deepEqual(await desk.stateOf(row), ['awaiting_approval', null]);
      const same = { ...YES, digest: approval.digest };
      assert.equal((await desk.approvals.decide(desk.operator(), approval.id, same, NOW)).kind, 'done');
    });
  });

  describe('while its customer writes', () => {
    const withPolicy = async () => {
      const tools = [{ nodeType: 'qontak_chat_room_tag', fields: {}, onNewMessage: 'ask_again' }];
      const desk = await openDesk({ tools });
      return { desk, ...(await desk.asked()) };
    };

    it('APR-5 is withdrawn with its action, once, and the row that tells of it stays until it is told', async () => {
      const { desk, row, approval } = await withPolicy();
      assert.equal((row.result as Record<string, unknown>)['on_new_message'], 'ask_again');
      await desk.say('make it gold');
      const withdrawn = await desk.requests.withdraw(desk.ref, [approval.id], NOW);
      assert.deepEqual(
        withdrawn.map(({ actionId, callId }) => [actionId, callId]),
        [[approval.id, row.id]],
      );
      assert.deepEqual(await desk.requests.withdraw(desk.ref, [approval.id], NOW), withdrawn);
      assert.deepEqual(await desk.stateOf(row), ['cancelled', 'approval_withdrawn']);
      const late = await desk.approvals.decide(desk.operator(), approval.id, YES, NOW);
      assert.ok(late.kind === 'ended');
      assert.deepEqual([late.approval.status, late.approval.decidedBy], ['cancelled', 'customer']);
    });

    it('APR-5 is approved or withdrawn, never both, where both come at one instant', async () => {
      for (let round = 0; round < 10; round++) {
        const { desk, row, approval } = await withPolicy();
        await desk.say('make it gold');
        const [decided, withdrawn] = await Promise.all([
          desk.approvals.decide(desk.operator(), approval.id, YES, NOW),
          desk.requests.withdraw(desk.ref, [approval.id], NOW),
        ]);
        const [state] = await desk.stateOf(row);
        assert.deepEqual(
          [decided.kind, withdrawn.length, state],
          state === 'planned' ? ['done', 0, 'planned'] : ['ended', 1, 'cancelled'],
        );
      }
    });
  });

  describe('as a turn of the agent’s', () => {
    it('APR-3 takes the row of the decision, no message, and not a second time once it was told', async () => {
      const desk = await openDesk();
      const { row, approval } = await desk.asked();
      const done = await desk.approvals.decide(desk.operator(), approval.id, { ...NO, response: 'No' }, NOW);
      assert.ok(done.kind === 'done' && done.signal !== null);
      await desk.say('and?');
      const decision = { actionId: approval.id, rowId: done.signal.row.id };
      const taken = await desk.transcript.takeDecision(desk.ref, 2, decision, NOW);
      assert.ok(taken.kind === 'taken');
      assert.deepEqual([taken.messages, taken.plannedAlready, taken.lastSeq], [[], false, 0]);
      assert.deepEqual(
        [taken.decision?.status, taken.decision?.response, taken.decision?.call?.id],
        ['denied', 'No', row.id],
      );
      assert.equal((await desk.transcript.takeDecision(desk.ref, 2, decision, NOW)).kind, 'taken');
      assert.equal((await desk.transcript.takeDecision(desk.ref, 3, decision, NOW)).kind, 'nothing');
      const reply = {
        turn: 2,
        cause: approvalCause(approval.id),
        kind: 'outcome' as const,
        text: 'No.',
        epoch: 1,
        answersSeq: taken.lastSeq,
        inReplyTo: [],
      };
      await desk.transcript.plan(desk.ref, reply, null, NOW);
      const again = await desk.transcript.takeDecision(desk.ref, 2, decision, NOW);
      assert.ok(again.kind === 'taken' && again.plannedAlready);
      // The turn that planned it could not send it.
      const later = await desk.transcript.takeDecision(desk.ref, 3, decision, NOW);
      assert.ok(later.kind === 'taken' && later.plannedAlready);
      await desk.inbox.command(desk.caller, desk.ref.conversationId, 'take_over', NOW);
      assert.equal((await desk.transcript.takeDecision(desk.ref, 2, decision, NOW)).kind, 'nothing');
    });
  });
});
