import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { openEscalations } from '../../adapters/postgres/escalations.ts';
import { openReaders } from '../../adapters/postgres/readers.ts';
import { openScene } from './actions.ts';
import { later, NOW, openInstallation } from './installation.ts';

const WHY = { turn: 1, rule: 'money', reason: 'It is about money', assignee: 'U012ABCDEF' };

describe('escalations in the store', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** A conversation whose first turn has planned its notice. */
  async function noticed(settings: Record<string, unknown> = {}) {
    const scene = await openScene(pool, 'generic', settings);
    const outboundId = await scene.reply(1, 'A person comes');
    const escalations = openEscalations(pool);
    const { conversationId } = scene.ref;
    return {
      ...scene,
      escalations,
      outboundId,
      escalate: (why: Partial<typeof WHY> = {}, now = NOW) =>
        escalations.escalate(scene.ref, { ...WHY, ...why }, now),
      command: (what: 'take_over' | 'hand_back' | 'resolve', now = NOW) =>
        scene.inbox.command(scene.caller, conversationId, what, now),
      status: async () => (await openReaders(pool).conversation(scene.caller, conversationId))?.status,
      escalated: async () =>
        (await scene.events()).filter(
          ([name]) => name.startsWith('escalation') || name === 'conversation_escalated',
        ),
      audited: () =>
        scene.look(`select actor, subject, detail from audit where action = 'conversation.escalated'`),
    };
  }

  it('ESC-2 (ESC Task 1.2) marks the conversation, with one audit entry and one event, none of which holds words', async () => {
    const scene = await noticed();
    assert.deepEqual(await scene.escalate(), { escalatedAt: NOW, epoch: 1, told: false });
    assert.equal(await scene.status(), 'escalated');
    const { agentId } = scene.integration;
    const entry = {
      actor: `agent:${agentId}`,
      subject: scene.ref.conversationId,
      detail: { rule: 'money', turn: 1, epoch: 1 },
    };
    assert.deepEqual(await scene.audited(), [entry]);
    assert.deepEqual(await scene.escalated(), [
      ['conversation_escalated', { rule: 'money', turn: 1, agent_id: agentId, assignee: 'U012ABCDEF' }],
    ]);
  });

  it('ESC-2 marks it once, however often it is told, and at once', async () => {
    const scene = await noticed();
    const all = await Promise.all(Array.from({ length: 6 }, (_, n) => scene.escalate({}, later(n))));
    assert.equal(new Set(all.map((escalated) => escalated?.escalatedAt.getTime())).size, 1);
    assert.equal((await scene.audited()).length, 1);
    assert.equal((await scene.escalated()).length, 1);
  });

  it('ESC-5 calls nobody where a person has it, or it is over', async () => {
    for (const what of ['take_over', 'resolve'] as const) {
      const scene = await noticed();
      await scene.command(what);
      assert.equal(await scene.escalate(), null);
      assert.deepEqual(await scene.escalated(), []);
    }
  });

  it('ESC-6 knows who took it over after the customer heard of a call, and of nobody else', async () => {
    const scene = await noticed();
    const since = () => scene.escalations.takenOverSince(scene.ref, 1);
    assert.equal(await since(), null);
    await scene.command('take_over');
    assert.equal(await since(), 1);
    assert.equal(await scene.escalations.takenOverSince(scene.ref, 2), null);
    await scene.command('hand_back');
    assert.equal(await since(), null);
    await scene.command('take_over');
    await scene.command('resolve');
    assert.equal(await since(), null);
  });

  it('ESC-5 calls nobody where a person had it since the notice was planned', async () => {
    const scene = await noticed();
    await scene.command('take_over');
    await scene.command('hand_back');
    assert.equal(await scene.escalate(), null);
    assert.equal(await scene.status(), 'active');
  });

  it('ESC-5 is no longer escalated once somebody took it, handed it back, or resolved it', async () => {
    const scene = await noticed();
    await scene.escalate();
    await scene.command('take_over');
    assert.equal(await scene.status(), 'assigned');
    await scene.command('hand_back');
    assert.equal(await scene.status(), 'active');
    const other = await noticed();
    await other.escalate();
    await other.command('resolve');
    assert.equal(await other.status(), 'resolved');
  });

  it('ESC-2 tells by an event that nobody is named to be called', async () => {
    const scene = await noticed();
    await scene.escalations.noteNobody(scene.ref, { turn: 1, rule: 'money' }, NOW);
    assert.deepEqual(await scene.escalated(), [['escalation_without_assignee', { rule: 'money', turn: 1 }]]);
    assert.equal(await scene.status(), 'active');
  });

  it('ESC-3 lets a notice out once in each quiet period, which the calling begins', async () => {
    const scene = await noticed();
    await scene.escalate();
    const due = (at: number) => scene.escalations.noticeDue(scene.ref, 60_000, later(at));
    assert.equal(await due(59), false);
    assert.equal(await due(60), true);
    assert.equal(await due(119), false);
    const both = await Promise.all([due(121), due(121)]);
    assert.deepEqual(both.sort(), [false, true]);
  });

  it('ESC-7 knows whether anybody who answers is online, in this organisation', async () => {
    const scene = await noticed();
    const { organisationId } = scene.ref;
    const other = await noticed();
    await other.member();
    await scene.member({ online: false });
    await scene.member({ role: 'viewer' });
    assert.equal(await scene.escalations.anyoneOnline(organisationId), false);
    await scene.member();
    assert.equal(await scene.escalations.anyoneOnline(organisationId), true);
  });

  it('ESC-6 knows in Slack whom the agent calls and who has it, where those are members it knows', async () => {
    const scene = await noticed();
    const [called, holder] = [await scene.member(), await scene.member()];
    const whom = async () => {
      const briefing = await scene.escalations.briefing(scene.ref);
      return [briefing?.assignee, briefing?.holder];
    };
    await scene.look('update agents set settings = settings || $1::jsonb', [
      JSON.stringify({ escalationAssignee: called }),
    ]);
    assert.deepEqual(await whom(), [null, null]);
    for (const [id, user] of [
      [called, 'UCALLED'],
      [holder, 'UHOLDER'],
    ])
      await scene.look('update members set slack_user_id = $2 where id = $1', [id, user]);
    assert.deepEqual(await whom(), ['UCALLED', null]);
    const given = { type: 'agent' as const, operatorId: holder };
    await scene.inbox.assign(scene.caller, scene.ref.conversationId, given, NOW);
    assert.deepEqual(await whom(), ['UCALLED', 'UHOLDER']);
    await scene.look('update members set deleted_at = $1', [NOW]);
    assert.deepEqual(await whom(), [null, null]);
  });

  it('ESC-2 briefs with the reason and the last ten messages that were really said, oldest first', async () => {
    const scene = await noticed({ escalationAssignee: 'U0ADI' });
    await scene.escalate();
    const before = await scene.escalations.briefing(scene.ref);
    assert.deepEqual(before, {
      reason: 'It is about money',
      customerName: null,
      channel: 'generic',
      holder: null,
      assignee: 'U0ADI',
      recent: [{ from: 'customer', text: 'm1' }],
    });
    assert.equal((await scene.fence(1)).kind, 'ready');
    const sent = { kind: 'sent' as const, providerMessageId: null };
    await scene.ledger.record(scene.ref, scene.outboundId, sent, later(1));
    for (let n = 2; n <= 11; n++) await scene.say(`m${n}`, {}, later(n));
    const recent = (await scene.escalations.briefing(scene.ref))?.recent ?? [];
    assert.deepEqual(
      recent.map(({ text }) => text),
      Array.from({ length: 10 }, (_, n) => `m${n + 2}`),
    );
    const stranger = { ...scene.ref, organisationId: (await noticed()).ref.organisationId };
    assert.equal(await scene.escalations.briefing(stranger), null);
  });
});
