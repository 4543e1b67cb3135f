import { strict as assert } from 'node:assert';
import { Connection, WorkflowClient } from '@temporalio/client';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { openHarness } from '../../dev/histories/harness.ts';
import type { Harness } from '../../dev/histories/harness.ts';
import { SHAPES } from '../../dev/histories/shapes.ts';

describe('a delivery report that comes during the next turn', () => {
  let harness: Harness;

  before(async function () {
    this.timeout(120_000);
    harness = await openHarness();
  });

  after(() => harness?.close());

  it('CHAN-5 leaves a conversation that yields and answers, its deadline having passed meanwhile', async function () {
    this.timeout(120_000);
    const conversationId = await SHAPES['report-during-a-turn']?.(harness);
    const connection = await Connection.connect({ address: harness.temporalAddress });
    try {
      const client = new WorkflowClient({ connection });
      const { events } = await client.getHandle(conversationWorkflowId(conversationId ?? '')).fetchHistory();
      const troubled = (events ?? []).filter(
        (event) => event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes,
      );
      assert.equal(troubled.length, 0, 'a task that never ended');
    } finally {
      await connection.close();
    }
  });
});
