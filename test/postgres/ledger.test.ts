import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { SendOutcome } from '../../activities/ports.ts';
import { asOrganisation, statementCount } from '../../adapters/postgres/as-organisation.ts';
import { until } from '../../dev/until.ts';
import { NOW, later, openInstallation, openRoom } from './installation.ts';

const SENT: SendOutcome = { kind: 'sent', providerMessageId: null };

describe('the send ledger', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  describe('planning', () => {
    it('CHAN-5 replaces the words of a reply that was never sent, and of no other', async () => {
      const room = await openRoom(pool);
      const plan = (text: string, answersSeq = 1) =>
        room.transcript.plan(
          room.ref,
          { turn: 1, cause: 'turn:1', kind: 'reply', text, epoch: 1, answersSeq, inReplyTo: ['x'] },
          null,
          NOW,
        );
      const text = async () => (await room.look<{ text: string }>('select text from outbound'))[0]?.text;
      const id = await room.reply(1, 'first');
      await room.say('m2');
      await plan('second', 2);
      assert.equal(await text(), 'second');
      await plan('of a late retry that knew less', 1);
      assert.equal(await text(), 'second');
      await room.fence(1);
      await plan('third', 2);
      assert.equal(await text(), 'second');
      await room.ledger.record(room.ref, id, SENT, NOW);
      await plan('fourth', 2);
      assert.equal(await text(), 'second');
    });

    it('CHAN-5 gives new words a new id once the old ones went to the channel', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'first');
      await room.fence(1);
      await room.ledger.record(
        room.ref,
        id,
        { kind: 'try_again', afterMs: null, code: 'http_503', mayHaveArrived: false },
        NOW,
      );
      const again = await room.fence(1);
      assert.equal(again.kind === 'ready' && again.delivery.outboundId, id);
      await room.ledger.record(
        room.ref,
        id,
        { kind: 'try_again', afterMs: null, code: 'http_503', mayHaveArrived: false },
        NOW,
      );
      assert.notEqual(await room.reply(1, 'second'), id);
    });

    it('CONV-5 writes the trace with the reply, NUL bytes and broken surrogates left out', async () => {
      const room = await openRoom(pool);
      const step = {
        turn: 1,
        kind: 'answer' as const,
        model: 'm',
        request: { messages: ['nul \0 here', '\ud800 half'] },
        response: 'literally \\u0000',
        inputTokens: 1,
        outputTokens: 2,
        durationMs: 3.4,
        failure: null,
      };
      const reply = {
        turn: 1,
        cause: 'turn:1',
        kind: 'reply' as const,
        text: 'a\0b',
        epoch: 1,
        answersSeq: 1,
      };
      await room.transcript.plan(room.ref, { ...reply, inReplyTo: [] }, step, NOW);
      const [row] = await room.look<{ request: unknown; response: unknown }>(
        'select request, response from turn_steps',
      );
      assert.deepEqual(row?.request, { messages: ['nul  here', '\ufffd half'] });
      assert.equal(row?.response, 'literally \\u0000');
      assert.equal((await room.look<{ text: string }>('select text from outbound'))[0]?.text, 'ab');
    });
  });

  describe('the fence', () => {
    it('CHAN-5 passes a planned reply once, with all that the channel needs', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      const before = statementCount().statements;
      const verdict = await room.fence(1);
      assert.equal(statementCount().statements - before, 4);
      assert.equal(verdict.kind, 'ready');
      if (verdict.kind !== 'ready') return;
      assert.deepEqual(
        { ...verdict.delivery, inReplyTo: verdict.delivery.inReplyTo.length },
        {
          outboundId: id,
          organisationId: room.ref.organisationId,
          conversationId: room.ref.conversationId,
          channel: 'generic',
          channelIntegrationId: room.integration.id,
          integrationVersion: 1,
          room: 'r',
          contactIds: ['c'],
          kind: 'reply',
          text: 'hello',
          inReplyTo: 1,
          answersSeq: 1,
          plannedAt: NOW,
          attempt: 1,
          repeat: false,
          deadline: later(5),
        },
      );
      assert.equal(await room.state(id), 'sending');
    });

    it('CONV-4 refuses a reply that a newer message overtook, while the turn may start over', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      await room.say('wait, one more thing');
      assert.deepEqual(await room.fence(1, { regroup: true }), { kind: 'refused', reason: 'newer_message' });
      assert.equal(await room.state(id), 'planned');
      assert.equal((await room.fence(1, { regroup: false })).kind, 'ready');
    });

    it('ESC-5 refuses a reply after a take-over, after a hand-back too, and leaves its messages to the person', async () => {
      for (const handBack of [false, true]) {
        const room = await openRoom(pool);
        const id = await room.reply(1, 'hello');
        await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
        if (handBack) await room.inbox.command(room.caller, room.ref.conversationId, 'hand_back', NOW);
        const refused = { kind: 'refused', reason: handBack ? 'epoch' : 'owner' };
        assert.deepEqual(await room.fence(1), refused);
        assert.deepEqual(await room.fence(1), refused);
        assert.equal(await room.state(id), 'refused');
        assert.deepEqual(await room.messages(), [[1, 1, handBack ? 'superseded' : 'operator_has_it']]);
      }
    });

    it('CONV-7 refuses a reply to a resolved conversation', async () => {
      const room = await openRoom(pool);
      await room.reply(1, 'hello');
      await room.inbox.command(room.caller, room.ref.conversationId, 'resolve', NOW);
      assert.deepEqual(await room.fence(1), { kind: 'refused', reason: 'resolved' });
      assert.deepEqual(await room.messages(), [[1, 1, 'resolved']]);
    });

    it('CHAN-5 lets a try that died be repeated where the receiver knows the id, and calls it unknown on WhatsApp', async () => {
      const generic = await openRoom(pool);
      const id = await generic.reply(1, 'hello');
      await generic.fence(1);
      const again = await generic.fence(1, { now: later(60), regroup: true });
      assert.equal(again.kind === 'ready' && again.delivery.attempt, 2);
      assert.equal(again.kind === 'ready' && again.delivery.repeat, true);
      assert.equal(again.kind === 'ready' && again.delivery.outboundId, id);
      assert.deepEqual(again.kind === 'ready' && again.delivery.deadline, later(65));

      const whatsapp = await openRoom(pool, 'whatsapp');
      const outboundId = await whatsapp.reply(1, 'hello');
      await whatsapp.fence(1);
      assert.deepEqual(await whatsapp.fence(1), { kind: 'unknown', outboundId, answersSeq: 1 });
    });

    it('ESC-5 neither repeats nor denies a try that died once a person has the conversation', async () => {
      const room = await openRoom(pool);
      const outboundId = await room.reply(1, 'hello');
      await room.fence(1);
      await room.inbox.command(room.caller, room.ref.conversationId, 'resolve', NOW);
      assert.deepEqual(await room.fence(1), { kind: 'unknown', outboundId, answersSeq: 1 });
      assert.equal(await room.state(outboundId), 'sending');
    });

    for (const kind of ['generic', 'webchat'] as const) {
      it(`CHAN-5 sends the words that stand when it gets to the conversation, on ${kind}`, async () => {
        const room = await openRoom(pool, kind);
        await room.reply(1, 'first');
        const key = [room.ref.organisationId, room.ref.conversationId];
        const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        let fencing: ReturnType<typeof room.fence> | undefined;
        await asOrganisation(pool, room.ref.organisationId, async (tenancy) => {
          const hold = 'select from conversations where organisation_id = $1 and id = $2 for update';
          await tenancy.rows({ name: 'hold', text: hold }, key);
          fencing = room.fence(1);
          assert.ok(await until(async () => (await room.look(waiting)).length > 0, 5_000));
          const replan = `update outbound set text = 'second', planned_at = $3, answers_seq = 2
            where organisation_id = $1 and conversation_id = $2`;
          await tenancy.rows({ name: 'replan', text: replan }, [...key, later(1)]);
        });
        const verdict = await fencing;
        assert.deepEqual(await room.look('select text, attempt from outbound'), [
          { text: 'second', attempt: 1 },
        ]);
        // What the customer of a web chat reads is the row; a channel gets the words from the verdict.
        const passed = verdict?.kind === 'ready' ? verdict.delivery : verdict;
        assert.equal(passed !== undefined && 'answersSeq' in passed && passed.answersSeq, 2);
        if (verdict?.kind === 'ready') assert.equal(verdict.delivery.text, 'second');
      });
    }

    it('CHAN-5 sends web chat by its own commit, with a position, and ends what it answered', async () => {
      const room = await openRoom(pool, 'webchat');
      await room.reply(1, 'hello');
      assert.deepEqual(await room.fence(1), { kind: 'done', state: 'sent', answersSeq: 1 });
      assert.deepEqual(await room.fence(1), { kind: 'done', state: 'sent', answersSeq: 1 });
      assert.deepEqual(await room.messages(), [[1, 1, 'answered']]);
      const positions = await room.look<{ position: number }>('select position from outbound');
      assert.deepEqual(positions, [{ position: 2 }]);
    });

    it('CHAN-5 passes web chat once when two tries come at the same time', async () => {
      const room = await openRoom(pool, 'webchat');
      await room.reply(1, 'hello');
      const verdicts = await Promise.all(Array.from({ length: 10 }, () => room.fence(1)));
      assert.ok(verdicts.every((verdict) => verdict.kind === 'done'));
      assert.deepEqual(await room.look('select attempt from outbound'), [{ attempt: 1 }]);
    });

    it('CHAN-5 knows nothing of what was never planned', async () => {
      const room = await openRoom(pool);
      assert.deepEqual(await room.fence(7), { kind: 'absent' });
    });
  });

  describe('the record', () => {
    const outcomes: [SendOutcome, string, string | null][] = [
      [SENT, 'sent', 'answered'],
      [{ kind: 'failed', code: 'http_400' }, 'failed', 'answer_failed'],
      [{ kind: 'try_again', afterMs: 1000, code: 'http_429', mayHaveArrived: false }, 'planned', null],
      [{ kind: 'try_again', afterMs: 1000, code: 'http_503', mayHaveArrived: true }, 'sending', null],
      [{ kind: 'unknown', code: 'timeout' }, 'sending', null],
    ];
    for (const [outcome, state, reason] of outcomes) {
      it(`CHAN-5 writes ${JSON.stringify(outcome)} and what it means for the messages in three statements`, async () => {
        const room = await openRoom(pool);
        const id = await room.reply(1, 'hello');
        await room.fence(1);
        const before = statementCount().statements;
        await room.ledger.record(room.ref, id, outcome, NOW);
        assert.equal(statementCount().statements - before, 3);
        assert.equal(await room.state(id), state);
        assert.deepEqual(await room.messages(), [[1, 1, reason]]);
      });
    }

    const lateWords: SendOutcome[] = [
      { kind: 'failed', code: 'http_400' },
      { kind: 'try_again', afterMs: null, code: 'http_429', mayHaveArrived: false },
    ];
    for (const outcome of lateWords)
      it(`CHAN-5 hears no late ${outcome.kind} of an attempt that another has followed`, async () => {
        const room = await openRoom(pool);
        const id = await room.reply(1, 'hello');
        await room.fence(1);
        await room.fence(1);
        const standing = outcome.kind === 'failed' ? 'sending' : null;
        assert.equal(await room.ledger.record(room.ref, id, outcome, NOW, 1), standing);
        assert.equal(await room.state(id), 'sending');
        const state = outcome.kind === 'failed' ? 'failed' : 'planned';
        assert.equal(await room.ledger.record(room.ref, id, outcome, NOW, 2), state);
      });

    it('CHAN-5 gives back what the turn took and the reply does not answer', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      await room.say('m2');
      await room.transcript.take(room.ref, 1, NOW);
      await room.fence(1);
      await room.ledger.record(room.ref, id, SENT, NOW);
      assert.deepEqual(await room.messages(), [
        [1, 1, 'answered'],
        [2, null, null],
      ]);
    });

    it('CHAN-4 takes back nothing that a report said first', async () => {
      const room = await openRoom(pool, 'whatsapp');
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      const report = {
        providerMessageId: 'wamid.1',
        outboundId: id,
        state: 'read' as const,
        at: NOW,
        code: null,
      };
      await room.inbox.applyStatuses(room.integration, [report], NOW);
      await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: 'wamid.1' }, NOW);
      assert.equal(await room.state(id), 'read');
    });

    it('CHAN-5 survives a provider that gives two messages one id', async () => {
      const room = await openRoom(pool, 'whatsapp');
      for (const turn of [1, 2]) {
        const id = await room.reply(turn, 'hello');
        await room.fence(turn);
        await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: 'same' }, NOW);
        assert.equal(await room.state(id), 'sent');
        await room.say('more');
      }
    });

    it('CHAN-5 gives up an unknown send once, with an event, and lists it as uncertain', async () => {
      const room = await openRoom(pool, 'whatsapp');
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      assert.equal(await room.ledger.giveUpWaiting(room.ref, id, NOW), 'uncertain');
      assert.equal(await room.ledger.giveUpWaiting(room.ref, id, NOW), 'uncertain');
      assert.deepEqual(await room.messages(), [[1, 1, 'answer_uncertain']]);
      const told = `select name, properties from events where name <> 'conversation_changed'`;
      assert.deepEqual(await room.look(told), [
        { name: 'message_uncertain', properties: { message_id: id } },
      ]);
      await room.ledger.record(room.ref, id, SENT, NOW);
      assert.equal(await room.ledger.giveUpWaiting(room.ref, id, NOW), 'sent');
    });

    it('CHAN-5 calls a send failed that a late word said had never happened', async () => {
      const room = await openRoom(pool, 'whatsapp');
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      await room.ledger.record(
        room.ref,
        id,
        { kind: 'try_again', afterMs: null, code: 'refused', mayHaveArrived: false },
        NOW,
      );
      assert.equal(await room.ledger.giveUpWaiting(room.ref, id, NOW), 'failed');
      assert.deepEqual(await room.messages(), [[1, 1, 'answer_failed']]);
    });

    it('OBS-1 tells of a failed send once, in the transaction that records it', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      const record = () => room.ledger.record(room.ref, id, { kind: 'failed', code: 'http_400' }, NOW);
      await record();
      await record();
      const told = `
        select name, conversation_id, properties, at from events where name <> 'conversation_changed'`;
      assert.deepEqual(await room.look(told), [
        {
          name: 'message_failed',
          conversation_id: room.ref.conversationId,
          properties: { cause: 'turn:1', channel: 'generic', reason: 'http_400' },
          at: NOW,
        },
      ]);
    });

    it('TEN-1 records nothing of a message of another conversation', async () => {
      const room = await openRoom(pool);
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      const other = { ...room.ref, conversationId: randomUUID() };
      await room.ledger.record(other, id, SENT, NOW);
      assert.equal(await room.state(id), 'sending');
    });
  });
});
