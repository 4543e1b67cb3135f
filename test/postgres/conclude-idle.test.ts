import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { later, openInstallation } from './installation.ts';
import { CLOSE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

describe('what a step left that nobody heard of', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  const conclude = (silence: Silence, at = 700) => silence.idle.conclude(silence.ref, later(at));
  const stepEvents = async (silence: Silence) =>
    (await silence.events()).filter(([name]) => name.startsWith('ai_agent_idle_step_'));
  const about = (silence: Silence) => ({
    ai_agent_id: silence.integration.agentId,
    room_id: silence.ref.conversationId,
  });

  it('IDLE-5 refuses a nudge that had not left, once and for all, and tells nothing of it', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await silence.fire(0);
    await silence.say('m2');
    assert.deepEqual(await conclude(silence), { fired: false, sending: [] });
    assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'refused', null]]);
    assert.deepEqual(
      (await silence.planned()).map((row) => row.at(-1)),
      ['refused'],
    );
    assert.deepEqual(await silence.fenceOf('idle:1:0', later(701)), {
      kind: 'refused',
      reason: 'newer_message',
    });
    assert.deepEqual(await stepEvents(silence), []);
  });

  it('IDLE-5 counts a nudge on the wire as fired, tells it once, and names it', async () => {
    const silence = await openSilence(pool, [NUDGE, CLOSE]);
    await silence.fire(0);
    const fence = await silence.fenceOf('idle:1:0', later(600));
    assert.ok(fence.kind === 'ready');
    await silence.say('m2');
    const sending = [fence.delivery.outboundId];
    assert.deepEqual(await conclude(silence), { fired: true, sending });
    assert.deepEqual(await conclude(silence), { fired: false, sending }, 'asked again');
    await silence.idle.noteNudge(silence.ref, silence.due(0), 'fired', later(701));
    assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'fired', null]]);
    const properties = { ...about(silence), step_index: 0, action: 'follow_up', is_last_step: false };
    assert.deepEqual(await stepEvents(silence), [['ai_agent_idle_step_fired', properties]]);
  });

  it('IDLE-6 tells of a nudge that failed for good', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await silence.fire(0);
    const fence = await silence.fenceOf('idle:1:0', later(600));
    assert.ok(fence.kind === 'ready');
    const failed = { kind: 'failed' as const, code: 'blocked' };
    await silence.ledger.record(silence.ref, fence.delivery.outboundId, failed, later(601));
    await silence.say('m2');
    assert.deepEqual(await conclude(silence), { fired: false, sending: [] });
    const properties = { ...about(silence), step_index: 0, action: 'follow_up', reason: 'blocked' };
    assert.deepEqual(await stepEvents(silence), [['ai_agent_idle_step_failed', properties]]);
  });

  it('IDLE-7 refuses the last words of a resolve that a message overtook; the resolve stays', async () => {
    const silence = await openSilence(pool, [CLOSE]);
    await silence.fire(0);
    await silence.say('m2');
    assert.deepEqual(await conclude(silence), { fired: false, sending: [] });
    assert.deepEqual(await silence.firings(), [[1, 0, 'resolve', 'fired', null]]);
    assert.deepEqual(
      (await silence.planned()).map((row) => [row[1], row.at(-1)]),
      [['closing', 'refused']],
    );
  });

  it('IDLE-5 ends the firing of a nudge that its fence refuses', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await silence.fire(0);
    await silence.say('m2');
    assert.equal((await silence.fenceOf('idle:1:0', later(600))).kind, 'refused');
    assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'refused', null]]);
  });
});
