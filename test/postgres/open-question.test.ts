import { strict as assert } from 'node:assert';
import { asyncLocalStorage } from '@temporalio/activity';
import type { Context } from '@temporalio/activity';
import type pg from 'pg';
import { makePlanFallback } from '../../activities/plan-fallback.ts';
import type { ActivityPorts, Call } from '../../activities/ports.ts';
import { makeUnderstandMessages } from '../../activities/understand-messages.ts';
import { openScene } from './actions.ts';
import type { Scene } from './actions.ts';
import { NOW, later, openInstallation } from './installation.ts';

/** Confirmation timeout of these agents, and a time after which no question of theirs can still be meant. */
const SETTINGS = { confirmationTimeoutSeconds: 60 };
const DAYS_LATER = 3 * 86_400;

const YES = { core_intent: 'general', wants_human: false, candidates: [], pending_answer: 'agrees' };

describe('a question that waits for the customer', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('EXT-4 does not outlive a turn that fell back', async () => {
    const { scene, asked } = await question();
    await scene.say('yes');
    const fallback = { ...scene.ref, turn: 2, code: 'MODEL_UNAVAILABLE', callsUnderWay: [] };
    const planned = await makePlanFallback(portsOf(scene, NOW))(fallback);
    assert.equal(planned.kind, 'planned');
    assert.deepEqual(await stateOf(scene, asked), ['cancelled', 'turn_failed']);
  });

  it('EXT-4 takes a yes that comes in time', async () => {
    const { scene, asked } = await question();
    await scene.say('yes');
    assert.deepEqual((await understand(scene, later(50), { callIsOpen: true })).do, 'run');
    assert.deepEqual(await stateOf(scene, asked), ['planned', null]);
  });

  it('EXT-4 is closed by its time, whatever the workflow remembers', async () => {
    const { scene, asked } = await question();
    await scene.say('yes');
    assert.equal((await understand(scene, later(DAYS_LATER), { callIsOpen: true })).do, 'talk');
    assert.deepEqual(await stateOf(scene, asked), ['cancelled', 'not_answered']);
  });

  it('EXT-4 is not answered in a later round of a turn that does not know of it', async () => {
    const { scene, asked } = await question();
    await scene.say('yes');
    assert.equal((await understand(scene, later(1), { callIsOpen: false, round: 1 })).do, 'talk');
    assert.deepEqual(await stateOf(scene, asked), ['awaiting_confirmation', null]);
  });

  it('EXT-4 is cancelled by the retry where the worker died before it replaced the question', async () => {
    const { scene, asked } = await question();
    await scene.say('please do the other thing');
    await scene.transcript.take(scene.ref, 2, NOW);
    const call = await scene.planOne({}, { turn: 2, step: 0, answersSeq: 2 });
    const next = await understand(scene, later(1), { callIsOpen: true });
    assert.deepEqual(next, { do: 'run', callId: call.id, tool: call.tool });
    assert.deepEqual(await stateOf(scene, asked), ['cancelled', 'replaced']);
  });

  /** The agent asked in turn 1, and its question reached the customer. */
  async function question(): Promise<{ scene: Scene; asked: Call }> {
    const scene = await openScene(pool, 'generic', SETTINGS);
    await scene.externalAction();
    await scene.reply(1, 'Shall I?');
    const asked = await scene.planOne({ state: 'awaiting_confirmation' }, { step: 0 });
    const fence = await scene.fence(1);
    assert.equal(fence.kind, 'ready');
    return { scene, asked };
  }
});

async function understand(scene: Scene, now: Date, how: { callIsOpen: boolean; round?: number }) {
  const order = { ...scene.ref, turn: 2, round: 0, ...how };
  const context = { cancellationSignal: new AbortController().signal, heartbeat: () => undefined };
  const verdict = await asyncLocalStorage.run(context as unknown as Context, () =>
    makeUnderstandMessages(portsOf(scene, now))(order),
  );
  if (verdict.kind !== 'understood') throw new Error('the turn took nothing');
  return verdict.next;
}

/** The stores are real; the model hears a yes in everything. */
function portsOf({ calls, transcript }: Scene, now: Date): ActivityPorts {
  const usage = { finishReason: 'stop', model: 'm', inputTokens: 1, outputTokens: 1 };
  const ports: Partial<ActivityPorts> = {
    calls,
    transcript,
    clock: { now: () => now },
    failpoint: () => undefined,
    externalActions: {
      active: () => Promise.resolve([]),
      version: () => Promise.resolve(null),
    } as unknown as ActivityPorts['externalActions'],
    model: { complete: () => Promise.resolve({ text: JSON.stringify(YES), toolCalls: [], ...usage }) },
    events: { record: () => Promise.resolve() },
  };
  return ports as ActivityPorts;
}

async function stateOf({ calls, refOf }: Scene, call: Call) {
  const row = await calls.read(refOf(call));
  return [row?.state, row?.reason];
}
