import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { IdleRule } from '../../domain/idle-rule.ts';
import { later, NOW, openInstallation } from './installation.ts';
import { CLOSE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

/** The seqs of a take-over and of the reply behind it; the message is 1. */
const REPLY = 3;

describe('idle steps while people have the conversation', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  async function answered(settings: { idleWhileAssigned: boolean }, steps = [NUDGE, CLOSE]) {
    const silence = await openSilence(pool, steps, { settings });
    await silence.takeOver();
    assert.equal((await silence.answer()).kind, 'done');
    return silence;
  }
  const fireBehindReply = (silence: Silence, step = 0) => silence.fire(step, 1_200, { seenSeq: REPLY });

  it('IDLE-9 counts from the reply of the person, where the builder wants it so', async () => {
    const silence = await answered({ idleWhileAssigned: true });
    const begun = await silence.idle.behindReply(silence.ref, REPLY);
    assert.deepEqual(
      begun?.idleSteps.map(({ action, duration }) => [action, duration]),
      [
        ['follow_up', 600],
        ['resolve', 600],
      ],
    );
    assert.equal((await fireBehindReply(silence)).kind, 'planned');
    assert.equal((await silence.fenceOf(`idle:${REPLY}:0`)).kind, 'ready');
  });

  it('IDLE-9 does nothing there where nobody wants it', async () => {
    const silence = await answered({ idleWhileAssigned: false });
    assert.equal(await silence.idle.behindReply(silence.ref, REPLY), null);
    assert.deepEqual(await fireBehindReply(silence), { kind: 'left' });
  });

  it('IDLE-9 does nothing before that person has answered: it is the customer who waits', async () => {
    const silence = await openSilence(pool, [NUDGE], { settings: { idleWhileAssigned: true } });
    await silence.takeOver();
    assert.deepEqual(await silence.fire(0), { kind: 'left' });
  });

  it('IDLE-5 begins nothing behind a reply that the customer, or the person once more, has overtaken', async () => {
    const again = await answered({ idleWhileAssigned: true });
    await fireBehindReply(again);
    await again.answer(later(10));
    assert.equal(await again.idle.behindReply(again.ref, REPLY), null);
    assert.deepEqual(await again.fire(1, 1_200, { seenSeq: REPLY }), { kind: 'left' });
    assert.deepEqual(await again.fenceOf(`idle:${REPLY}:0`), { kind: 'refused', reason: 'owner' });

    const customer = await answered({ idleWhileAssigned: true });
    await customer.say('m2');
    assert.equal(await customer.idle.behindReply(customer.ref, REPLY), null);
    assert.deepEqual(await fireBehindReply(customer), { kind: 'reset' });
  });

  it('IDLE-8 (IDLE-S04 AC-2) runs the rule of the channel where people answer alone, whatever the agent has', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    const rule: IdleRule = { action: 'resolve', resolve: { duration: 600, message: 'Bye.' } };
    await silence.look(`update channel_integrations set answered_by = 'people', default_idle_rule = $1`, [
      JSON.stringify(rule),
    ]);
    for (const flag of [false, true]) {
      await silence.flag(flag);
      await silence.say('hello', { room: `room ${String(flag)}` });
    }
    await silence.takeOver();
    await silence.answer();
    const verdict = await fireBehindReply(silence);
    assert.deepEqual(verdict.kind === 'done' && verdict.leaves?.resolved, true);
    const [[cause, kind, text] = []] = await silence.planned();
    assert.deepEqual([cause, kind, text], [`idle:${REPLY}:0`, 'closing', 'Bye.']);
    const rooms = await silence.look(
      `select owner, queued_at is not null as queued from conversations where room like 'room %'`,
    );
    assert.deepEqual(rooms, [
      { owner: 'operator', queued: true },
      { owner: 'operator', queued: true },
    ]);
  });

  it('IDLE-8 opens a conversation that people had resolved in the queue once more, and hands none to an agent', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await silence.look(`update channel_integrations set answered_by = 'people'`);
    const command = (what: 'resolve' | 'hand_back' | 'take_over') =>
      silence.inbox.command(silence.caller, silence.ref.conversationId, what, NOW);
    await command('resolve');
    await silence.say('m2');
    const { owner, queued_at, status } = await silence.conversation();
    assert.deepEqual([owner, queued_at, status], ['operator', NOW, 'open']);
    assert.equal((await command('hand_back')).kind, 'lost');
    assert.equal((await command('take_over')).kind, 'done');
    assert.equal((await command('hand_back')).kind, 'lost');
  });

  it('IDLE-9 waits while operators owe a decision, and until the customer has heard it', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await silence.look(
      `insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
         idempotency_key, created_at, expires_at)
       select organisation_id, id, agent_id, contact_id, 'refund', 'twelve euros', 'k', $1, $2 from conversations`,
      [NOW, later(5_000)],
    );
    assert.deepEqual(await silence.fire(0), { kind: 'not_yet', at: later(5_060) });
    await silence.look(`update actions set status = 'approved', resolved_at = $1`, [later(700)]);
    await silence.look(
      `insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, received_at, at)
       select organisation_id, channel_integration_id, id, 'approval_outcome', 2, epoch, $1, $1 from conversations`,
      [later(700)],
    );
    assert.deepEqual(await silence.fire(0, 800), { kind: 'not_yet', at: later(860) });
    await silence.look(
      `update inbox set settled_at = $1, settled_reason = 'noted' where kind = 'approval_outcome'`,
      [later(801)],
    );
    assert.equal((await silence.fire(0, 860)).kind, 'planned');
    assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'planned', null]]);
  });
});
