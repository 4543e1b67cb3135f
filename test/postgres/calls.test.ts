import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { makePlanFallback } from '../../activities/plan-fallback.ts';
import type { ActivityPorts } from '../../activities/ports.ts';
import { NOW, later, openInstallation } from './installation.ts';
import { openScene, ready, stepAt } from './actions.ts';

const SUCCEEDED = { state: 'succeeded' as const, reason: null, result: { ok: true } };
const ATTEMPT = {
  request: { body: 'a' },
  response: { order: 7 },
  statusCode: 200,
  error: null,
  durationMs: 12.4,
};

describe('the ledger of calls', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  describe('planning', () => {
    it('EXT-5 numbers the calls of a turn over all its steps and rounds, and makes keys of them', async () => {
      const scene = await openScene(pool);
      const first = await scene.plan([{ digest: 'a' }, { digest: 'b' }]);
      const second = await scene.plan([{}], { step: 2 });
      const third = await scene.plan([{}], { round: 1 });
      const { conversationId } = scene.ref;
      assert.deepEqual(
        [...first, ...second, ...third].map((call) => call.idempotencyKey),
        [1, 2, 3, 4].map((number) => `${conversationId}:1:${number}`),
      );
      assert.deepEqual(
        first.map(({ digest, state, attempts, plannedAt }) => [digest, state, attempts, plannedAt]),
        [
          ['a', 'planned', 0, NOW],
          ['b', 'planned', 0, NOW],
        ],
      );
    });

    it('ACT-8 returns the rows of a step that was planned before, whatever it decides now', async () => {
      const scene = await openScene(pool);
      const planned = await scene.planOne({ digest: 'a' });
      const again = await scene.plan([{ digest: 'b' }]);
      assert.deepEqual(again, [planned]);
      assert.deepEqual(await scene.calls.planned(scene.ref, stepAt()), [planned]);
      assert.deepEqual(await scene.calls.ofRound(scene.ref, 1, 0), [planned]);
    });

    it('ACT-8 plans a step once when two runs of it come at the same time', async () => {
      const scene = await openScene(pool);
      const runs = await Promise.all(Array.from({ length: 4 }, (_, n) => scene.plan([{ digest: `${n}` }])));
      assert.equal(new Set(runs.flat().map(({ id }) => id)).size, 1);
      assert.equal((await scene.calls.ofRound(scene.ref, 1, 0)).length, 1);
    });

    it('CONV-4 replaces an untouched step that knew fewer messages, and no step that was begun', async () => {
      const scene = await openScene(pool);
      const old = await scene.planOne({ digest: 'a' });
      await scene.say('m2');
      assert.deepEqual(await scene.calls.planned(scene.ref, stepAt({ answersSeq: 2 })), []);
      const fresh = await scene.planOne({ digest: 'b' }, { answersSeq: 2 });
      assert.notEqual(fresh.id, old.id);
      assert.equal((await scene.calls.read(scene.refOf(old)))?.state, 'superseded');
      await scene.begin(fresh, { answersSeq: 2 });
      const kept = await scene.planOne({ digest: 'c' }, { answersSeq: 3 });
      assert.equal(kept.id, fresh.id);
    });

    it('CONV-4 lets a late retry of an overtaken turn plan nothing', async () => {
      const scene = await openScene(pool);
      await scene.transcript.take(scene.ref, 2, NOW);
      assert.deepEqual(await scene.plan([{}], { turn: 1 }), []);
    });

    it('EXT-4 keeps one open call per conversation: planning another cancels the one before', async () => {
      const scene = await openScene(pool);
      const first = await scene.planOne({ state: 'gathering', missing: ['date'] }, { step: 0 });
      assert.deepEqual(await scene.calls.open(scene.ref), first);
      const second = await scene.planOne({ state: 'awaiting_confirmation' }, { turn: 2, step: 0 });
      assert.equal((await scene.calls.open(scene.ref))?.id, second.id);
      const cancelled = await scene.calls.read(scene.refOf(first));
      assert.deepEqual([cancelled?.state, cancelled?.reason], ['cancelled', 'replaced']);
      const [[name, { reason }] = ['', {}]] = await scene.events();
      assert.deepEqual([name, reason], ['call_cancelled', 'replaced']);
    });

    it('OBS-1 counts a refused call as failed, and never repeats a name the model made up', async () => {
      const scene = await openScene(pool);
      await scene.plan([
        { tool: 'qontak_crm_deal_update', state: 'refused', reason: 'id_unresolved', result: { ok: false } },
        { tool: 'my phone is 12345', state: 'refused', reason: 'unknown_tool' },
      ]);
      assert.deepEqual(
        (await scene.events()).map(([name, { node_type, reason }]) => [name, node_type, reason]),
        [
          ['qontak_action_failed', 'qontak_crm_deal_update', 'id_unresolved'],
          ['qontak_action_failed', 'unknown', 'unknown_tool'],
        ],
      );
    });

    it('EXT-2 holds words with NUL bytes and halves of characters, without them', async () => {
      const scene = await openScene(pool);
      const planned = await scene.planOne({
        message: 'a\0b\ud800',
        arguments: { 'n\0': ['x\0'] },
        proposal: { id: 'p\0', arguments: '\0' },
        result: 'r\0',
      });
      const { message, arguments: resolved, proposal, result } = planned;
      assert.deepEqual(
        [message, resolved, proposal, result],
        ['ab\ufffd', { n: ['x'] }, { id: 'p', arguments: '' }, 'r'],
      );
    });

    it('CONV-5 writes the trace of the model call with the calls it decided', async () => {
      const scene = await openScene(pool);
      const trace = {
        turn: 1,
        kind: 'answer' as const,
        model: 'm',
        request: {},
        response: {},
        failure: null,
      };
      const tokens = { inputTokens: 1, outputTokens: 2, durationMs: 3 };
      await scene.calls.plan(scene.ref, stepAt(), [], { ...trace, ...tokens }, NOW);
      const rows = await scene.look('select kind, input_tokens from turn_steps where conversation_id = $1', [
        scene.ref.conversationId,
      ]);
      assert.deepEqual(rows, [{ kind: 'answer', input_tokens: 1 }]);
    });
  });

  describe('a turn that fell back', () => {
    it('CONV-5 leaves no call of it planned or begun, but those that go on beside it and those of other turns', async () => {
      const scene = await openScene(pool);
      const begun = await scene.under({ digest: 'a' });
      const planned = await scene.planOne({ digest: 'b' }, { step: 2 });
      const goesOn = await scene.under({ digest: 'c' }, { step: 3 });
      const next = await scene.planOne({ digest: 'd' }, { turn: 2 });
      const order = { ...scene.ref, turn: 1, code: 'MODEL_UNAVAILABLE', callsUnderWay: [goesOn.id] };
      const { calls, transcript } = scene;
      const events = { record: () => Promise.resolve() };
      const ports = { calls, transcript, events, clock: { now: () => NOW } } as unknown as ActivityPorts;
      await makePlanFallback(ports)(order);
      await makePlanFallback(ports)(order);
      const read = await Promise.all(
        [begun, planned, goesOn, next].map((call) => calls.read(scene.refOf(call))),
      );
      assert.deepEqual(
        read.map((call) => [call?.state, call?.reason]),
        [
          ['unknown', 'attempts_died'],
          ['cancelled', 'turn_failed'],
          ['calling', null],
          ['planned', null],
        ],
      );
      const ended = (await scene.events()).map(([name]) => name).filter((name) => !name.endsWith('_invoked'));
      assert.deepEqual(ended.sort(), ['call_cancelled', 'qontak_action_unknown']);
    });
  });

  describe('starting over and confirming', () => {
    it('CONV-4 supersedes what earlier rounds decided and did not begin', async () => {
      const scene = await openScene(pool);
      const begun = await scene.under({ digest: 'a' }, { step: 1 });
      const untouched = await scene.planOne({ digest: 'b' }, { step: 2 });
      const later = await scene.planOne({ digest: 'c' }, { round: 1 });
      await scene.calls.supersede(scene.ref, 1, 1, NOW);
      const states = await Promise.all(
        [begun, untouched, later].map(async (call) => (await scene.calls.read(scene.refOf(call)))?.state),
      );
      assert.deepEqual(states, ['calling', 'superseded', 'planned']);
    });

    it('EXT-4 moves a confirmed call to the turn of the yes, with the key of the turn that asked', async () => {
      const scene = await openScene(pool);
      const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
      const step = stepAt({ turn: 2, step: 0, answersSeq: 2 });
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, step, NOW, NOW), true);
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, step, NOW, NOW), true);
      const [moved] = await scene.calls.ofRound(scene.ref, 2, 0);
      assert.deepEqual(
        [moved?.id, moved?.state, moved?.turn, moved?.idempotencyKey],
        [asked.id, 'planned', 2, `${scene.ref.conversationId}:1:1`],
      );
      const next = await scene.planOne({}, { turn: 1, step: 1 });
      assert.equal(next.idempotencyKey, `${scene.ref.conversationId}:1:2`);
    });

    it('EXT-4 asks again when the turn of the yes starts over before the call', async () => {
      const scene = await openScene(pool);
      const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
      await scene.calls.confirm(scene.ref, asked.id, stepAt({ turn: 2, step: 0 }), NOW, NOW);
      await scene.calls.supersede(scene.ref, 2, 1, NOW);
      assert.equal((await scene.calls.open(scene.ref))?.id, asked.id);
      const again = stepAt({ turn: 2, round: 1, step: 0 });
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, again, NOW, NOW), true);
      assert.equal((await scene.calls.ofRound(scene.ref, 2, 1))[0]?.id, asked.id);
    });

    it('EXT-4 confirms no question that was planned too long ago, asked anew or not', async () => {
      const scene = await openScene(pool);
      const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
      const step = stepAt({ turn: 2, step: 0 });
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, step, later(1), NOW), false);
      assert.equal((await scene.calls.read(scene.refOf(asked)))?.state, 'awaiting_confirmation');
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, step, NOW, NOW), true);
      await scene.calls.supersede(scene.ref, 2, 1, NOW);
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, step, later(1), NOW), false);
    });

    it('EXT-4 cancels an open call with its reason, and confirms it no more', async () => {
      const scene = await openScene(pool);
      const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
      await scene.calls.cancel(scene.ref, asked.id, 'not_answered', NOW);
      await scene.calls.cancel(scene.ref, asked.id, 'other_topic', NOW);
      assert.equal(await scene.calls.confirm(scene.ref, asked.id, stepAt({ turn: 2 }), NOW, NOW), false);
      assert.deepEqual(
        (await scene.events()).map(([name, { reason }]) => [name, reason]),
        [['call_cancelled', 'not_answered']],
      );
    });

    it('EXT-4 tells a run that starts anew which call waits for the customer', async () => {
      const scene = await openScene(pool);
      assert.equal((await scene.transcript.open(scene.ref))?.openCall, null);
      const asked = await scene.planOne({ state: 'gathering', missing: ['date'] }, { step: 0 }, later(7));
      const opened = await scene.transcript.open(scene.ref);
      assert.deepEqual(opened?.openCall, {
        callId: asked.id,
        kind: 'gathering',
        askedAt: later(7).getTime(),
      });
      assert.deepEqual([opened?.queued, opened?.assignee], [false, null]);
    });
  });

  describe('a turn that is resumed without its history', () => {
    it('ACT-8 finds in round 0 what it had begun in round 1, and does not plan it again', async () => {
      const scene = await openScene(pool);
      const begun = await scene.under({ digest: 'a' }, { round: 1, step: 0 });
      const found = await scene.calls.planned(scene.ref, stepAt({ step: 0 }));
      assert.deepEqual([found[0]?.id, found[0]?.state], [begun.id, 'calling']);
      const again = await scene.planOne({ digest: 'b' }, { step: 0, answersSeq: 2 });
      assert.equal(again.id, begun.id);
      const known = await scene.calls.ofRound(scene.ref, 1, 0);
      assert.deepEqual([known.length, known[0]?.id], [1, begun.id]);
    });

    it('ACT-8 goes on with the newest of its rounds, and with the rest of what that had decided', async () => {
      const scene = await openScene(pool);
      const old = await scene.planOne({ state: 'refused', reason: 'rate_limited' });
      const [first, second] = await scene.plan([{ digest: 'a' }, { digest: 'b' }], { round: 1 });
      await scene.begin(first ?? old);
      const found = await scene.calls.planned(scene.ref, stepAt());
      assert.deepEqual(
        found.map(({ id }) => id),
        [first?.id, second?.id, old.id],
      );
    });

    it('CONV-4 leaves a round that began nothing, and rounds before, to be decided anew', async () => {
      const scene = await openScene(pool);
      await scene.planOne({ digest: 'a' }, { round: 2 });
      assert.deepEqual(await scene.calls.planned(scene.ref, stepAt()), []);
      await scene.under({ digest: 'b' }, { round: 0 });
      assert.deepEqual(await scene.calls.planned(scene.ref, stepAt({ round: 1 })), []);
    });
  });

  it('ACT-8 knows a call that was made before, in this turn or with effect in an earlier one', async () => {
    const scene = await openScene(pool);
    const same = { tool: 'qontak_crm_deal_create', digest: 'd1' };
    const before = (turn: number) => scene.calls.madeBefore(scene.ref, turn, same);
    const planned = await scene.planOne();
    assert.equal(await before(1), null);
    await scene.begin(planned);
    assert.equal(await before(1), 'this_turn');
    await scene.calls.end(scene.refOf(planned), { ...SUCCEEDED, state: 'failed', reason: 'x' }, null, NOW);
    assert.deepEqual([await before(1), await before(2)], ['this_turn', null]);
    const again = await scene.under({}, { turn: 2 });
    await scene.calls.end(scene.refOf(again), SUCCEEDED, null, NOW);
    assert.equal(await before(3), 'earlier_turn');
    assert.equal(await scene.calls.madeBefore(scene.ref, 3, { ...same, digest: 'd2' }), null);
    assert.equal(await scene.calls.madeBefore(scene.ref, 3, { ...same, tool: 'api' }), null);
  });

  describe('ending', () => {
    it('OBS-1 stores how a tool was invoked and how it ended, with its properties', async () => {
      const scene = await openScene(pool);
      const call = await scene.under();
      const record = { kind: 'deal' as const, id: '77' };
      const ended = await scene.calls.end(scene.refOf(call), { ...SUCCEEDED, record }, ATTEMPT, later(3));
      assert.deepEqual(
        [ended.state, ended.result, ended.durationMs, ended.statusCode, ended.response],
        ['succeeded', { ok: true }, 3_000, 200, { order: 7 }],
      );
      const properties = {
        call_id: call.id,
        origin: 'conversation',
        organization_id: scene.ref.organisationId,
        conversation_id: scene.ref.conversationId,
        agent_id: scene.integration.agentId,
        node_type: 'qontak_crm_deal_create',
      };
      assert.deepEqual(await scene.events(), [
        ['qontak_action_invoked', properties],
        ['qontak_action_executed', properties],
      ]);
    });

    it('ACT-8 plans nothing for a turn that another run of it has answered', async () => {
      const scene = await openScene(pool);
      await scene.reply(1, 'Done.');
      await scene.fence(1);
      assert.deepEqual(await scene.plan([{}]), []);
    });

    it('OBS-1 stores the life of an external action under its own names', async () => {
      const scene = await openScene(pool);
      const externalAction = await scene.externalAction();
      for (const state of ['succeeded', 'timed_out', 'unknown'] as const) {
        const call = await scene.under(
          { tool: 'external_action', externalAction, reliability: 'keyed' },
          { step: ['succeeded', 'timed_out', 'unknown'].indexOf(state) + 1 },
        );
        const reason = state === 'succeeded' ? null : 'no_answer';
        await scene.calls.end(scene.refOf(call), { state, reason, result: null }, null, NOW);
      }
      const events = await scene.events();
      const invoked = ['external_action_invoked', externalAction.id, 1, undefined];
      assert.deepEqual(
        events.map(([name, p]) => [name, p['external_action_id'], p['version'], p['reason']]),
        [
          invoked,
          ['external_action_succeeded', externalAction.id, 1, undefined],
          invoked,
          ['external_action_failed', externalAction.id, 1, 'no_answer'],
          invoked,
          ['external_action_unknown', externalAction.id, 1, 'no_answer'],
        ],
      );
    });

    it('ACT-8 keeps the first outcome of a call, and its event', async () => {
      const scene = await openScene(pool);
      const call = await scene.under();
      const first = await scene.calls.end(scene.refOf(call), SUCCEEDED, null, NOW);
      const failed = { state: 'failed' as const, reason: 'x', result: null };
      assert.deepEqual(await scene.calls.end(scene.refOf(call), failed, ATTEMPT, later(1)), first);
      assert.equal((await scene.events()).length, 2);
    });

    it('ACT-8 does not call unknown what was never begun', async () => {
      const scene = await openScene(pool);
      const call = await scene.planOne();
      const unknown = { state: 'unknown' as const, reason: 'attempts_died', result: null };
      const ended = await scene.calls.end(scene.refOf(call), unknown, null, NOW);
      assert.deepEqual([ended.state, ended.reason, ended.durationMs], ['failed', 'never_called', null]);
    });

    it('EXT-7 logs an attempt that did not end the call, and lets the next begin at once', async () => {
      const scene = await openScene(pool);
      const call = await scene.under();
      await scene.calls.noteAttempt(
        scene.refOf(call),
        { ...ATTEMPT, statusCode: 503, error: 'http_503\0', attempt: 1, inDoubt: true },
        NOW,
      );
      const noted = await scene.look(
        'select state, status_code, error, response_ms, request, attempts from calls where id = $1',
        [call.id],
      );
      const row = { state: 'calling', status_code: 503, error: 'http_503', response_ms: 12, attempts: 1 };
      assert.deepEqual(noted, [{ ...row, request: { body: 'a' } }]);
      const fence = ready(await scene.begin(call, { now: later(1) }));
      assert.deepEqual([fence.attempt, fence.repeat], [2, true]);
    });

    it('EXT-7 keeps what a newer attempt noted, and its time, when an older one comes back', async () => {
      const scene = await openScene(pool);
      const call = await scene.under();
      ready(await scene.begin(call, { now: later(5) }));
      const late = { ...ATTEMPT, error: 'timed_out', attempt: 1, inDoubt: true };
      await scene.calls.noteAttempt(scene.refOf(call), late, later(6));
      assert.equal((await scene.begin(call, { now: later(7) })).kind, 'too_early');
      const [row] = await scene.look('select error from calls where id = $1', [call.id]);
      assert.deepEqual(row, { error: null });
    });
  });

  it('EXT-8 writes what the model made of a test, once', async () => {
    const scene = await openScene(pool);
    const { id, version } = await scene.externalAction();
    const [test] = await scene.look<{ id: string }>(
      `insert into calls (organisation_id, origin, tool, external_action_id, external_action_version, arguments,
         digest, reliability, state, message, idempotency_key, planned_at)
       values ($1, 'test', 'external_action', $2, $3, '{}', '', 'keyed', 'planned', 'Hello', 'k', $4) returning id`,
      [scene.ref.organisationId, id, version, NOW],
    );
    assert.ok(test);
    const judged = { reason: null, arguments: { a: 1 }, confidence: 0.5, missing: [], preview: { url: 'u' } };
    await scene.calls.judge(scene.refOf(test), { ...judged, state: 'planned' }, NOW);
    const fence = ready(await scene.begin(test, { regroup: true, answersSeq: 0 }));
    assert.deepEqual(
      [fence.call.arguments, fence.call.confidence, fence.call.conversationId],
      [{ a: 1 }, 0.5, null],
    );
    assert.deepEqual(fence.context, {
      conversationId: null,
      channel: 'generic',
      channelIntegrationId: scene.integration.id,
      agentId: null,
      contact: { id: null, name: null, phone: null },
      turn: null,
      epoch: 0,
      ownRecords: { deals: [], tickets: [] },
    });
    await scene.calls.judge(scene.refOf(test), { ...judged, state: 'refused', reason: 'no_match' }, NOW);
    assert.equal((await scene.calls.read(scene.refOf(test)))?.state, 'calling');
  });
});
