import { strict as assert } from 'node:assert';
import { APPROVAL_WORKFLOW } from '../../contract/approval.ts';
import type { ApprovalInput } from '../../contract/approval.ts';
import { approvalWorkflowId } from '../../contract/ids.ts';
import { CONVERSATION_QUEUE } from '../../contract/queues.ts';
import { genericCustomer } from './generic-customer.ts';
import { eventually, openJourney, type Journey } from './open-journey.ts';

describe('what waits for a decision', () => {
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
  });
  after(() => journey?.close());

  /** A request of a conversation's agent with its workflow, whose reminder and expiry are so many seconds away. */
  async function waiting(remindIn: number | null, expireIn: number) {
    const customer = await genericCustomer(journey);
    await customer.says('Hello');
    await customer.hears(1);
    const conversationId = customer.conversation();
    const at = (seconds: number) => Date.now() + seconds * 1000;
    const remindAt = remindIn === null ? null : at(remindIn);
    const expiresAt = at(expireIn);
    const [row] = await journey.sql<{ id: string; organisation_id: string }>(
      `insert into actions (organisation_id, conversation_id, agent_id, contact_id, request_type, request_details,
         idempotency_key, created_at, expires_at)
       select organisation_id, id, agent_id, contact_id, 'refund_request', 'Twelve euros', id::text, now(), $2
       from conversations where id = $1 returning id, organisation_id`,
      [conversationId, new Date(expiresAt)],
    );
    assert.ok(row);
    const input: ApprovalInput = {
      organisationId: row.organisation_id,
      conversationId,
      actionId: row.id,
      remindAt,
      expiresAt,
    };
    const handle = await journey.client.workflow.start(APPROVAL_WORKFLOW, {
      workflowId: approvalWorkflowId(row.id),
      taskQueue: CONVERSATION_QUEUE,
      args: [input],
    });
    return {
      actionId: row.id,
      handle,
      events: async () =>
        (
          await journey.sql<{ name: string }>(
            `select name from events where conversation_id = $1 and name like 'approval%' order by number`,
            [conversationId],
          )
        ).map(({ name }) => name),
      outcomeHeard: () =>
        eventually('the conversation hears the outcome', async () => {
          const [outcome] = await journey.sql<{ action_status: string }>(
            `select action_status from inbox
             where conversation_id = $1 and kind = 'approval_outcome' and settled_at is not null`,
            [conversationId],
          );
          return outcome?.action_status;
        }),
    };
  }

  it('APR-3 ends with the decision, which the conversation hears', async () => {
    const { actionId, handle, outcomeHeard } = await waiting(null, 3_600);
    const answer = await journey.call('POST', `/v1/approvals/${actionId}/decision`, {
      as: 'operator',
      body: { decision: 'approve' },
    });
    assert.deepEqual([answer.status, answer.body['status']], [200, 'approved']);
    await handle.result();
    assert.equal(await outcomeHeard(), 'approved');
  });

  it('APR-3 waits on where somebody asks Temporal to cancel it', async () => {
    const { actionId, handle, outcomeHeard } = await waiting(null, 3_600);
    await handle.cancel();
    await eventually('the request is on its history', async () => {
      const { events } = await handle.fetchHistory();
      const at = (events ?? []).findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
      return at >= 0 && events?.slice(at).some((event) => event.workflowTaskCompletedEventAttributes);
    });
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    const body = { decision: 'deny' };
    await journey.call('POST', `/v1/approvals/${actionId}/decision`, { as: 'operator', body });
    assert.equal(await outcomeHeard(), 'denied');
  });

  it('APR-3 reminds, expires, and tells the conversation by itself', async () => {
    const { actionId, handle, outcomeHeard, events } = await waiting(1, 3);
    await handle.result();
    assert.equal(await outcomeHeard(), 'expired');
    assert.deepEqual(await events(), ['approval_reminder', 'approval_expired']);
    const late = await journey.call('POST', `/v1/approvals/${actionId}/decision`, {
      as: 'operator',
      body: { decision: 'deny' },
    });
    assert.deepEqual([late.status, late.body['approval_status']], [410, 'expired']);
  });
});
