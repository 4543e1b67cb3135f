import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { NOW, later, openInstallation } from './installation.ts';
import { openScene, ready } from './actions.ts';
import type { Scene } from './actions.ts';

describe('the fence of a call', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  const command = (scene: Scene, what: 'take_over' | 'resolve') =>
    scene.inbox.command(scene.caller, scene.ref.conversationId, what, NOW);

  it('ACT-8 lets one of many that begin the same call pass', async () => {
    const scene = await openScene(pool);
    const call = await scene.planOne();
    const fences = await Promise.all(Array.from({ length: 8 }, () => scene.begin(call)));
    assert.deepEqual(fences.map(({ kind }) => kind).sort(), ['ready', ...Array<string>(7).fill('too_early')]);
    assert.equal((await scene.events()).length, 1);
  });

  it('ACT-3 gives a tool the conversation it is about and the records it made there, newest first', async () => {
    const scene = await openScene(pool);
    await scene.say('m2', { customer: { ids: ['c'], name: 'Ana', phone: '+62' } });
    const records = [
      { kind: 'deal' as const, id: '1' },
      { kind: 'ticket' as const, id: '2' },
      { kind: 'deal' as const, id: '3' },
      { kind: 'deal' as const, id: '1' },
    ];
    for (const [n, record] of records.entries()) {
      const made = await scene.under({}, { step: n + 1 });
      await scene.calls.end(
        scene.refOf(made),
        { state: 'succeeded', reason: null, result: {}, record },
        null,
        later(n),
      );
    }
    const failed = await scene.under({}, { step: 8 });
    const record = { kind: 'deal' as const, id: '4' };
    await scene.calls.end(
      scene.refOf(failed),
      { state: 'unknown', reason: 'x', result: {}, record },
      null,
      NOW,
    );
    const { context } = ready(await scene.begin(await scene.planOne({}, { step: 9 })));
    assert.deepEqual(context.ownRecords, { deals: ['1', '3'], tickets: ['2'] });
    assert.deepEqual(
      [context.conversationId, context.agentId, context.channel, context.turn, context.epoch],
      [scene.ref.conversationId, scene.integration.agentId, 'generic', 1, 1],
    );
    assert.deepEqual([context.contact.name, context.contact.phone], ['Ana', '+62']);
    assert.deepEqual(await scene.calls.context(scene.ref), { ...context, turn: 0 });
  });

  it('ACT-3 names at most twenty records of a kind', async () => {
    const scene = await openScene(pool);
    for (let n = 1; n <= 21; n++) {
      const made = await scene.under({}, { step: n });
      const record = { kind: 'ticket' as const, id: `${n}` };
      await scene.calls.end(
        scene.refOf(made),
        { state: 'succeeded', reason: null, result: {}, record },
        null,
        later(n),
      );
    }
    const { ownRecords } = await scene.calls.context(scene.ref);
    assert.deepEqual(
      [ownRecords.tickets.length, ownRecords.tickets.at(0), ownRecords.tickets.at(-1)],
      [20, '21', '2'],
    );
  });

  it('CONV-4 refuses before the first effect when a newer message is there, and only where asked', async () => {
    const scene = await openScene(pool);
    const call = await scene.planOne();
    await scene.say('m2');
    const refused = { kind: 'refused', reason: 'newer_message' };
    assert.deepEqual(await scene.begin(call, { regroup: true }), refused);
    assert.deepEqual(await scene.begin(call, { regroup: true }), refused);
    assert.equal((await scene.begin(call, { regroup: true, answersSeq: 2 })).kind, 'ready');
    const other = await scene.planOne({}, { step: 2 });
    assert.equal((await scene.begin(other)).kind, 'ready');
  });

  it('ESC-5 makes no call once a person has the conversation, and says so again', async () => {
    const scene = await openScene(pool);
    const call = await scene.planOne();
    await command(scene, 'take_over');
    assert.deepEqual(await scene.begin(call), { kind: 'refused', reason: 'owner' });
    assert.deepEqual(await scene.begin(call), { kind: 'refused', reason: 'owner' });
    assert.equal((await scene.calls.read(scene.refOf(call)))?.state, 'cancelled');
    assert.deepEqual(
      (await scene.events()).map(([name, { reason }]) => [name, reason]),
      [['call_cancelled', 'owner']],
    );
  });

  it('ESC-5 puts aside all that the turn had planned, once a person has the conversation', async () => {
    const scene = await openScene(pool);
    const [first, second, third] = await scene.plan([{ digest: 'a' }, { digest: 'b' }, { digest: 'c' }]);
    assert.ok(first && second && third);
    ready(await scene.begin(first));
    await command(scene, 'take_over');
    const refused = { kind: 'refused', reason: 'owner' };
    assert.deepEqual([await scene.begin(second), await scene.begin(third)], [refused, refused]);
    const states = await scene.look<{ state: string }>(
      'select state from calls where conversation_id = $1 order by number',
      [scene.ref.conversationId],
    );
    assert.deepEqual(
      states.map(({ state }) => state),
      ['calling', 'cancelled', 'cancelled'],
    );
    assert.deepEqual(
      (await scene.events()).map(([name]) => name),
      ['qontak_action_invoked', 'call_cancelled', 'call_cancelled'],
    );
  });

  it('CONV-7 makes no call in a resolved conversation, nor in a later epoch', async () => {
    const scene = await openScene(pool);
    const first = await scene.planOne({ digest: 'a' });
    const second = await scene.planOne({ digest: 'b' }, { turn: 2 });
    await command(scene, 'resolve');
    assert.deepEqual(await scene.begin(first), { kind: 'refused', reason: 'resolved' });
    await scene.say('m2');
    assert.deepEqual(await scene.begin(second), { kind: 'refused', reason: 'epoch' });
  });

  it('ACT-8 repeats a call that died only after its time, and counts the attempts', async () => {
    const scene = await openScene(pool);
    const call = await scene.under();
    assert.deepEqual(await scene.begin(call, { now: later(2) }), { kind: 'too_early', afterMs: 3_000 });
    const fence = ready(await scene.begin(call, { now: later(5) }));
    assert.deepEqual([fence.repeat, fence.attempt, fence.call.attempts], [true, 2, 2]);
    assert.deepEqual(fence.deadline, later(10));
    assert.deepEqual(
      (await scene.events()).map(([name]) => name),
      ['qontak_action_invoked'],
    );
  });

  it('ACT-8 makes a call anew whose attempts certainly did nothing, and lets a person stop it', async () => {
    const scene = await openScene(pool);
    const call = await scene.under();
    const attempt = { request: null, response: null, statusCode: 503, error: 'crm_busy', durationMs: 1 };
    await scene.calls.noteAttempt(scene.refOf(call), { ...attempt, attempt: 1, inDoubt: false }, NOW);
    const fence = ready(await scene.begin(call));
    assert.deepEqual([fence.repeat, fence.attempt], [false, 2]);
    assert.equal((await scene.events()).length, 1, 'it was invoked once');
    await scene.calls.noteAttempt(scene.refOf(call), { ...attempt, attempt: 2, inDoubt: false }, NOW);
    await command(scene, 'take_over');
    assert.deepEqual(await scene.begin(call), { kind: 'refused', reason: 'owner' });
    assert.equal((await scene.calls.read(scene.refOf(call)))?.state, 'cancelled');
  });

  it('ACT-8 leaves a call unknown that may not be repeated, and shows it', async () => {
    const scene = await openScene(pool);
    const call = await scene.under({ reliability: 'none' });
    const fence = await scene.begin(call, { now: later(5) });
    assert.equal(fence.kind === 'ended' && fence.call.state, 'unknown');
    assert.deepEqual(
      (await scene.events()).map(([name, { reason }]) => [name, reason]),
      [
        ['qontak_action_invoked', undefined],
        ['qontak_action_unknown', 'outcome_unknown'],
      ],
    );
  });

  it('ESC-5 does not repeat a call that may have happened once a person has come between', async () => {
    const scene = await openScene(pool);
    const call = await scene.under({ reliability: 'keyed' });
    await command(scene, 'take_over');
    assert.equal((await scene.begin(call, { now: later(1) })).kind, 'too_early');
    const fence = await scene.begin(call, { now: later(5) });
    assert.deepEqual(fence.kind === 'ended' && [fence.call.state, fence.call.reason], [
      'unknown',
      'overtaken',
    ]);
  });

  it('ACT-8 returns the outcome of a call that has ended, and knows no foreign and no open one', async () => {
    const scene = await openScene(pool);
    const call = await scene.under();
    const ended = await scene.calls.end(
      scene.refOf(call),
      { state: 'succeeded', reason: null, result: 1 },
      null,
      NOW,
    );
    assert.deepEqual(await scene.begin(call), { kind: 'ended', call: ended });
    const other = await openScene(pool);
    assert.deepEqual(await other.begin(call), { kind: 'absent' });
    assert.deepEqual(await other.begin({ id: 'no id' }), { kind: 'absent' });
    const open = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 2 });
    assert.deepEqual(await scene.begin(open), { kind: 'absent' });
  });

  describe('of an external action', () => {
    it('EXT-1 refuses one that was switched off or deleted since it was planned', async () => {
      const scene = await openScene(pool);
      for (const [change, reason] of [
        ['is_active = false', 'switched_off'],
        ['deleted_at = now()', 'deleted'],
      ] as const) {
        const externalAction = await scene.externalAction();
        const step = { turn: reason.length };
        const call = await scene.planOne(
          { tool: 'external_action', externalAction, reliability: 'keyed' },
          step,
        );
        await scene.look(`update external_actions set ${change} where id = $1`, [externalAction.id]);
        const fence = await scene.begin(call);
        assert.deepEqual(fence.kind === 'ended' && [fence.call.state, fence.call.reason], [
          'refused',
          reason,
        ]);
      }
      assert.deepEqual(
        (await scene.events()).map(([name, { reason }]) => [name, reason]),
        [
          ['external_action_failed', 'switched_off'],
          ['external_action_failed', 'deleted'],
        ],
      );
    });

    it('EXT-9 lets exactly so many begin in a minute as its limit says, however many try at once', async () => {
      const scene = await openScene(pool);
      const externalAction = await scene.externalAction({ rateLimitPerMinute: 3 });
      const calls = await scene.plan(
        Array.from({ length: 9 }, (_, n) => ({ tool: 'external_action', externalAction, digest: `${n}` })),
      );
      const fences = await Promise.all(calls.slice(0, 8).map((call) => scene.begin(call)));
      const refused = fences.filter((fence) => fence.kind === 'ended').map(({ call }) => call);
      assert.equal(fences.filter(({ kind }) => kind === 'ready').length, 3);
      assert.deepEqual(
        refused.map(({ state, reason }) => [state, reason]),
        Array.from({ length: 5 }, () => ['refused', 'rate_limited']),
      );
      const [last] = calls.slice(-1);
      assert.ok(last);
      assert.equal((await scene.begin(last, { now: later(60) })).kind, 'ready');
    });

    it('EXT-9 limits an organisation over all its external actions, and no tool of the house', async () => {
      const scene = await openScene(pool);
      const externalAction = await scene.externalAction({ rateLimitPerMinute: 10_000 });
      await scene.look(
        `insert into calls (organisation_id, origin, tool, external_action_id, external_action_version, arguments,
           digest, reliability, state, message, idempotency_key, planned_at, began_at)
         select $1, 'replay', 'external_action', $2, 1, '{}', '', 'keyed', 'succeeded', '', n::text, $3, $3
         from generate_series(1, 600) n`,
        [scene.ref.organisationId, externalAction.id, NOW],
      );
      const call = await scene.planOne({ tool: 'external_action', externalAction });
      const fence = await scene.begin(call);
      assert.equal(fence.kind === 'ended' && fence.call.reason, 'rate_limited');
      const api = await scene.begin(await scene.planOne({ tool: 'api' }, { step: 2 }));
      assert.equal(api.kind === 'ended' && api.call.reason, 'rate_limited');
      assert.equal((await scene.begin(await scene.planOne({}, { step: 3 }))).kind, 'ready');
    });
  });
});
