import { strict as assert } from 'node:assert';
import { asyncLocalStorage } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import type pg from 'pg';
import { makeComposeReply } from '../../activities/compose-reply.ts';
import { makePlanFallback } from '../../activities/plan-fallback.ts';
import { makePlanOutcome } from '../../activities/plan-outcome.ts';
import type { ActivityPorts, SendOutcome } from '../../activities/ports.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import { openScene } from './actions.ts';
import type { Scene } from './actions.ts';
import { NOW, openInstallation } from './installation.ts';

const ORDER = {
  turn: 1,
  round: 0,
  step: 1,
  lastStep: false,
  mayStartOver: true,
  sendsAtOnce: true,
  coreIntent: null,
  wantsHuman: false,
  understood: false,
  declined: null,
  asking: null,
};
const HEARD = { coreIntent: null, wantsHuman: false };
const CALLED = {
  escalationAssignee: 'U02ABC9XYZ',
  escalationRules: [{ name: 'always', condition: 'turn >= 0' }],
};

describe('a reply that is sent where it is composed', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('CHAN-5 says what came of it, and settles what it answers', async () => {
    const scene = await openScene(pool);
    const world = worldOf(scene);
    assert.deepEqual(sentOf(await world.compose()), { kind: 'sent', answersSeq: 1 });
    assert.deepEqual(await replies(scene), [['sent', 'Hello.']]);
    assert.deepEqual(await scene.messages(), [[1, 1, 'answered']]);
  });

  it('CHAN-3 stays planned where something has to come before it', async () => {
    const scene = await openScene(pool);
    const world = worldOf(scene);
    assert.equal(sentOf(await world.compose({ sendsAtOnce: false })), undefined);
    assert.deepEqual(await replies(scene), [['planned', 'Hello.']]);
    assert.equal(world.calls.channel, 0);
  });

  it('CONV-4 is not sent where the customer wrote while the model thought, save where it may not start over', async () => {
    for (const [mayStartOver, sent] of [
      [true, { kind: 'refused', reason: 'newer_message' }],
      [false, { kind: 'sent', answersSeq: 1 }],
    ] as const) {
      const scene = await openScene(pool);
      const world = worldOf(scene, { meanwhile: () => scene.say('wait') });
      assert.deepEqual(sentOf(await world.compose({ mayStartOver })), sent);
    }
  });

  it('ESC-5 is not sent where a person took over while the model thought', async () => {
    const scene = await openScene(pool);
    const world = worldOf(scene, { meanwhile: () => takeOver(scene) });
    assert.deepEqual(sentOf(await world.compose()), { kind: 'refused', reason: 'owner' });
    assert.deepEqual(await replies(scene), [['refused', 'Hello.']]);
  });

  it('CHAN-5 is the workflow’s to try again where the channel says so', async () => {
    const scene = await openScene(pool);
    const answer = { kind: 'try_again' as const, afterMs: 7, code: 'http_429', mayHaveArrived: false };
    const verdict = await worldOf(scene, { answer }).compose();
    assert.deepEqual(sentOf(verdict), { kind: 'try_again', afterMs: 7, code: 'http_429' });
    assert.deepEqual(await replies(scene), [['planned', 'Hello.']]);
  });

  it('CONV-5 is not sent by a run that Temporal has given up', async () => {
    const scene = await openScene(pool);
    const world = worldOf(scene, { meanwhile: () => Promise.resolve(world.giveUp()) });
    assert.equal(sentOf(await world.compose()), undefined);
    assert.deepEqual([await replies(scene), world.calls.channel], [[['planned', 'Hello.']], 0]);
  });

  it('CHAN-5 gives way to the reply of another run of the step that was quicker, with its own reply or a notice', async () => {
    for (const settings of [{}, CALLED]) {
      const scene = await openScene(pool, 'generic', settings);
      const quicker = async () => {
        await scene.reply(1, 'Hello, too.');
        await scene.fence(1);
      };
      const world = worldOf(scene, { meanwhile: quicker });
      const verdict = await world.compose();
      assert.deepEqual([sentOf(verdict), world.calls.channel], [undefined, 0]);
      assert.equal(verdict.kind === 'planned' && verdict.escalates, undefined);
      assert.deepEqual(await replies(scene), [['sending', 'Hello, too.']]);
    }
  });

  describe('by a worker that died before the workflow heard of it', () => {
    it('CHAN-5 is neither composed nor sent again, and still followed by what follows a reply', async () => {
      const scene = await openScene(pool, 'generic', CALLED);
      const world = worldOf(scene);
      await world.compose();
      await scene.say('and another thing');
      const again = await world.compose();
      assert.deepEqual([world.calls.model, world.calls.channel], [1, 1]);
      assert.ok(again.kind === 'planned');
      assert.deepEqual([again.answersSeq, again.escalates, again.sent], [1, 'always', undefined]);
      assert.deepEqual(await scene.messages(), [
        [1, 1, 'answered'],
        [2, null, null],
      ]);
    });

    it('ESC-6 is followed by what follows it also where a person has come since', async () => {
      const scene = await openScene(pool, 'generic', CALLED);
      const world = worldOf(scene);
      await world.compose();
      await takeOver(scene);
      const again = await world.compose();
      assert.deepEqual(again.kind === 'planned' && [again.answersSeq, again.escalates], [1, 'always']);
    });

    it('CHAN-5 is not left on the wire where the worker died in the call, and a person came', async () => {
      const scene = await openScene(pool);
      await scene.reply(1, 'Hello.');
      await scene.fence(1);
      const image = { content: { kind: 'image' as const, mediaId: 'i' } };
      const { messageId } = await scene.say('', image);
      await takeOver(scene);
      const again = await worldOf(scene).compose();
      // The fence is asked by what sends it again, and says that nobody knows.
      assert.deepEqual(again.kind === 'planned' && [again.answersSeq, again.media], [1, [messageId]]);
      assert.equal((await scene.fence(1)).kind, 'unknown');
    });

    for (const [how, commands, reason] of [
      ['took over', ['take_over'], 'owner'],
      ['resolved it', ['resolve'], 'resolved'],
      ['took over and handed back', ['take_over', 'hand_back'], 'epoch'],
    ] as const)
      it(`ESC-5 is refused where it was only planned, and a person ${how} before anybody asked the fence`, async () => {
        const scene = await openScene(pool);
        await scene.reply(1, 'Hello.');
        for (const what of commands)
          await scene.inbox.command(scene.caller, scene.ref.conversationId, what, NOW);
        assert.equal((await worldOf(scene).compose()).kind, 'nothing');
        const [row] = await scene.look('select state, failure_code from outbound');
        assert.deepEqual(row, { state: 'refused', failure_code: reason });
      });

    it('CONV-5 is no turn that fell back, however often the worker died over it', async () => {
      for (const isRecorded of [true, false]) {
        const scene = await openScene(pool);
        const world = worldOf(scene);
        const id = await scene.reply(1, 'Shall I?');
        const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
        await scene.fence(1);
        if (isRecorded) await scene.ledger.record(scene.ref, id, SENT, NOW);
        const order = { ...scene.ref, turn: 1, code: 'MODEL_UNAVAILABLE', callsUnderWay: [] };
        const fallback = await makePlanFallback(world.ports)(order);
        assert.equal(fallback.kind === 'planned' && fallback.answersSeq, 1);
        assert.deepEqual(world.events, []);
        assert.deepEqual(await replies(scene), [[isRecorded ? 'sent' : 'sending', 'Shall I?']]);
        // The workflow does not know that it was asked: a later yes is not to find it.
        const question = await scene.calls.read(scene.refOf(asked));
        assert.deepEqual([question?.state, question?.reason], ['cancelled', 'turn_failed']);
      }
    });

    it('ESC-1 is judged by what it answered, where it told of an outcome', async () => {
      const scene = await openScene(pool, 'generic', CALLED);
      const call = await scene.planOne({ externalAction: await scene.externalAction() }, { step: 0 });
      const order = { ...scene.ref, turn: 1, callId: call.id, underWay: false, heard: HEARD };
      const id = await scene.reply(1, 'It is done.');
      await scene.fence(1);
      await scene.ledger.record(scene.ref, id, SENT, NOW);
      await scene.look("update outbound set escalates = 'the one that held'");
      const again = await makePlanOutcome(worldOf(scene).ports)(order);
      assert.equal(again.kind === 'planned' && again.escalates, 'the one that held');
    });
  });
});

