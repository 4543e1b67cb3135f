import { strict as assert } from 'node:assert';
import { openCallStage } from './call-stage.ts';
import type { CallStage } from './call-stage.ts';
import { eventually } from './eventually.ts';

/** A worker that dies on the way from an operator's yes to what came of it. */
describe('a worker killed between an approval and the end of its call', function () {
  this.timeout(240_000);
  let stage: CallStage;
  before(async () => {
    stage = await openCallStage();
    const { standIns } = stage.installation.stage;
    await stage.installation.setAgent({
      tools: [
        {
          node_type: 'api',
          needs_approval: 'always',
          fields: {
            name: 'note_once',
            description: 'Writes a note.',
            method: 'POST',
            url: `${standIns}/sink/notes`,
            body: { room: '{{message_text}}' },
            idempotent: true,
          },
        },
      ],
    });
  });
  after(() => stage?.stop());

  for (const point of ['call.before', 'call.after', 'call.recorded'])
    it(`APR-5 makes the call and tells it once over a kill at ${point}`, async () => {
      const { installation, records } = stage;
      const room = `approved/${point}`;
      if (installation.stage.pids()['worker'] === undefined) await installation.freshWorker();
      const conversation = await stage.send(stage.message(room, 'note-once'));
      const find = async () =>
        (
          await records.pool.query<{ id: string }>(
            `select id from actions where conversation_id = $1 and status = 'pending'`,
            [conversation],
          )
        ).rows[0];
      const approval = await eventually('an operator is asked', async () => (await find()) ?? false);
      await eventually('the customer is told', async () => (await stage.replies(room)).length === 1);
      await stage.killedAt(point, () =>
        installation.ask('operator', 'POST', `/v1/approvals/${approval.id}/decision`, {
          decision: 'approve',
        }),
      );
      await installation.freshWorker();
      await eventually('the outcome is told', async () => (await stage.replies(room)).length === 2);
      const [call, ...more] = await stage.calls(room);
      assert.deepEqual([call?.state, more], ['succeeded', []]);
      const keys = (await stage.came('notes', room)).map(({ headers }) => headers['idempotency-key']);
      assert.deepEqual([...new Set(keys)], [call?.idempotency_key], 'a repeat is known by its key');
      if (point !== 'call.after') assert.equal(keys.length, 1);
    });
});
