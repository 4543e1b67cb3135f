import { strict as assert } from 'node:assert';
import { approvalWorkflowId } from '../../contract/ids.ts';
import { openCallStage } from './call-stage.ts';
import type { CallStage } from './call-stage.ts';
import { eventually } from './eventually.ts';
import { openHistories } from './histories.ts';
import type { Histories } from './histories.ts';
import { openWorkerHolds } from './holds.ts';

const NOTE = 'api_note_once';
const TAG = 'qontak_chat_room_tag';

/** Operators are asked in the transaction that plans the call; who waits for them begins to a moment later. */
describe('a person who comes between the question to the operators and the wait for their answer', function () {
  this.timeout(120_000);
  let stage: CallStage;
  let histories: Histories;
  before(async () => {
    stage = await openCallStage();
    const { installation } = stage;
    histories = await openHistories(installation.stage.dev());
    const fields = {
      name: 'note_once',
      description: 'Writes a note.',
      method: 'POST',
      url: `${installation.stage.standIns}/sink/notes`,
      body: { room: '{{message_text}}' },
    };
    await installation.setAgent({
      tools: [
        { node_type: 'api', needs_approval: 'always', fields },
        { node_type: TAG, fields: { tags: ['vip'] } },
      ],
    });
    const proposes = (...names: string[]) => names.map((name) => ({ name, arguments: {} }));
    await installation.setModel({
      script: [
        { when: 'only ask', tool_calls: proposes(NOTE) },
        { when: 'ask and act', tool_calls: proposes(NOTE, TAG) },
      ],
    });
  });
  after(async () => {
    await histories?.close();
    await stage?.stop();
  });

  const takeOver = (conversation: string) =>
    stage.installation.ask('operator', 'POST', `/v1/conversations/${conversation}/take-over`, {});

  async function isWaitedFor(conversation: string): Promise<void> {
    const { rows } = await stage.records.pool.query<{ id: string; status: string }>(
      'select id, status from actions where conversation_id = $1',
      [conversation],
    );
    const [request, ...more] = rows;
    assert.deepEqual([request?.status, more], ['pending', []]);
    await eventually('a workflow waits for the decision', async () => {
      const [run] = await histories.runs(conversation);
      return run?.text.includes(approvalWorkflowId(request?.id ?? '')) === true;
    });
  }

  it('APR-3 leaves no request that nobody waits for, over a kill behind the question', async () => {
    const message = stage.message('asked-killed', 'only ask');
    let conversation = '';
    await stage.killedAt('call.planned', async () => (conversation = await stage.send(message)));
    await takeOver(conversation);
    await stage.installation.freshWorker();
    await isWaitedFor(conversation);
  });

  it('APR-3 leaves no request that nobody waits for, where the fence refuses what was planned with it', async () => {
    const holds = openWorkerHolds();
    try {
      await stage.installation.freshWorker(holds.env.FAILPOINT);
      const held = holds.hold('call.planned', '');
      const conversation = await stage.send(stage.message('asked-refused', 'ask and act'));
      await held.reached();
      await takeOver(conversation);
      await held.letGo();
      await isWaitedFor(conversation);
      const calls = await stage.calls('asked-refused');
      assert.deepEqual(
        calls.map(({ tool, state }) => [tool, state]),
        [
          [NOTE, 'awaiting_approval'],
          [TAG, 'cancelled'],
        ],
      );
    } finally {
      holds.close();
    }
  });
});
