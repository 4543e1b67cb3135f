import type { Harness } from './harness.ts';
import { withAgent } from './people-shapes.ts';
import type { PeopleShape } from './people-shapes.ts';

const HOUR = 3_600;
const ASK = {
  request_type: 'refund_request',
  request_details: 'Twelve euros back for order 7',
  priority: null,
  request_data: null,
};

/** A customer whose request waits for a decision; the run that asked is not yet over. */
async function asked(harness: Harness) {
  const call = { name: 'submit_action_request', arguments: ASK };
  await harness.model({ script: [{ when: '', times: 1, tool_calls: [call] }] });
  const customer = harness.customer('generic');
  const conversation = await customer.says('may I have my money back?');
  await customer.hears('sent');
  return { customer, conversation, approval: await pendingIn(harness, conversation) };
}

async function pendingIn(harness: Harness, conversation: string): Promise<string> {
  const { data } = (await harness.ask('operator', 'GET', '/v1/approvals?status=pending')) as {
    data: { id: string; conversation_id: string }[];
  };
  const approval = data.find(({ conversation_id }) => conversation_id === conversation)?.id;
  if (approval === undefined) throw new Error('nothing was asked of operators');
  return approval;
}

const decide = (harness: Harness, approval: string, decision: 'approve' | 'deny') =>
  harness.ask('operator', 'POST', `/v1/approvals/${approval}/decision`, { decision });

const ASKING = { tools: [{ node_type: 'submit_action_request', fields: {} }] };

/** Shapes of conversation in which operators are asked. */
export const REQUEST_SHAPES: Record<string, PeopleShape> = {
  'approval-approved': (harness) =>
    withAgent(harness, ASKING, async () => {
      const { customer, conversation, approval } = await asked(harness);
      await customer.says('and another thing');
      await customer.hears('sent', 'sent');
      await decide(harness, approval, 'approve');
      await customer.hears('sent', 'sent', 'sent');
      await customer.isDoneWith();
      return { conversation, approvals: [approval] };
    }),

  'approval-expired': (harness) =>
    withAgent(harness, ASKING, async () => {
      await harness.decidesWithin(1.5, 4);
      const { customer, conversation, approval } = await asked(harness);
      await harness.happened(conversation, 'approval_reminder', 1);
      await customer.hears('sent', 'sent');
      await customer.isDoneWith();
      await harness.decidesWithin(HOUR, 24 * HOUR);
      return { conversation, approvals: [approval] };
    }),

  'decision-spoken-of': (harness) =>
    withAgent(harness, ASKING, async () => {
      const { customer, conversation, approval } = await asked(harness);
      await decide(harness, approval, 'deny');
      await customer.hears('sent', 'sent');
      await customer.isDoneWith();
      await customer.says('a pity');
      await customer.hears('sent', 'sent', 'sent');
      await customer.isDoneWith();
      return { conversation, approvals: [approval] };
    }),

  'call-approved': (harness) =>
    withAgent(harness, {}, () =>
      harness.withExternalAction({ needs_approval: 'always' }, async () => {
        const customer = harness.customer('generic');
        const conversation = await customer.says('I want to order 3 lamps');
        await customer.hears('sent');
        await customer.isDoneWith();
        const approval = await pendingIn(harness, conversation);
        await decide(harness, approval, 'approve');
        await harness.callIs(conversation, 'succeeded');
        await customer.hears('sent', 'sent');
        await customer.isDoneWith();
        return { conversation, approvals: [approval] };
      }),
    ),

  'call-denied': (harness) =>
    withAgent(harness, {}, () =>
      harness.withExternalAction({ needs_approval: 'always' }, async () => {
        const customer = harness.customer('generic');
        const conversation = await customer.says('I want to order 3 lamps');
        await customer.hears('sent');
        await customer.isDoneWith();
        const approval = await pendingIn(harness, conversation);
        await decide(harness, approval, 'deny');
        await customer.hears('sent', 'sent');
        await customer.isDoneWith();
        return { conversation, approvals: [approval] };
      }),
    ),
};
