import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { later, NOW, openInstallation } from './installation.ts';
import { CLOSE, GIVE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

describe('the silence of a history that was lost', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  async function answered(steps = [NUDGE, CLOSE], settings = {}) {
    const silence = await openSilence(pool, steps, { settings });
    const id = await silence.reply(1, 'a1');
    await silence.fence(1);
    await silence.ledger.record(silence.ref, id, { kind: 'sent', providerMessageId: null }, later(3));
    return silence;
  }
  async function opened(silence: Silence) {
    const read = await silence.transcript.open(silence.ref);
    if (read === null) throw new Error('the conversation is gone');
    return read;
  }
  const FIRST = { step: 0, seenSeq: 1, began: NOW, since: NOW, ownEpoch: null, withPerson: false };

  it('IDLE-4 counts from the message that was answered, the whole sequence', async () => {
    assert.deepEqual((await opened(await answered())).silence, FIRST);
  });

  it('IDLE-4 goes on behind the step that fired, from its time', async () => {
    const silence = await answered();
    await silence.fire(0);
    await silence.fenceOf('idle:1:0', later(600));
    await silence.idle.noteNudge(silence.ref, silence.due(0), 'fired', later(601));
    assert.deepEqual((await opened(silence)).silence, { ...FIRST, step: 1, since: later(600) });
  });

  it('IDLE-6 tries the step again whose nudge was left half-way, or failed', async () => {
    const silence = await answered();
    await silence.fire(0);
    assert.deepEqual((await opened(silence)).silence, FIRST);
    assert.equal((await opened(silence)).stepLeft, null);
    await silence.idle.noteNudge(silence.ref, silence.due(0), { failed: 'blocked' }, later(601));
    assert.deepEqual((await opened(silence)).silence, FIRST);
  });

  it('IDLE-9 goes on behind its own assign, in that epoch alone', async () => {
    const silence = await answered([GIVE, CLOSE]);
    await silence.member();
    await silence.fire(0);
    assert.deepEqual((await opened(silence)).silence, { ...FIRST, step: 1, since: later(600), ownEpoch: 2 });
    await silence.answer(later(700));
    assert.equal((await opened(silence)).silence, null);
  });

  it('IDLE-9 counts from the reply of a person where the sequence runs with people', async () => {
    for (const idleWhileAssigned of [true, false]) {
      const silence = await answered([NUDGE], { idleWhileAssigned });
      await silence.takeOver(later(100));
      await silence.answer(later(200));
      assert.equal((await opened(silence)).silence, null, 'the reply has not left');
      const [row] = await silence.look<{ id: string }>(`select id from outbound where kind = 'operator'`);
      const sent = { kind: 'sent' as const, providerMessageId: null };
      await silence.ledger.record(silence.ref, row?.id ?? '', sent, later(201));
      const behind = { seenSeq: 3, began: later(201), since: later(201), ownEpoch: 2, withPerson: true };
      assert.deepEqual((await opened(silence)).silence, idleWhileAssigned ? { ...FIRST, ...behind } : null);
    }
  });

  it('IDLE-5 has none while a message waits, and knows of the nudge that this one overtook', async () => {
    const silence = await answered();
    await silence.fire(0);
    await silence.say('m2');
    const { silence: none, stepLeft } = await opened(silence);
    assert.deepEqual([none, stepLeft], [null, 0]);
    await silence.idle.conclude(silence.ref, later(700));
    assert.equal((await opened(silence)).stepLeft, null);
  });

  it('IDLE-5 has none behind a hand-back, a resolve or a call for a person', async () => {
    const handedBack = await answered();
    await handedBack.takeOver();
    assert.equal((await opened(handedBack)).silence, null);
    await handedBack.inbox.command(handedBack.caller, handedBack.ref.conversationId, 'hand_back', NOW);
    assert.equal((await opened(handedBack)).silence, null);

    const resolved = await answered();
    await resolved.inbox.command(resolved.caller, resolved.ref.conversationId, 'resolve', NOW);
    assert.equal((await opened(resolved)).silence, null);

    const escalated = await answered();
    await escalated.look('update conversations set escalated_epoch = epoch');
    assert.equal((await opened(escalated)).silence, null);
  });

  it('APR-3 knows what operators still owe', async () => {
    const silence = await answered();
    await silence.look(
      `insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
         idempotency_key, created_at, remind_at, expires_at)
       select organisation_id, id, agent_id, contact_id, 'refund', 'twelve euros', 'k', $1, $2, $3 from conversations`,
      [NOW, later(60), later(600)],
    );
    const [asked] = (await opened(silence)).openApprovals;
    assert.deepEqual([asked?.remindAt, asked?.expiresAt], [later(60).getTime(), later(600).getTime()]);
  });
});
