import { strict as assert } from 'node:assert';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ConversationView } from '../../../contract/conversation.ts';
import { SEARCH_ATTRIBUTES } from '../../../contract/search-attributes.ts';
import { genericCustomer } from '../../journey/generic-customer.ts';
import type { GenericCustomer } from '../../journey/generic-customer.ts';
import { eventually, openJourney } from '../../journey/open-journey.ts';
import type { Answer, Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';
import type { OrderAction } from './order-action.ts';

interface Approval {
  id: string;
  status: string;
  conversation_id: string;
  digest: string;
  call: { tool: string; arguments: Record<string, unknown>; state: string; reason: string | null };
}

const statusKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');

const ASKED = 'For 3 pieces a colleague has to agree.';
const PLACED = 'Order A-7: 3 of lamps';

describe('an external action that an operator has to agree to', function () {
  this.timeout(120_000);
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());

  const approvalsOf = async (customer: GenericCustomer): Promise<Approval[]> => {
    const { body } = await journey.call('GET', '/v1/approvals?limit=100', { as: 'viewer' });
    return (body['data'] as Approval[]).filter((each) => each.conversation_id === customer.conversation());
  };
  const decide = (approval: Approval, body: object): Promise<Answer> =>
    journey.call('POST', `/v1/approvals/${approval.id}/decision`, { as: 'operator', body });
  const workflow = (customer: GenericCustomer) =>
    journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
  const stateOf = (customer: GenericCustomer) => workflow(customer).query<ConversationView>('getState');

  /** A customer who wants three lamps, and has heard that a colleague is asked. */
  async function asking(
    fields: object = {},
    settings: Record<string, unknown> = {},
  ): Promise<{ customer: GenericCustomer; action: OrderAction; approval: Approval }> {
    const customer = await genericCustomer(journey, settings);
    const action = await orderAction(journey, customer, {
      needs_approval: 'quantity > 2',
      approval_message: 'For {{quantity}} pieces a colleague has to agree.',
      ...fields,
    });
    await customer.says('I want to order 3 lamps');
    assert.deepEqual(await heard(customer, 1), [['notice', ASKED]]);
    const [approval] = await approvalsOf(customer);
    assert.ok(approval);
    return { customer, action, approval };
  }

  it('APR-5 is called once after the approval, as it was approved, and the customer hears the outcome', async () => {
    const { customer, action, approval } = await asking();
    const { tool, arguments: args, state } = approval.call;
    assert.deepEqual(
      [tool, args, state],
      ['external_action', { product: 'lamps', quantity: 3 }, 'awaiting_approval'],
    );
    await eventually('it shows', async () => (await stateOf(customer)).status === 'waiting_approval');
    const shown = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, { as: 'viewer' });
    assert.equal(shown.body['status'], 'waiting_approval');
    assert.deepEqual(
      (shown.body['open_approvals'] as { id: string }[]).map(({ id }) => id),
      [approval.id],
    );
    const list = await journey.call('GET', '/v1/conversations?status=waiting_approval', { as: 'viewer' });
    const listed = (list.body['data'] as { id: string }[]).map(({ id }) => id);
    assert.ok(listed.includes(customer.conversation()));
    await eventually('the search attribute says so', async () => {
      const { typedSearchAttributes } = await workflow(customer).describe();
      return typedSearchAttributes.get(statusKey) === 'waiting_approval';
    });
    // The agent goes on answering, and the version of the moment stays.
    await action.change({ payload_template: { version: 2 } });
    await customer.says('Are you open on Sunday?');
    await customer.hears(2);
    assert.deepEqual(await action.taken(), []);

    const decided = await decide(approval, { decision: 'approve', digest: approval.digest });
    assert.deepEqual(
      [decided.status, decided.body['digest'], decided.body['edited']],
      [200, approval.digest, false],
    );
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', PLACED]);
    const [came, ...more] = await action.taken();
    assert.deepEqual(more, []);
    assert.deepEqual([came?.body['quantity'], came?.body['version']], [3, undefined]);
    await eventually('nothing waits', async () => (await stateOf(customer)).status === 'active');
    const again = await decide(approval, { decision: 'approve' });
    assert.equal(again.status, 409);
    await customer.isDone();
    assert.equal((await action.taken()).length, 1);
  });

  it('APR-5 is called at once where the condition does not hold', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, { needs_approval: 'quantity > 2' });
    await customer.says('I want to order 2 lamps');
    assert.deepEqual(await heard(customer, 1), [['outcome', 'Order A-7: 2 of lamps']]);
    assert.equal((await action.taken()).length, 1);
    assert.deepEqual(await approvalsOf(customer), []);
  });

  it('APR-5 asks the customer first, then an operator', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer, {
      requires_confirmation: true,
      confirmation_message: 'Shall I order {{quantity}}?',
      needs_approval: 'always',
      approval_message: 'For {{quantity}} pieces a colleague has to agree.',
    });
    await customer.says('I want to order 3 lamps');
    await customer.hears(1);
    assert.deepEqual(await approvalsOf(customer), []);
    await customer.says('yes');
    assert.deepEqual((await heard(customer, 2))[1], ['notice', ASKED]);
    const [approval] = await approvalsOf(customer);
    assert.ok(approval);
    await decide(approval, { decision: 'approve' });
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', PLACED]);
    assert.equal((await action.taken()).length, 1);
  });

  it('APR-5 is called with what an operator made of it, and refuses what fits no variable', async () => {
    const { customer, action, approval } = await asking();
    const wrong = await decide(approval, { decision: 'approve', arguments: { quantity: 'many' } });
    assert.equal(wrong.status, 422);
    assert.deepEqual(
      (wrong.body['errors'] as { field: string }[]).map(({ field }) => field),
      ['arguments.quantity'],
    );
    const edited = await decide(approval, {
      decision: 'approve',
      arguments: { quantity: 1 },
      response: 'One it is.',
    });
    assert.deepEqual([edited.status, edited.body['edited']], [200, true]);
    assert.notEqual(edited.body['digest'], approval.digest);
    assert.deepEqual((await heard(customer, 2))[1], ['outcome', 'One it is.\n\nOrder A-7: 1 of lamps']);
    const [came] = await action.taken();
    assert.equal(came?.body['quantity'], 1);
  });

  it('APR-5 is not called where an operator says no, and the customer hears it', async () => {
    const { customer, action, approval } = await asking();
    await decide(approval, { decision: 'deny' });
    const [, [kind, text] = []] = await heard(customer, 2);
    assert.deepEqual([kind, text], ['outcome', 'Your request was not approved, so it was not carried out.']);
    assert.deepEqual(await action.taken(), []);
    const [{ status, error_message } = {}] = await action.executions();
    assert.deepEqual([status, error_message], ['cancelled', 'not_approved']);
  });

  it('APR-5 is not called once nobody decided in time', async () => {
    const { customer, action, approval } = await asking();
    await journey.sql(`update actions set expires_at = now() where id = $1`, [approval.id]);
    const late = await decide(approval, { decision: 'approve' });
    assert.equal(late.status, 410);
    const [, [kind, text] = []] = await heard(customer, 2);
    assert.equal(kind, 'outcome');
    assert.match(text ?? '', /^Nobody of our team could agree .* not carried out/);
    assert.deepEqual(await action.taken(), []);
  });

  it('APR-5 is called while a person has the conversation, who tells the customer', async () => {
    const { customer, action, approval } = await asking();
    await customer.operate('take-over');
    await decide(approval, { decision: 'approve' });
    await eventually('it is called', async () => (await action.ended()).status === 'success');
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 1, 'the agent says nothing');
    const [seen] = await approvalsOf(customer);
    assert.equal(seen?.call.state, 'succeeded');
  });

  it('APR-5 is not called, and shows so, where the conversation is resolved first', async () => {
    const { customer, action, approval } = await asking();
    await customer.operate('resolve');
    assert.equal((await decide(approval, { decision: 'approve' })).status, 410);
    const [seen] = await approvalsOf(customer);
    assert.deepEqual(
      [seen?.status, seen?.call.state, seen?.call.reason],
      ['cancelled', 'cancelled', 'resolved'],
    );
    assert.deepEqual(await action.taken(), []);
  });

  it('APR-5 is not asked about twice while the same waits, and the customer hears that it does', async () => {
    const { customer, action } = await asking();
    await customer.says('I want to order 3 lamps');
    assert.deepEqual((await heard(customer, 2))[1], ['notice', ASKED]);
    assert.equal((await approvalsOf(customer)).length, 1);
    assert.deepEqual(await action.taken(), []);
  });

  it('APR-5 is withdrawn where the customer writes on and the builder wants that, and the customer hears it', async () => {
    const { customer, action, approval } = await asking({ on_new_message: 'withdraw' });
    await customer.says('hello?');
    const [, [kind, text] = [], answer] = await heard(customer, 3);
    assert.equal(kind, 'outcome');
    assert.match(text ?? '', /^You wrote again .* withdrawn and not carried out\.$/);
    assert.equal(answer?.[0], 'reply');
    assert.equal((await decide(approval, { decision: 'approve' })).status, 410);
    assert.deepEqual(await action.taken(), []);
    const waiting = journey.client.workflow.getHandle(`approval/${approval.id}`);
    await waiting.result();
  });

  it('APR-5 is asked about anew with what the customer adds, where the builder wants that', async () => {
    const { customer, action, approval } = await asking({ on_new_message: 'ask_again' });
    await customer.says('make it 5 please');
    const [, withdrawn, asked] = await heard(customer, 3);
    assert.match(withdrawn?.[1] ?? '', /withdrawn/);
    assert.deepEqual(asked, ['notice', 'For 5 pieces a colleague has to agree.']);
    const all = await approvalsOf(customer);
    const anew = all.find(({ status }) => status === 'pending');
    assert.ok(anew && anew.id !== approval.id && anew.digest !== approval.digest);
    assert.equal((await decide(approval, { decision: 'approve' })).status, 410);
    await decide(anew, { decision: 'approve' });
    assert.deepEqual((await heard(customer, 4))[3], ['outcome', 'Order A-7: 5 of lamps']);
    assert.deepEqual(
      (await action.taken()).map(({ body }) => body['quantity']),
      [5],
    );
  });

  it('APR-5 goes on where Temporal has lost the conversation: it is approved, called once and told', async () => {
    const { customer, action, approval } = await asking();
    await workflow(customer).terminate('lost');
    await journey.client.workflow.getHandle(`approval/${approval.id}`).terminate('lost');
    await customer.says('Are you there?');
    await customer.hears(2);
    await eventually('its wait goes on', async () => (await stateOf(customer)).openApprovals.length === 1);
    await eventually('with a workflow of its own', async () => {
      const { status } = await journey.client.workflow.getHandle(`approval/${approval.id}`).describe();
      return status.name === 'RUNNING';
    });
    await workflow(customer).terminate('lost again');
    await decide(approval, { decision: 'approve' });
    assert.deepEqual((await heard(customer, 3))[2], ['outcome', PLACED]);
    await customer.isDone();
    assert.equal((await action.taken()).length, 1);
  });

  it('APR-5 costs at most 16 events more than the same call without it', async () => {
    const lengthOf = async (customer: GenericCustomer): Promise<number> =>
      (await workflow(customer).fetchHistory()).events?.length ?? 0;
    const plain = await genericCustomer(journey);
    await orderAction(journey, plain);
    await plain.says('I want to order 3 lamps');
    await plain.hears(1);
    await plain.isDone();
    const { customer, approval } = await asking();
    await decide(approval, { decision: 'approve' });
    await customer.hears(2);
    await customer.isDone();
    await eventually('nothing waits', async () => (await stateOf(customer)).status === 'active');
    await journey.client.workflow.getHandle(`approval/${approval.id}`).result();
    const cost = (await lengthOf(customer)) - (await lengthOf(plain));
    console.log(`      an approval cost ${cost} events`);
    assert.ok(cost <= 16, `${cost} events`);
  });
});
