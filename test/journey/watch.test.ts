import { strict as assert } from 'node:assert';
import { randomBytes, randomUUID } from 'node:crypto';
import type { ConversationView } from '../../contract/conversation.ts';
import { holdRequest } from '../faults/holds.ts';
import { actingCustomer, script } from './acting-customer.ts';
import type { ActingCustomer } from './acting-customer.ts';
import { everyEvent, wordsIn } from './history-words.ts';
import { eventually, openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const NOTICES = { called: 'Called, {{customer_name}}.', offer: 'Nobody came, {{customer_name}}. I go on.' };
const CALLED = 'Called, Budi.';
const OFFERED = 'Nobody came, Budi. I go on.';
const RULES = [{ name: 'money', condition: 'billing_dispute', reason: 'It is about money' }];
const ASSIGN = 'qontak_chat_room_assign';

describe('a person whom a customer waits for', () => {
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
    await journey.sql('update members set online = false');
  });
  after(() => journey?.close());
  afterEach(async () => {
    await journey.model('POST', '/control', { reset: true });
    await journey.sql('update members set online = false');
  });

  /** Whose people are called by Slack; less than ten seconds no builder may ask of them. */
  async function calling(seconds: number, tools: object[] = []): Promise<ActingCustomer> {
    const customer = await actingCustomer(journey, tools, {
      escalation_rules: RULES,
      escalation_assignee: `U0${randomBytes(5).toString('hex').toUpperCase()}`,
      escalation_notice: NOTICES,
    });
    await respondWithin(customer, seconds);
    return customer;
  }

  async function respondWithin({ agent }: ActingCustomer, seconds: number): Promise<void> {
    const settings = JSON.stringify({ responseTimeSeconds: seconds });
    await journey.sql('update agents set settings = settings || $2::jsonb where id = $1', [agent, settings]);
  }

  async function operator(division?: string) {
    const person = { name: 'Olga', role: 'operator', ...(division ? { divisions: [division] } : {}) };
    const made = await journey.call('POST', '/v1/members', { as: 'admin', body: person });
    const member = String(made.body['id']);
    const body = { name: 'Olga', role: 'operator', member_id: member };
    const key = String((await journey.call('POST', '/v1/keys', { as: 'admin', body })).body['key']);
    const present = (online: boolean) =>
      journey.call('PUT', '/v1/me/presence', { as: { key }, body: { online } });
    return { member, key, present };
  }

  const told = async ({ word }: ActingCustomer) => {
    const { messages } = await journey.standIn('GET', '/slack/messages');
    return (messages as { text: string }[]).map(({ text }) => text).filter((text) => text.includes(word));
  };
  const happens = (customer: ActingCustomer, name: string) =>
    eventually(`there is ${name}`, async () => (await customer.events(name))[0]?.properties);
  const view = (customer: ActingCustomer) =>
    journey.client.workflow
      .getHandle(`conversation/${customer.conversation()}`)
      .query<ConversationView>('getState');
  const rests = (customer: ActingCustomer, doing: RegExp) =>
    eventually(`it is ${doing}`, async () => doing.test((await view(customer)).doing));

  /** The customer reads the notice before the call is written down: whoever takes over in between was never called. */
  const calledRests = (customer: ActingCustomer) =>
    rests(customer, /a person who was called, and is looked after at/);

  it('ESC-6 is reminded, then somebody else is given it, then the customer hears that the agent goes on', async () => {
    const customer = await calling(2);
    const olga = await operator();
    await olga.present(true);
    assert.equal(await customer.asks('I want a refund'), CALLED);
    const reminded = await happens(customer, 'human_reminded');
    assert.deepEqual([reminded['assignee'], reminded['stage']], [null, 1]);
    const rerouted = await happens(customer, 'human_rerouted');
    assert.deepEqual([rerouted['from'], rerouted['assignee']], [null, olga.member]);
    await happens(customer, 'human_unanswered');
    assert.deepEqual(
      (await customer.hears(2)).map(({ body }) => [body.kind, body.text]),
      [
        ['notice', CALLED],
        ['notice', OFFERED],
      ],
    );
    await eventually('it is the agent’s', async () => (await customer.read())['status'] === 'active');
    await eventually('the person who was called is told of all three', async () => {
      const texts = await told(customer);
      return [/needs a person/, /still waits for an answer\n/, /the agent goes on/].every((wanted) =>
        texts.some((text) => wanted.test(text)),
      );
    });
    for (const name of ['human_reminded', 'human_rerouted', 'human_unanswered'])
      assert.equal((await customer.events(name)).length, 1, name);

    await respondWithin(customer, 900);
    await script(journey, customer, { reply: 'Here I am again.' });
    await customer.says(`And my lamp? (${customer.word})`);
    assert.equal((await customer.hears(3)).at(-1)?.body.text, 'Here I am again.');
    assert.equal((await customer.events('conversation_escalated')).length, 1, 'no old reason calls anew');
    await customer.says(`The refund! (${customer.word})`);
    assert.equal((await customer.hears(4)).at(-1)?.body.text, CALLED, 'a new reason does');

    const events = await everyEvent(journey.client, `conversation/${customer.conversation()}`);
    const history = events.map(wordsIn).join('\n');
    for (const words of [customer.word, 'refund', 'Nobody came', 'Budi'])
      assert.ok(!history.includes(words), words);
  });

  it('ESC-6 is reminded where they took it over before the call was written down; nobody else is called', async () => {
    const customer = await calling(2);
    const olga = await operator();
    const held = await holdRequest(journey, `sink/${customer.room}`, { when: 'after' });
    await customer.says(`I want a refund (${customer.word})`, { customer: { id: 'budi', name: 'Budi' } });
    await held.reached();
    const path = `/v1/conversations/${customer.conversation()}/take-over`;
    assert.equal((await journey.call('POST', path, { as: { key: olga.key }, body: {} })).status, 200);
    await held.letGo();
    assert.equal((await happens(customer, 'human_reminded'))['assignee'], olga.member);
    assert.deepEqual(await customer.events('conversation_escalated'), []);
    assert.ok(!(await told(customer)).some((text) => text.includes('needs a person')));
  });

  it('ESC-6 is left alone from the first answer on, until the customer writes again', async () => {
    const customer = await calling(2);
    const olga = await operator();
    await customer.asks('I want a refund');
    await calledRests(customer);
    const path = `/v1/conversations/${customer.conversation()}`;
    assert.equal(
      (await journey.call('POST', `${path}/take-over`, { as: { key: olga.key }, body: {} })).status,
      200,
    );
    const reminded = await happens(customer, 'human_reminded');
    assert.equal(reminded['assignee'], olga.member);
    const reply = () =>
      journey.call('POST', `${path}/reply`, { as: { key: olga.key }, body: { text: 'I am here' } });
    assert.equal((await reply()).status, 202);
    await customer.hears(2);
    await rests(customer, /^silent: an operator has it$/);
    assert.deepEqual(await customer.events('human_rerouted'), []);
    await respondWithin(customer, 900);
    await customer.says(`Thanks, and now? (${customer.word})`);
    await rests(customer, /an operator has it, and is looked after at/);
    assert.equal((await reply()).status, 202);
    await rests(customer, /^silent: an operator has it$/);
    assert.equal((await customer.events('human_reminded')).length, 1);
  });

  it('ESC-6 is reminded of what the customer wrote while the channel told a reply to wait', async () => {
    // Longer than the channel makes the reply wait: what reminds is the message behind it.
    const customer = await calling(10);
    const olga = await operator();
    await customer.asks('I want a refund');
    await calledRests(customer);
    const path = `/v1/conversations/${customer.conversation()}`;
    const operate = (what: string, body = {}) =>
      journey.call('POST', `${path}/${what}`, { as: { key: olga.key }, body });
    assert.equal((await operate('take-over')).status, 200);
    const wait = { status: 429, headers: { 'retry-after': '5' }, times: 1 };
    await journey.standIn('POST', `/sink/${customer.room}/control`, { fail: [wait] });
    assert.equal((await operate('reply', { text: 'I am here' })).status, 202);
    await rests(customer, /waiting 5 s/);
    const before = (await customer.events('human_reminded')).length;
    await customer.says(`Hurry! (${customer.word})`);
    await customer.hears(2);
    await eventually(
      'they are reminded',
      async () => (await customer.events('human_reminded')).length > before,
    );
  });

  it('ESC-6 (ACT-5) waits in the queue of a division until somebody else is there, where a tool gave it away', async () => {
    const made = await journey.call('POST', '/v1/divisions', {
      as: 'admin',
      body: { name: `Division ${randomUUID()}` },
    });
    const division = String(made.body['id']);
    const fields = { assign_type: 'division', division_id: division };
    const customer = await calling(3, [{ node_type: ASSIGN, fields }]);
    await script(journey, customer, { calls: [{ name: ASSIGN }] });
    await customer.says(`a person, please (${customer.word})`);
    const outside = await operator();
    const reminded = await happens(customer, 'human_reminded');
    assert.deepEqual([reminded['queued'], reminded['division_id']], [true, division]);
    await outside.present(true);
    const rerouted = await happens(customer, 'human_rerouted');
    assert.equal(rerouted['assignee'], outside.member);
  });
});
