import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ConversationView } from '../../contract/conversation.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import { actingCustomer, script } from './acting-customer.ts';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Answer, Journey } from './open-journey.ts';

/** Every run ends as soon as it may, so that what is shown of a conversation must outlive its run. */
describe('a conversation between the agent and people', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney({ env: { TURNS_PER_RUN: '1' } })));
  after(() => journey?.close());

  const status = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');
  const assignee = defineSearchAttributeKey(SEARCH_ATTRIBUTES.assignee, 'KEYWORD');
  const workflow = (customer: GenericCustomer) =>
    journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);

  /** Waits until the workflow says so, then looks at what an engineer sees from outside. */
  async function stands(customer: GenericCustomer, wanted: string, who: string | null): Promise<void> {
    await eventually(`the conversation is ${wanted}`, async () => {
      const state = await workflow(customer).query<ConversationView>('getState');
      return state.status === wanted && state.assignee === who;
    });
    await eventually(`the attributes say ${wanted}`, async () => {
      const { typedSearchAttributes } = await workflow(customer).describe();
      return (
        typedSearchAttributes.get(status) === wanted && (typedSearchAttributes.get(assignee) ?? null) === who
      );
    });
    const read = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, { as: 'viewer' });
    assert.deepEqual([read.body['status'], read.body['assignee']], [wanted, who]);
  }

  async function made(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await journey.call('POST', path, { as: 'admin', body });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  /** A division and its only operator, who is away. */
  async function newDivision() {
    const division = String((await made('/v1/divisions', { name: `Division ${randomUUID()}` }))['id']);
    const person = { name: 'Olga', role: 'operator', divisions: [division] };
    const operator = String((await made('/v1/members', person))['id']);
    const key = String(
      (await made('/v1/keys', { name: 'Olga', role: 'operator', member_id: operator }))['key'],
    );
    const present = (online: boolean): Promise<Answer> =>
      journey.call('PUT', '/v1/me/presence', { as: { key }, body: { online } });
    return { division, operator, present };
  }

  const assign = (customer: GenericCustomer, body: object): Promise<Answer> =>
    journey.call('POST', `/v1/conversations/${customer.conversation()}/assign`, { as: 'operator', body });

  /** Says something that no agent answers. */
  async function saysInVain(customer: GenericCustomer, text: string): Promise<void> {
    const before = (await customer.arrived()).length;
    await customer.says(text);
    await customer.isDone();
    const last = (await journey.messages(customer.conversation())).at(-1);
    assert.deepEqual([last?.from, last?.text], ['customer', text]);
    assert.equal((await customer.arrived()).length, before);
  }

  it('ACT-5 goes from the agent into a queue, to who comes online, back into the queue, and back to the agent', async () => {
    const { division, operator, present } = await newDivision();
    const customer = await genericCustomer(journey);
    await customer.says('hello');
    await customer.hears(1);
    await customer.isDone();

    const queued = await assign(customer, { assign_type: 'division', division_id: division });
    assert.deepEqual([queued.status, queued.body['assignee']], [200, null], queued.text);
    await stands(customer, 'escalated', null);
    await saysInVain(customer, 'is somebody there?');

    const online = await present(true);
    assert.deepEqual([online.status, online.body['assigned']], [200, [customer.conversation()]], online.text);
    await stands(customer, 'assigned', operator);
    await saysInVain(customer, 'hello, Olga');
    const taken = await journey.sql('select number from turn_steps where conversation_id = $1 and turn > 1', [
      customer.conversation(),
    ]);
    assert.deepEqual(taken, [], 'no model was asked');

    assert.equal((await customer.operate('hand-back')).status, 200);
    await stands(customer, 'active', null);
    await customer.says('and now?');
    await customer.hears(2);
    await customer.isDone();
    await stands(customer, 'active', null);

    const again = await assign(customer, { assign_type: 'agent', operator_id: operator });
    assert.deepEqual([again.status, again.body['queue']], [200, null]);
    await stands(customer, 'assigned', operator);
    const removed = await journey.call('DELETE', `/v1/members/${operator}`, { as: 'admin' });
    assert.equal(removed.status, 200, removed.text);
    await stands(customer, 'escalated', null);
    assert.equal((await customer.operate('resolve')).status, 200);
    await stands(customer, 'resolved', null);
    const late = await assign(customer, { assign_type: 'auto' });
    assert.equal(late.status, 409);
  });

  it('ACT-5 shows what a tool assigned without a word, though the run ends with that very turn', async () => {
    const { division, operator, present } = await newDivision();
    const fields = { assign_type: 'division', division_id: division };
    const customer = await actingCustomer(journey, [{ node_type: 'qontak_chat_room_assign', fields }]);
    await script(journey, customer, { calls: [{ name: 'qontak_chat_room_assign' }] });
    await customer.says(`a person, please (${customer.word})`);
    await customer.isDone();
    await stands(customer, 'escalated', null);
    assert.deepEqual((await present(true)).body['assigned'], [customer.conversation()]);
    await stands(customer, 'assigned', operator);
    assert.deepEqual(await customer.arrived(), []);
  });
});