type Verdict = Awaited<ReturnType<ReturnType<typeof makeComposeReply>>>;

function sentOf(verdict: Verdict) {
  assert.ok(verdict.kind === 'planned', verdict.kind);
  return verdict.sent;
}

function takeOver(scene: Scene): Promise<unknown> {
  return scene.inbox.command(scene.caller, scene.ref.conversationId, 'take_over', NOW);
}

async function replies(scene: Scene): Promise<[string, string][]> {
  const rows = await scene.look<{ state: string; text: string }>('select state, text from outbound');
  return rows.map(({ state, text }) => [state, text]);
}

const SENT: SendOutcome = { kind: 'sent', providerMessageId: null };

/** The stores are real; the model greets, and `meanwhile` happens as it does. */
function worldOf(
  scene: Scene,
  { answer = SENT, meanwhile }: { answer?: SendOutcome; meanwhile?: () => Promise<unknown> } = {},
) {
  const calls = { model: 0, channel: 0 };
  const events: string[] = [];
  const usage = { finishReason: 'stop', model: 'm', inputTokens: 1, outputTokens: 1 };
  const ports = {
    calls: scene.calls,
    ledger: scene.ledger,
    transcript: scene.transcript,
    clock: { now: () => NOW },
    failpoint: () => undefined,
    externalActions: { version: () => Promise.resolve(DEFAULT_EXTERNAL_ACTION) },
    escalations: { anyoneOnline: () => Promise.resolve(true) },
    events: { record: (_ref: object, name: string) => Promise.resolve(void events.push(name)) },
    model: {
      complete: async () => {
        calls.model++;
        await meanwhile?.();
        return { text: 'Hello.', toolCalls: [], ...usage };
      },
    },
    channels: {
      send: () => {
        calls.channel++;
        return Promise.resolve(answer);
      },
    },
  } as unknown as ActivityPorts;
  const givenUp = new AbortController();
  const context = {
    cancellationSignal: givenUp.signal,
    heartbeat: () => undefined,
    info: { attempt: 1 },
  } as unknown as Context;
  const compose = (order: Partial<typeof ORDER> = {}) =>
    asyncLocalStorage.run(context, () => makeComposeReply(ports)({ ...scene.ref, ...ORDER, ...order }));
  return { ports, calls, events, compose, giveUp: () => givenUp.abort() };
}
