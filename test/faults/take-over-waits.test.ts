import { strict as assert } from 'node:assert';
import type { ConversationView } from '../../contract/conversation.ts';
import { eventually } from '../journey/open-journey.ts';
import type { Where } from './take-over-points.ts';
import type { Scene, SceneName } from './take-over-scenes.ts';
import { openTakeOverStage, stopped } from './take-over-stage.ts';
import type { TakeOverStage } from './take-over-stage.ts';
import { handsBack, quietAfter, takesOver } from './take-over-story.ts';

/** Nothing of these tests lasts so long. */
const PATIENCE = { status: 429, headers: { 'retry-after': '600' } };

describe('a change of hands that comes during an effect', function () {
  this.timeout(60_000);
  let stage: TakeOverStage;
  before(async () => (stage = await openTakeOverStage()));
  afterEach(() => stage.calm());
  after(() => stage?.close());

  const handleOf = ({ customer }: Scene) =>
    stage.journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);

  it('ESC-5 waits out no patience that the channel asked for during the send', async () => {
    const { journey, scenes } = stage;
    const scene = await scenes.plain();
    const control = `/sink/${scene.customer.room}/control`;
    await journey.standIn('POST', control, { fail: [PATIENCE] });
    const held = await stopped(stage, { at: 'send.after_call' }, scene);
    const taken = await takesOver(journey, scene.customer).finally(() => held.letGo());
    await quietAfter(journey, scene.customer, taken);
    await handsBack(journey, scene, taken);
  });

  it('CONV-7 closes although the channel asked for patience with what was decided', async () => {
    const { journey, scenes } = stage;
    const scene = await scenes.deciding();
    const control = `/sink/${scene.customer.room}/control`;
    await journey.standIn('POST', control, { fail: [PATIENCE] });
    const held = await stopped(stage, { at: 'send.after_call' }, scene);
    const resolved = await scene.customer.operate('resolve').finally(() => held.letGo());
    assert.equal(resolved.status, 200, resolved.text);
    await eventually(
      'the run ends',
      async () => (await handleOf(scene).describe()).status.name === 'COMPLETED',
    );
  });

  it('ESC-2 waits for no Slack once a person has answered the call', async () => {
    const { journey, scenes } = stage;
    const scene = await scenes.escalating();
    await journey.standIn('POST', '/slack/control', { fail: [{ ...PATIENCE, times: -1 }] });
    const held = await stopped(stage, { at: 'escalate.ends' }, scene);
    const taken = await takesOver(journey, scene.customer).finally(() => held.letGo());
    await quietAfter(journey, scene.customer, taken);
    await handsBack(journey, scene, taken);
  });

  /** Taken over and handed back while the turn stood there. */
  const BOTH: [SceneName, Where][] = [
    ['plain', { at: 'composeReply.begins' }],
    ['plain', { holds: 'model' }],
    ['plain', { at: 'send.before_fence' }],
    ['understanding', { at: 'understandMessages.ends' }],
    ['acting', { at: 'call.recorded' }],
    ['acting', { holds: 'model', match: '"role":"tool"' }],
    ['ordering', { at: 'callExternalAction.ends' }],
    ['asking', { at: 'sendReply.begins' }],
    ['escalating', { at: 'send.before_fence' }],
    ['falling', { at: 'planFallback.begins' }],
  ];
  for (const [name, where] of BOTH)
    it(`ESC-5 ends a turn that a person came between, though it was handed back meanwhile, at ${name}: ${Object.values(where).join(' ')}`, async () => {
      const { journey, scenes } = stage;
      const scene = await scenes[name]();
      const held = await stopped(stage, where, scene);
      try {
        await takesOver(journey, scene.customer);
        assert.equal((await scene.customer.operate('hand-back')).status, 200);
      } finally {
        await held.letGo();
      }
      await scene.customer.isDone();
      await eventually('it waits for the customer', async () => {
        const { doing } = await handleOf(scene).query<ConversationView>('getState');
        if (!doing.startsWith('waiting for a message')) throw new Error(doing);
        return true;
      });
      assert.deepEqual(await scene.customer.arrived(), []);
      const taken = await takesOver(journey, scene.customer);
      await handsBack(journey, scene, taken);
      const rows = await journey.sql<{ reason: string }>(
        `select settled_reason as reason from inbox where conversation_id = $1 and kind = 'message' order by seq`,
        [scene.customer.conversation()],
      );
      assert.equal(rows[0]?.reason === 'answered', false);
    });
});
