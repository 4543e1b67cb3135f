import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { DueStage, WatchVerdict } from '../../activities/ports.ts';
import { openEscalations } from '../../adapters/postgres/escalations.ts';
import { openWatches } from '../../adapters/postgres/watches.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { BusinessHours } from '../../domain/business-hours.ts';
import { openScene } from './actions.ts';
import { later, NOW, openInstallation } from './installation.ts';

const RESPONSE = 900;
const WHY = { turn: 1, rule: 'money', reason: 'It is about money', assignee: null };

describe('the watch over people in the store', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** A customer who wrote m1 at NOW, and what is to happen while they wait. */
  async function waiting(settings: Partial<AgentSettings> = {}) {
    const scene = await openScene(pool, 'generic', { responseTimeSeconds: RESPONSE, ...settings });
    const { ref, caller } = scene;
    const { conversationId } = ref;
    const watches = openWatches(pool);
    const due = (stage: number, more: Partial<DueStage> = {}): DueStage => ({
      epoch: 1,
      seq: 1,
      stage,
      since: later(RESPONSE * stage),
      ...more,
    });
    return {
      ...scene,
      /** At its time, or so many seconds after NOW. */
      judge: (
        stage: number,
        more: Partial<DueStage> = {},
        at = RESPONSE * (stage + 1),
      ): Promise<WatchVerdict> => watches.judge(ref, due(stage, more), later(at)),
      async escalate(at = NOW) {
        await scene.reply(1, 'A person comes', at);
        assert.notEqual(await openEscalations(pool).escalate(ref, WHY, at), null);
      },
      assign: (operatorId: string, at = NOW) =>
        scene.inbox.assign(caller, conversationId, { type: 'agent', operatorId }, at),
      queue: (divisionId: string, at = NOW) =>
        scene.inbox.assign(caller, conversationId, { type: 'division', divisionId }, at),
      command: (what: 'take_over' | 'hand_back' | 'resolve', at = NOW) =>
        scene.inbox.command(caller, conversationId, what, at),
      answer: (at = NOW) => scene.inbox.reply(caller, conversationId, 'Here I am', at),
      standing: async () => (await scene.transcript.open(ref))?.watch ?? null,
      async watched() {
        return (await scene.events()).filter(([name]) => name.startsWith('human_'));
      },
      notices: () =>
        scene.look<{ cause: string; kind: string; text: string; epoch: number; state: string }>(
          `select cause, kind, text, epoch, state from outbound where cause like 'notice:%' order by planned_at`,
        ),
    };
  }

  const over = { kind: 'over' };
  const left = { kind: 'left' };

  it('IDLE-8 offers no agent where people answer alone: they are reminded, and that is all', async () => {
    const scene = await waiting();
    await scene.look(`update channel_integrations set answered_by = 'people'`);
    await scene.command('take_over');
    const take = { epoch: 2 };
    assert.deepEqual(await scene.judge(2, take), { kind: 'reminded' });
    assert.deepEqual(await scene.judge(3, take), over);
    assert.equal((await scene.conversation()).owner, 'operator');
    assert.deepEqual(await scene.notices(), []);
  });

  describe('to remind', () => {
    it('ESC-6 reminds once when the response time is over, however often it is asked', async () => {
      const scene = await waiting();
      await scene.escalate();
      assert.deepEqual(await scene.judge(0, {}, RESPONSE - 1), { kind: 'not_yet', at: later(RESPONSE) });
      const all = await Promise.all(Array.from({ length: 6 }, () => scene.judge(0)));
      assert.deepEqual(
        [...all, await scene.judge(0, {}, 99_999)],
        Array.from({ length: 7 }, () => ({ kind: 'reminded' })),
      );
      assert.deepEqual(await scene.watched(), [
        [
          'human_reminded',
          {
            agent_id: scene.integration.agentId,
            assignee: null,
            queued: false,
            division_id: null,
            stage: 1,
            waited_seconds: RESPONSE,
          },
        ],
      ]);
      const { owner, epoch } = await scene.conversation();
      assert.deepEqual([owner, epoch], ['agent', 1]);
    });

    it('ESC-6 names the member who has it, or whom the agent has called', async () => {
      const called = await waiting();
      const boss = await called.member();
      await called.look('update agents set settings = settings || $1::jsonb', [
        JSON.stringify({ escalationAssignee: boss }),
      ]);
      await called.escalate();
      await called.judge(0);
      assert.equal((await called.watched())[0]?.[1]['assignee'], boss);
      const given = await waiting();
      const member = await given.member();
      await given.assign(member);
      assert.deepEqual(await given.judge(0, { epoch: 2 }), { kind: 'reminded' });
      assert.equal((await given.watched())[0]?.[1]['assignee'], member);
    });

    it('ESC-6 reads the response time anew', async () => {
      const scene = await waiting();
      await scene.escalate();
      await scene.look(`update agents set settings = settings || '{"responseTimeSeconds": 1800}'`);
      assert.deepEqual(await scene.judge(0), { kind: 'not_yet', at: later(1800) });
    });

    it('ESC-6 counts only the hours in which people are there', async () => {
      const day: BusinessHours = { timeZone: 'UTC', weekly: { thu: [['09:00', '17:00']] }, holidays: [] };
      const scene = await waiting({ businessHours: day });
      await scene.escalate();
      const opening = 9 * 3600;
      assert.deepEqual(await scene.judge(0), { kind: 'not_yet', at: later(opening + RESPONSE) });
      assert.deepEqual(await scene.judge(0, {}, opening + RESPONSE), { kind: 'reminded' });
      const never = await waiting({ businessHours: { ...day, weekly: {} } });
      await never.escalate();
      assert.deepEqual(await never.judge(0, {}, 99_999), over);
    });
  });

  describe('to stop', () => {
    it('ESC-6 stops on the first answer, and waits anew for a message behind it', async () => {
      const scene = await waiting();
      await scene.command('take_over');
      await scene.answer(later(800));
      assert.deepEqual(await scene.judge(0, { epoch: 2 }), over);
      await scene.say('m2', {}, later(850));
      assert.deepEqual(await scene.judge(0, { epoch: 2 }), { kind: 'not_yet', at: later(850 + RESPONSE) });
      assert.deepEqual(await scene.watched(), []);
    });

    it('ESC-6 only reminds who has answered before: a thank-you takes the conversation from nobody', async () => {
      const scene = await waiting();
      await scene.member();
      await scene.command('take_over');
      await scene.answer(later(10));
      await scene.say('thanks', {}, later(20));
      assert.deepEqual(await scene.judge(0, { epoch: 2, seq: 4 }, 2_000), { kind: 'reminded' });
      assert.deepEqual(await scene.judge(1, { epoch: 2, seq: 4 }, 9_000), over);
      assert.equal((await scene.conversation()).operator_id, scene.caller.keyId);
    });

    it('ESC-6 counts the call of a person as unanswered also where somebody took it over and said nothing', async () => {
      const scene = await waiting();
      await scene.escalate();
      await scene.fence(1);
      await scene.command('take_over', later(60));
      assert.deepEqual(await scene.judge(0, { epoch: 2, since: later(60) }, 60 + RESPONSE), {
        kind: 'reminded',
      });
      await scene.answer(later(970));
      assert.deepEqual(await scene.judge(1, { epoch: 2, since: later(960) }, 1_900), over);
    });

    it('ESC-6 waits for nobody where the agent has answered', async () => {
      const scene = await waiting();
      await scene.reply(1, 'The answer');
      await scene.fence(1);
      await scene.command('take_over', later(60));
      assert.deepEqual(await scene.judge(0, { epoch: 2 }, 5_000), over);
      assert.equal(await scene.standing(), null);
    });

    it('ESC-6 stops where it was handed back, resolved, or given to somebody else', async () => {
      for (const change of ['hand_back', 'resolve', 'assign'] as const) {
        const scene = await waiting();
        await scene.escalate();
        await scene.command('take_over');
        if (change === 'assign') await scene.assign(await scene.member());
        else await scene.command(change);
        assert.deepEqual(await scene.judge(0, { epoch: 2 }), left);
        assert.deepEqual(await scene.judge(2, { epoch: 1 }), left);
        assert.deepEqual(await scene.watched(), []);
      }
    });

    it('ESC-6 lets either the answer or the stage win, whichever commits first', async () => {
      const count = { answered: 0, rerouted: 0 };
      const scenes = await Promise.all(Array.from({ length: 16 }, () => waiting()));
      await Promise.all(
        scenes.map(async (scene) => {
          const [first, second] = [await scene.member(), await scene.member()];
          await scene.assign(first);
          const [verdict, reply] = await Promise.all([scene.judge(1, { epoch: 2 }), scene.answer(later(1))]);
          const { operator_id } = await scene.conversation();
          if (verdict.kind === 'rerouted') {
            count.rerouted++;
            assert.equal(operator_id, second);
          } else {
            count.answered++;
            assert.deepEqual([verdict, operator_id, reply.kind], [over, first, 'done']);
          }
        }),
      );
      assert.equal(count.answered + count.rerouted, 16);
    });
  });

  describe('to give it to somebody else', () => {
    it('ESC-6 takes the next of the division who is there, once, and goes on in the epoch it made', async () => {
      const scene = await waiting();
      const division = await scene.division();
      const outside = await scene.member();
      const first = await scene.member({ division });
      await scene.queue(division);
      assert.equal((await scene.conversation()).operator_id, first);
      const second = await scene.member({ division });
      const rerouted = { kind: 'rerouted', epoch: 3, assignee: second };
      const all = await Promise.all(Array.from({ length: 6 }, () => scene.judge(1, { epoch: 2 })));
      for (const verdict of all) assert.deepEqual(verdict, rerouted);
      const { owner, epoch, operator_id, division_id } = await scene.conversation();
      assert.deepEqual([owner, epoch, operator_id, division_id], ['operator', 3, second, division]);
      assert.deepEqual(
        (await scene.watched()).map(([name, { from, assignee, division_id }]) => [
          name,
          from,
          assignee,
          division_id,
        ]),
        [['human_rerouted', first, second, division]],
      );
      assert.equal((await scene.judge(2, { epoch: 2 })).kind, 'offered');
      assert.notEqual(operator_id, outside);
    });

    it('ESC-6 takes whoever is there where nobody else of the division is', async () => {
      const scene = await waiting();
      const division = await scene.division();
      await scene.queue(division);
      const outside = await scene.member();
      assert.deepEqual(await scene.judge(1, { epoch: 2 }), {
        kind: 'rerouted',
        epoch: 3,
        assignee: outside,
      });
      assert.equal((await scene.conversation()).queued_at, null);
    });

    it('ESC-6 gives the call of a person to a member who is there, but not to the one who was called', async () => {
      const scene = await waiting({ escalationAssignee: 'U012ABCDEF' });
      const member = await scene.member();
      await scene.escalate();
      assert.deepEqual(await scene.judge(1), { kind: 'rerouted', epoch: 2, assignee: member });
      const other = await waiting();
      const boss = await other.member();
      await other.look('update agents set settings = settings || $1::jsonb', [
        JSON.stringify({ escalationAssignee: boss }),
      ]);
      await other.escalate();
      assert.deepEqual(await other.judge(1), { kind: 'reminded' });
    });

    it('ESC-6 reminds again where there is nobody else', async () => {
      const scene = await waiting();
      const only = await scene.member();
      await scene.member({ online: false });
      await scene.assign(only);
      assert.deepEqual(await scene.judge(1, { epoch: 2 }), { kind: 'reminded' });
      const [, properties] = (await scene.watched())[0] ?? [];
      assert.deepEqual([properties?.['nobody_else'], properties?.['assignee']], [true, only]);
      assert.equal((await scene.conversation()).epoch, 2);
    });
  });

  describe('to offer the agent', () => {
    it('ESC-6 gives it back with a notice that passes the fence, once, and tells all', async () => {
      const scene = await waiting({ escalationNotices: { offer: 'Shall I?' } as never });
      await scene.escalate();
      const offered = { kind: 'offered', epoch: 2, cause: 'notice:offer:2' };
      const all = await Promise.all(Array.from({ length: 6 }, () => scene.judge(2)));
      for (const verdict of all) assert.deepEqual(verdict, offered);
      const { owner, epoch, operator_id } = await scene.conversation();
      assert.deepEqual([owner, epoch, operator_id], ['agent', 2, null]);
      assert.deepEqual(await scene.notices(), [
        { cause: 'notice:offer:2', kind: 'notice', text: 'Shall I?', epoch: 2, state: 'planned' },
      ]);
      const fence = { regroup: false, now: later(3_000), holdMs: 5_000 };
      assert.equal((await scene.ledger.passFence(scene.ref, 'notice:offer:2', fence)).kind, 'ready');
      assert.deepEqual(
        (await scene.watched()).map(([name]) => name),
        ['human_unanswered'],
      );
      const audit = await scene.look(`select detail from audit where action = 'conversation.hand_back'`);
      assert.deepEqual(audit, [{ detail: { epoch: 2, unanswered: true } }]);
    });

    it('ESC-6 tells the turns behind it when the agent went on, so that old reasons count no more', async () => {
      const scene = await waiting();
      await scene.escalate();
      await scene.judge(2);
      await scene.say('m2', {}, later(3_000));
      const taken = await scene.transcript.take(scene.ref, 2, later(3_000));
      assert.ok(taken.kind === 'taken');
      assert.deepEqual(taken.wentOn, { at: later(3 * RESPONSE), turn: 1 });
    });
  });

  describe('in a new run', () => {
    it('ESC-6 stands where it stood: at its first stage, behind a reminder, behind a re-route, and nowhere', async () => {
      const scene = await waiting();
      const member = await scene.member();
      assert.equal(await scene.standing(), null, 'the agent has it');
      await scene.escalate();
      const fresh = { epoch: 1, seq: 1, stage: 0, since: NOW, ownEpoch: null };
      assert.deepEqual(await scene.standing(), fresh);
      await scene.judge(0);
      assert.deepEqual(await scene.standing(), { ...fresh, stage: 1, since: later(RESPONSE) });
      assert.deepEqual(await scene.judge(1), { kind: 'rerouted', epoch: 2, assignee: member });
      const rerouted = { ...fresh, stage: 2, since: later(2 * RESPONSE), ownEpoch: 2 };
      assert.deepEqual(await scene.standing(), rerouted);
      await scene.answer(later(2_000));
      assert.equal(await scene.standing(), null);
      await scene.say('m2', {}, later(2_100));
      assert.deepEqual([(await scene.standing())?.stage, (await scene.standing())?.since], [0, later(2_100)]);
      await scene.command('hand_back', later(2_200));
      assert.equal(await scene.standing(), null);
    });
  });
});
