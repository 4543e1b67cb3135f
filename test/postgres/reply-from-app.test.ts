import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { InboundMessage, MessageContent } from '../../domain/message.ts';
import { openScene } from './actions.ts';
import { later, NOW, openInstallation } from './installation.ts';

describe("a reply from the provider's own app", () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** A customer of WhatsApp who wrote m1, and the person's answers in the app. */
  async function opened() {
    const scene = await openScene(pool, 'whatsapp');
    await scene.look(`update conversations set room = contact_id::text`);
    const content = (text: string): MessageContent => ({ kind: 'text', text });
    const heard = (more: Partial<InboundMessage> = {}, now = later(60)) =>
      scene.inbox.replyFromApp(
        scene.integration,
        {
          providerMessageId: randomUUID(),
          room: null,
          customer: { ids: ['c'] },
          sentAt: null,
          content: content('On my way'),
          ...more,
        },
        now,
      );
    return {
      ...scene,
      heard,
      kinds: async (replies: ReturnType<typeof heard>) => (await replies).map(({ row }) => row.kind),
      sent: () =>
        scene.look<Record<string, unknown>>(
          `select kind, text, body, state, epoch, answers_seq, planned_at from outbound order by planned_at, epoch`,
        ),
    };
  }

  it('ESC-5 is on the transcript as sent, and takes the conversation over from the agent', async () => {
    const scene = await opened();
    const planned = await scene.reply(1, 'The answer of the agent');
    const signals = await scene.heard({ sentAt: later(30) });
    assert.deepEqual(
      signals.map(({ row, ref }) => [row.kind, row.seq, row.epoch, row.assignee, ref]),
      [
        ['take_over', 2, 2, null, scene.ref],
        ['reply', 3, 2, undefined, scene.ref],
      ],
    );
    const { owner, epoch, operator_id, queued_at } = await scene.conversation();
    assert.deepEqual([owner, epoch, operator_id, queued_at], ['operator', 2, null, null]);
    const [, reply] = await scene.sent();
    assert.deepEqual(reply, {
      kind: 'operator',
      text: 'On my way',
      body: null,
      state: 'sent',
      epoch: 2,
      answers_seq: 1,
      planned_at: later(30.999),
    });
    assert.deepEqual(await scene.fence(1), { kind: 'refused', reason: 'owner' });
    assert.equal(await scene.state(planned), 'refused');
    const audit = await scene.look('select actor, action from audit order by number');
    assert.deepEqual(audit, [
      { actor: 'app:whatsapp', action: 'conversation.take_over' },
      { actor: 'app:whatsapp', action: 'conversation.reply' },
    ]);
  });

  it('ESC-5 changes no hands where a person has it, and takes it out of a queue', async () => {
    const scene = await opened();
    await scene.inbox.command(scene.caller, scene.ref.conversationId, 'take_over', NOW);
    assert.deepEqual(await scene.kinds(scene.heard()), ['reply']);
    const { epoch, operator_id } = await scene.conversation();
    assert.deepEqual([epoch, operator_id], [2, scene.caller.keyId]);
    await scene.inbox.assign(scene.caller, scene.ref.conversationId, { type: 'auto' }, NOW);
    assert.notEqual((await scene.conversation()).queued_at, null);
    assert.deepEqual(await scene.kinds(scene.heard()), ['take_over', 'reply']);
    assert.equal((await scene.conversation()).queued_at, null);
  });

  it('CONV-1 stores a message that is delivered many times at once a single time', async () => {
    const scene = await opened();
    const providerMessageId = 'wamid.once';
    const all = await Promise.all(Array.from({ length: 8 }, () => scene.heard({ providerMessageId })));
    assert.equal(all.flat().length, 2);
    assert.equal((await scene.sent()).length, 1);
    assert.deepEqual(await scene.heard({ providerMessageId }), []);
  });

  it('CHAN-5 takes no echo of our own messages for a person', async () => {
    const scene = await opened();
    const id = await scene.reply(1, 'The answer of the agent');
    await scene.fence(1);
    await scene.ledger.record(scene.ref, id, { kind: 'sent', providerMessageId: 'wamid.ours' }, NOW);
    assert.deepEqual(await scene.heard({ providerMessageId: 'wamid.ours' }), []);
    assert.equal((await scene.conversation()).owner, 'agent');
  });

  it('CHAN-7 keeps what is no text as what it is', async () => {
    const scene = await opened();
    const image: MessageContent = { kind: 'image', mediaId: '7', caption: 'Here' };
    await scene.heard({ content: image });
    const [reply] = await scene.sent();
    assert.deepEqual([reply?.['text'], reply?.['body']], ['[image] Here', image]);
  });

  it('CHAN-4 follows the statuses of what the person sent', async () => {
    const scene = await opened();
    await scene.heard({ providerMessageId: 'wamid.theirs' });
    const status = { providerMessageId: 'wamid.theirs', outboundId: null, at: later(61), code: null };
    await scene.inbox.applyStatuses(scene.integration, [{ ...status, state: 'read' }], later(61));
    assert.equal((await scene.sent())[0]?.['state'], 'read');
  });

  it('ESC-5 gives a customer who is not known yet a conversation that is the person’s, without a turn', async () => {
    const scene = await opened();
    const known = { ids: ['stranger'], phone: '+62811' };
    const all = await Promise.all(Array.from({ length: 4 }, () => scene.heard({ customer: known })));
    const conversations = new Set(all.flat().map(({ ref }) => ref.conversationId));
    assert.equal(conversations.size, 1);
    const [conversation] = conversations;
    assert.notEqual(conversation, scene.ref.conversationId);
    const rows = await scene.look(
      `select c.owner, c.last_message_seq, k.phone from conversations c join contacts k on k.id = c.contact_id
       where c.id = $1`,
      [conversation],
    );
    assert.deepEqual(rows, [{ owner: 'operator', last_message_seq: 0, phone: '+62811' }]);
    const theirs = await scene.say('hello', { room: null, customer: { ids: ['stranger'] } }, later(70));
    assert.equal(theirs.conversationId, conversation);
    const taken = await scene.transcript.take({ ...scene.ref, conversationId: conversation ?? '' }, 1, NOW);
    assert.deepEqual([taken.kind, taken.kind === 'nothing' && taken.owner], ['nothing', 'operator']);
  });

  it('CONV-7 opens a resolved conversation again as the person’s', async () => {
    const scene = await opened();
    await scene.inbox.command(scene.caller, scene.ref.conversationId, 'resolve', NOW);
    assert.deepEqual(await scene.kinds(scene.heard()), ['take_over', 'reply']);
    const { status, owner, epoch } = await scene.conversation();
    assert.deepEqual([status, owner, epoch], ['open', 'operator', 3]);
  });

  describe('in a thread on Slack', () => {
    const THREAD = 'T1:C1:1.1';

    /** A customer's thread, and a member whom Slack knows as UMEMBER. */
    async function thread() {
      const scene = await openScene(pool, 'slack');
      await scene.look('update conversations set room = $1', [THREAD]);
      const member = await scene.member({ role: 'operator' });
      await scene.look(`update members set slack_user_id = 'UMEMBER'`);
      const wrote = (more: Partial<InboundMessage> = {}) =>
        scene.inbox.replyOfMember(
          scene.integration,
          {
            providerMessageId: randomUUID(),
            room: THREAD,
            customer: { ids: ['UMEMBER'], name: 'Olga' },
            sentAt: later(30.5),
            content: { kind: 'text', text: 'I am here' },
            ...more,
          },
          later(60),
        );
      return { ...scene, wrote, member };
    }

    it('ESC-5 takes the conversation over for the member who answers a customer there, once', async () => {
      const scene = await thread();
      const providerMessageId = 'T1:Ev1';
      const all = await Promise.all(Array.from({ length: 4 }, () => scene.wrote({ providerMessageId })));
      const signals = all.flat().map((signal) => [signal?.row.kind, signal?.row.assignee]);
      assert.deepEqual(signals, [
        ['take_over', scene.member],
        ['reply', undefined],
      ]);
      const { owner, operator_id } = await scene.conversation();
      assert.deepEqual([owner, operator_id], ['operator', scene.member]);
      const [reply] = await scene.look('select kind, text, state, planned_at from outbound');
      const sent = { kind: 'operator', text: 'I am here', state: 'sent', planned_at: later(30.5) };
      assert.deepEqual(reply, sent);
      const actors = await scene.look('select distinct actor from audit');
      assert.deepEqual(actors, [{ actor: `member:${scene.member}` }]);
      assert.deepEqual(await scene.look('select name from contacts'), [{ name: null }]);
    });

    it('ESC-5 takes nobody else for a member: a stranger, who has left, or a member in a thread of their own', async () => {
      const scene = await thread();
      assert.equal(await scene.wrote({ customer: { ids: ['USTRANGER'] } }), null);
      assert.equal(await scene.wrote({ room: 'T1:C1:2.2' }), null);
      await scene.say('mine', { room: 'T1:C1:3.3', customer: { ids: ['UMEMBER'] } });
      assert.equal(await scene.wrote({ room: 'T1:C1:3.3' }), null);
      await scene.look('update members set deleted_at = $1', [later(1)]);
      assert.equal(await scene.wrote(), null);
      assert.equal((await scene.look(`select id from outbound`)).length, 0);
    });

    it('TEN-2 lets no member answer a customer there who may not by any other way', async () => {
      const scene = await thread();
      for (const role of ['viewer', 'builder']) {
        await scene.look('update members set role = $1', [role]);
        assert.equal(await scene.wrote(), null, role);
      }
      assert.equal((await scene.conversation()).owner, 'agent');
      await scene.look(`update members set role = 'admin'`);
      assert.equal((await scene.wrote())?.length, 2);
    });
  });
});
