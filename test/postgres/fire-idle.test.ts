import { strict as assert } from 'node:assert';
import pg from 'pg';
import { later, NOW, openInstallation } from './installation.ts';
import { CLOSE, GIVE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

const CAUSE = 'idle:1:0';

describe('fire idle', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let ownerUrl: string;
  before(async () => {
    const installation = await openInstallation();
    ({ pool, close } = installation);
    ({ ownerUrl } = installation.database);
  });
  after(() => close());

  const idleEvents = async (silence: Silence) =>
    (await silence.events()).filter(([name]) => name.startsWith('ai_agent_idle_'));
  const about = (silence: Silence) => ({
    ai_agent_id: silence.integration.agentId,
    room_id: silence.ref.conversationId,
  });

  describe('follow-up', () => {
    it('IDLE-4 (IDLE-S02 AC-1) plans the nudge of the step that is due, with the name of the customer', async () => {
      const silence = await openSilence(pool, [
        { ...NUDGE, message: 'Still there, {{customer_name}}?' },
        CLOSE,
      ]);
      await silence.say('m2', { customer: { ids: ['c'], name: 'Ana' } });
      const verdict = await silence.fire(0, 600, { seenSeq: 2 });
      assert.deepEqual(verdict, { kind: 'planned', cause: 'idle:2:0', last: false });
      assert.deepEqual(await silence.planned(), [['idle:2:0', 'nudge', 'Still there, Ana?', 1, 'planned']]);
      assert.deepEqual(await idleEvents(silence), [], 'it is not fired before it was sent');
      const fence = await silence.fenceOf('idle:2:0', later(600));
      assert.ok(fence.kind === 'ready');
      assert.deepEqual([fence.delivery.kind, fence.delivery.inReplyTo], ['nudge', []]);
    });

    it('IDLE-5 plans one nudge however often the step fires, at once or later', async () => {
      const silence = await openSilence(pool, [NUDGE]);
      const once = { kind: 'planned', cause: CAUSE, last: true };
      const verdicts = await Promise.all(Array.from({ length: 8 }, () => silence.fire(0)));
      assert.deepEqual(
        verdicts,
        verdicts.map(() => once),
      );
      assert.deepEqual(await silence.fire(0, 5_000), once);
      assert.equal((await silence.planned()).length, 1);
      assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'planned', null]]);
    });

    it('OBS-1 (IDLE-S02 AC-2) stores the event of a nudge when it went out, once', async () => {
      const silence = await openSilence(pool, [NUDGE, NUDGE]);
      await silence.fire(1, 1_200);
      const note = () => silence.idle.noteNudge(silence.ref, silence.due(1), 'fired', later(1_201));
      await Promise.all([note(), note()]);
      await silence.idle.noteNudge(silence.ref, silence.due(1), { failed: 'late' }, later(1_202));
      const properties = { ...about(silence), step_index: 1, action: 'follow_up', is_last_step: true };
      assert.deepEqual(await idleEvents(silence), [['ai_agent_idle_step_fired', properties]]);
      assert.deepEqual(await silence.firings(), [[1, 1, 'follow_up', 'fired', null]]);
    });

    it('IDLE-6 (IDLE-S02 ERR-1) tries a nudge that failed for good again under a cause of its own', async () => {
      const silence = await openSilence(pool, [NUDGE, NUDGE]);
      await silence.fire(0);
      const fence = await silence.fenceOf(CAUSE);
      assert.ok(fence.kind === 'ready');
      const failed = { kind: 'failed' as const, code: '131047' };
      await silence.ledger.record(silence.ref, fence.delivery.outboundId, failed, later(601));
      await silence.idle.noteNudge(silence.ref, silence.due(0), { failed: '131047' }, later(601));
      const properties = { ...about(silence), step_index: 0, action: 'follow_up', reason: '131047' };
      assert.deepEqual(await idleEvents(silence), [['ai_agent_idle_step_failed', properties]]);

      const again = { kind: 'planned', cause: 'idle:1:0:2', last: false };
      assert.deepEqual(await Promise.all([silence.fire(0, 1_201), silence.fire(0, 1_201)]), [again, again]);
      assert.equal((await silence.fenceOf('idle:1:0:2')).kind, 'ready');
      await silence.idle.noteNudge(silence.ref, silence.due(0), 'fired', later(1_202));
      assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'fired', null]]);
    });

    it('IDLE-1 skips a message of which nothing is left without the name of the customer', async () => {
      const silence = await openSilence(pool, [{ ...NUDGE, message: '{{customer_name}}' }]);
      assert.deepEqual(await silence.fire(0), { kind: 'skipped', reason: 'empty_message', last: true });
      assert.deepEqual(await silence.planned(), []);
    });
  });

  describe('against the customer', () => {
    it('IDLE-5 (IDLE-S03 AC-1) resets where a message came after the one it counts from', async () => {
      const silence = await openSilence(pool, [NUDGE, CLOSE]);
      await silence.say('m2');
      assert.deepEqual(await silence.fire(0), { kind: 'reset' });
      assert.deepEqual(await silence.fire(1), { kind: 'reset' });
      assert.deepEqual([await silence.planned(), await silence.firings()], [[], []]);
      assert.equal((await silence.fire(0, 600, { seenSeq: 2 })).kind, 'planned');
    });

    it('IDLE-5 (IDLE-S03 ERR-1) refuses a planned nudge for good at the fence once a message is there', async () => {
      const silence = await openSilence(pool, [NUDGE]);
      await silence.fire(0);
      await silence.say('m2');
      const refused = { kind: 'refused', reason: 'newer_message' };
      assert.deepEqual(await silence.fenceOf(CAUSE), refused);
      assert.deepEqual(await silence.fenceOf(CAUSE), refused);
      assert.deepEqual(await silence.planned(), [[CAUSE, 'nudge', 'Still there?', 1, 'refused']]);
      assert.deepEqual(
        (await silence.messages()).map(([, , reason]) => reason),
        [null, null],
        'the messages still wait for their turn',
      );
    });

    it('IDLE-5 does not repeat a nudge of unknown outcome once a message is there', async () => {
      const silence = await openSilence(pool, [NUDGE]);
      await silence.fire(0);
      assert.equal((await silence.fenceOf(CAUSE)).kind, 'ready');
      assert.equal((await silence.fenceOf(CAUSE)).kind, 'ready', 'the generic channel knows it by its key');
      await silence.say('m2');
      assert.equal((await silence.fenceOf(CAUSE)).kind, 'unknown');
    });

    it('IDLE-5 (IDLE-S03 ERR-1) lets either the message or the firing win, whichever commits first', async () => {
      const count = { reset: 0, advance: 0 };
      for (let round = 0; round < 5; round++) {
        const silences = await Promise.all(Array.from({ length: 8 }, () => openSilence(pool, [NUDGE])));
        await Promise.all(
          silences.map(async (silence, n) => {
            // The message meets the firing, or what it planned at the fence.
            const meets = n % 2 === 0 ? 'fire' : 'fence';
            const [verdict, early] = await Promise.all([
              silence.fire(0),
              meets === 'fire' ? silence.say('m2') : null,
            ]);
            const [fence] = await Promise.all([
              verdict.kind === 'planned' ? silence.fenceOf(CAUSE) : null,
              early ?? silence.say('m2'),
            ]);
            const [row] = await silence.look<{ state: string; answers_seq: number }>(
              'select state, answers_seq from outbound',
            );
            if (fence?.kind === 'ready') {
              count.advance++;
              assert.deepEqual([row?.state, row?.answers_seq], ['sending', 1]);
            } else {
              count.reset++;
              if (fence === null) assert.deepEqual([verdict, row], [{ kind: 'reset' }, undefined]);
              else
                assert.deepEqual(
                  [fence, row?.state],
                  [{ kind: 'refused', reason: 'newer_message' }, 'refused'],
                );
            }
          }),
        );
      }
      assert.equal(count.reset + count.advance, 40);
      assert.ok(count.reset > 0 && count.advance > 0, `both happen: ${JSON.stringify(count)}`);
    });

    it('IDLE-5 (IDLE-S03 ERR-1) waits for a message that has the conversation, and sees it when it is committed', async () => {
      const silence = await openSilence(pool, [CLOSE]);
      const blocker = await pool.connect();
      try {
        await blocker.query(`begin; set local parley.organisation = '${silence.ref.organisationId}'`);
        await blocker.query('update conversations set last_seq = 2, last_message_seq = 2');
        const firing = silence.fire(0);
        await waiting(pool, 1);
        await blocker.query('commit');
        assert.deepEqual(await firing, { kind: 'reset' });
      } finally {
        blocker.release();
      }
      assert.equal((await silence.conversation()).status, 'open');
    });

    it('IDLE-5 (IDLE-S03 ERR-2) fires in order and closes nothing where the reset was never noted', async () => {
      const silence = await openSilence(pool, [NUDGE, CLOSE]);
      await silence.fire(0);
      await silence.say('m2');
      assert.deepEqual(await silence.fire(1), { kind: 'reset' }, 'the old sequence is over');
      assert.deepEqual((await silence.fire(0, 1_800, { seenSeq: 2 })).kind, 'planned');
      assert.equal((await silence.conversation()).status, 'open');
      assert.equal((await silence.fire(1, 2_400, { seenSeq: 2 })).kind, 'done');
      assert.deepEqual(
        (await silence.firings()).map(([seq, step]) => [seq, step]),
        [
          [1, 0],
          [2, 0],
          [2, 1],
        ],
      );
    });

    it('OBS-1 (IDLE-S03 AC-1) notes once that the customer broke a sequence that had led to something', async () => {
      const silence = await openSilence(pool, [NUDGE, CLOSE]);
      await silence.fire(0);
      const note = () => silence.idle.noteReset(silence.ref, 1, later(700));
      await note();
      assert.deepEqual(await idleEvents(silence), [], 'nobody wrote');
      await silence.say('m2');
      await Promise.all([note(), note()]);
      const reset = ['ai_agent_idle_sequence_reset', { ...about(silence), from_step_index: 1 }];
      assert.deepEqual(await idleEvents(silence), [reset]);
      await silence.fire(0, 1_300, { seenSeq: 2 });
      await silence.say('m3');
      await note();
      assert.deepEqual(await idleEvents(silence), [reset, reset]);
    });
  });

  describe('resolve', () => {
    it('IDLE-7 (IDLE-S02 AC-3) closes the conversation with its message, once however often it fires', async () => {
      const silence = await openSilence(pool, [NUDGE, CLOSE, NUDGE]);
      const leaves = { epoch: 2, owner: 'agent', resolved: true, assignee: null, closingCause: 'idle:1:1' };
      const done = { kind: 'done', leaves, last: true };
      const verdicts = await Promise.all(Array.from({ length: 6 }, () => silence.fire(1)));
      assert.deepEqual(
        [...verdicts, await silence.fire(1, 9_000)],
        [...verdicts, verdicts[0]].map(() => done),
      );
      const { status, epoch } = await silence.conversation();
      assert.deepEqual([status, epoch], ['resolved', 2]);
      assert.equal((await silence.fenceOf('idle:1:1')).kind, 'ready');
      const fired = { ...about(silence), step_index: 1, action: 'resolve', is_last_step: true };
      const resolved = { ...about(silence), resolved_at_step_index: 1 };
      assert.deepEqual(await idleEvents(silence), [
        ['ai_agent_idle_step_fired', fired],
        ['ai_agent_idle_sequence_resolved', resolved],
      ]);
      assert.deepEqual(await silence.fire(2, 9_000), { kind: 'left' }, 'nothing follows');
      const audit = await silence.look('select actor, action, detail from audit');
      assert.deepEqual(audit, [
        {
          actor: `agent:${silence.integration.agentId}`,
          action: 'conversation.resolve',
          detail: { epoch: 2, idle_step: 1 },
        },
      ]);
    });

    it('IDLE-6 (IDLE-S02 ERR-2) does nothing of a resolve that fails half-way, and closes at the next try', async () => {
      const silence = await openSilence(pool, [CLOSE]);
      const owner = new pg.Client({ connectionString: ownerUrl });
      await owner.connect();
      try {
        await owner.query(`
          create function fail() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
          create trigger fail before insert on idle_firings for each row execute function fail()`);
        await assert.rejects(silence.fire(0));
        const { status, epoch } = await silence.conversation();
        assert.deepEqual([status, epoch, await silence.planned()], ['open', 1, []]);
        assert.deepEqual(await silence.look('select from audit'), []);
      } finally {
        await owner.query('drop trigger if exists fail on idle_firings; drop function if exists fail');
        await owner.end();
      }
      assert.equal((await silence.fire(0)).kind, 'done');
      assert.equal((await silence.conversation()).status, 'resolved');
    });

    it('IDLE-5 never closes twice, nor a conversation that the customer opened again', async () => {
      const silence = await openSilence(pool, [CLOSE]);
      await silence.fire(0);
      await silence.say('m2');
      const before = await silence.conversation();
      const verdict = await silence.fire(0, 601);
      assert.equal(verdict.kind === 'done' && verdict.leaves?.epoch, 2, 'it says what it did, in its epoch');
      assert.deepEqual(await silence.fenceOf(CAUSE), { kind: 'refused', reason: 'epoch' });
      assert.deepEqual(await silence.conversation(), before);
      assert.equal(before.status, 'open');
    });
  });

  describe('assign', () => {
    it('IDLE-4 (IDLE-S02 AC-4) gives the conversation to an operator, once, and says goodbye where it has words', async () => {
      const silence = await openSilence(pool, [{ ...GIVE, message: 'A colleague takes over' }, NUDGE]);
      const operator = await silence.member();
      await silence.member({ online: false });
      const closingCause = CAUSE;
      const leaves = { epoch: 2, owner: 'operator', resolved: false, assignee: operator, closingCause };
      const verdicts = await Promise.all([silence.fire(0), silence.fire(0), silence.fire(0)]);
      assert.deepEqual(
        verdicts,
        verdicts.map(() => ({ kind: 'done', leaves, last: false })),
      );
      const { owner, operator_id, epoch } = await silence.conversation();
      assert.deepEqual([owner, operator_id, epoch], ['operator', operator, 2]);
      assert.equal((await silence.fenceOf(CAUSE)).kind, 'ready');
      const fired = { ...about(silence), step_index: 0, action: 'assign', is_last_step: false };
      assert.deepEqual(await idleEvents(silence), [['ai_agent_idle_step_fired', fired]]);
      const [entry] = await silence.look<{ action: string; detail: object }>(
        'select action, detail from audit',
      );
      const detail = { operator, division: null, queued: false, epoch: 2, idle_step: 0 };
      assert.deepEqual(entry, { action: 'conversation.assigned', detail });
    });

    it('IDLE-4 queues in the division where nobody is online', async () => {
      const division = crypto.randomUUID();
      const assign = { type: 'division' as const, division };
      const silence = await openSilence(pool, [{ ...GIVE, assign }]);
      await silence.look(
        'insert into divisions (organisation_id, id, name, created_at) values ($1, $2, $3, $4)',
        [silence.ref.organisationId, division, 'Support', NOW],
      );
      const verdict = await silence.fire(0);
      assert.deepEqual(verdict.kind === 'done' && verdict.leaves?.assignee, null);
      const { owner, operator_id, division_id, queued_at } = await silence.conversation();
      assert.deepEqual(
        [owner, operator_id, division_id, queued_at],
        ['operator', null, division, later(600)],
      );
      assert.deepEqual(await silence.planned(), []);
    });

    it('IDLE-6 (IDLE-S02 ERR-1) leaves the room as it is where the target is gone, and tries again after the window', async () => {
      const operator = crypto.randomUUID();
      const silence = await openSilence(pool, [
        { ...GIVE, assign: { type: 'agent', agent: operator } },
        NUDGE,
      ]);
      const notYet = { kind: 'not_yet', at: later(1_200) };
      assert.deepEqual([await silence.fire(0), await silence.fire(0, 601)], [notYet, notYet]);
      const reason = 'operator_not_found';
      const failed = { ...about(silence), step_index: 0, action: 'assign', reason };
      assert.deepEqual(await idleEvents(silence), [['ai_agent_idle_step_failed', failed]]);
      assert.deepEqual(await silence.firings(), [[1, 0, 'assign', 'failed', reason]]);
      assert.deepEqual((await silence.conversation()).owner, 'agent');

      await silence.look(
        `insert into members (organisation_id, id, name, role, created_at) values ($1, $2, 'Ana', 'operator', $3)`,
        [silence.ref.organisationId, operator, NOW],
      );
      const verdict = await silence.fire(0, 1_200);
      assert.equal(verdict.kind === 'done' && verdict.leaves?.assignee, operator);
      assert.deepEqual(await silence.firings(), [[1, 0, 'assign', 'fired', null]]);
    });

    it('IDLE-9 goes on after its own assign until that person answers', async () => {
      const silence = await openSilence(pool, [GIVE, NUDGE, CLOSE]);
      await silence.member();
      await silence.fire(0);
      assert.deepEqual(await silence.fire(1), { kind: 'planned', cause: 'idle:1:1', last: false });
      assert.equal((await silence.answer(later(1_201))).kind, 'done');
      assert.deepEqual(await silence.fenceOf('idle:1:1'), { kind: 'refused', reason: 'owner' });
      assert.deepEqual(await silence.fire(2), { kind: 'left' });
    });

    it('IDLE-9 sends a nudge, and closes, behind its own assign', async () => {
      const silence = await openSilence(pool, [GIVE, NUDGE, CLOSE]);
      await silence.member();
      await silence.fire(0);
      await silence.fire(1);
      assert.equal((await silence.fenceOf('idle:1:1')).kind, 'ready');
      const verdict = await silence.fire(2);
      assert.deepEqual(verdict.kind === 'done' && verdict.leaves?.epoch, 3);
      const { status, owner, operator_id } = await silence.conversation();
      assert.deepEqual([status, owner, operator_id], ['resolved', 'agent', null]);
    });

    it('IDLE-9 starts no new sequence in a conversation that it gave away', async () => {
      const silence = await openSilence(pool, [GIVE, NUDGE]);
      await silence.member();
      await silence.fire(0);
      await silence.say('m2');
      assert.deepEqual(await silence.fire(1), { kind: 'reset' });
      assert.deepEqual(await silence.fire(0, 600, { seenSeq: 2 }), { kind: 'left' });
    });
  });

  describe('beside a person', () => {
    it('IDLE-9 does nothing while a person has the conversation, and refuses what was planned before', async () => {
      const silence = await openSilence(pool, [NUDGE, CLOSE]);
      await silence.fire(0);
      await silence.takeOver();
      assert.deepEqual(await silence.fenceOf(CAUSE), { kind: 'refused', reason: 'owner' });
      assert.deepEqual(await silence.fire(1), { kind: 'left' });
      assert.equal((await silence.conversation()).status, 'open');
    });

    it('IDLE-5 lets a take-over and a firing at once end with one of them having it', async () => {
      for (let round = 0; round < 10; round++) {
        const silence = await openSilence(pool, [CLOSE]);
        const [verdict, taken] = await Promise.all([silence.fire(0), silence.takeOver(later(600))]);
        const { status, owner } = await silence.conversation();
        const ended = verdict.kind === 'done' ? ['lost', 'resolved', 'agent'] : ['done', 'open', 'operator'];
        assert.deepEqual([taken.kind, status, owner], ended);
      }
    });

    it('IDLE-4 does nothing in a conversation that was erased', async () => {
      const silence = await openSilence(pool, [NUDGE]);
      const gone = { ...silence.ref, conversationId: crypto.randomUUID() };
      assert.deepEqual(await silence.idle.fire(gone, silence.due(0), later(600)), { kind: 'left' });
      await silence.idle.noteReset(gone, 1, NOW);
      await silence.idle.noteNudge(gone, silence.due(0), 'fired', NOW);
      assert.deepEqual(await idleEvents(silence), []);
    });
  });
});

/** Until so many statements of this database wait for a lock. */
async function waiting(pool: pg.Pool, count: number): Promise<void> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const { rows } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length >= count) return;
    if (performance.now() > deadline) throw new Error('nothing waits for a lock');
  }
}
