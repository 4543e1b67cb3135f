import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { ConversationView } from '../../contract/conversation.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import { actingCustomer, crmOf, script } from './acting-customer.ts';
import type { ActingCustomer } from './acting-customer.ts';
import { everyEvent, wordsIn } from './history-words.ts';
import { deliver, openMetaNumber, sentOver, textWebhook } from './meta.ts';
import { eventually, openJourney, rareWord } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const NOTICES = {
  called: 'Called, {{customer_name}}.',
  waiting: 'Still waiting.',
  closed: 'Closed until {{next_opening}}.',
  nobody_online: 'Nobody is there.',
};
const CALLED = 'Called, Budi.';
const RULES = [
  { name: 'loud', condition: 'text contains "nonsense that nobody says"', reason: 'Loud' },
  { name: 'money', condition: 'billing_dispute and attempts > 0', reason: 'It is about money' },
  { name: 'second', condition: 'billing_dispute', reason: 'Never told' },
];
const TICKET = 'qontak_crm_ticket_create';

describe('escalation', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());
  afterEach(async () => {
    await journey.model('POST', '/control', { reset: true });
    await journey.standIn('POST', '/slack/control', { fail: [] });
  });

  const boss = () => `U0${randomBytes(5).toString('hex').toUpperCase()}`;

  const calling = (settings: Record<string, unknown> = {}, tools: object[] = []) =>
    actingCustomer(journey, tools, {
      escalation_rules: RULES,
      escalation_assignee: boss(),
      escalation_notice: NOTICES,
      ...settings,
    });

  /** Every request to the model that serves this customer. */
  async function modelCalls({ word }: { word: string }): Promise<number> {
    const { entries } = await journey.model('GET', '/journal?limit=1000');
    return (entries as { request: string }[]).filter(({ request }) => request.includes(word)).length;
  }

  /** What people were told of this customer. */
  async function told({ word }: { word: string }): Promise<{ channel: string; text: string }[]> {
    const { messages } = await journey.standIn('GET', '/slack/messages');
    return (messages as { channel: string; text: string }[]).filter(({ text }) => text.includes(word));
  }

  const workflow = (conversation: string) =>
    journey.client.workflow.getHandle(`conversation/${conversation}`);
  const status = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');
  const stands = (customer: ActingCustomer, wanted: string) =>
    eventually(`it is ${wanted} for all who look`, async () => {
      const view = await workflow(customer.conversation()).query<ConversationView>('getState');
      const { typedSearchAttributes } = await workflow(customer.conversation()).describe();
      const read = (await customer.read())['status'];
      return [view.status, typedSearchAttributes.get(status), read].every((seen) => seen === wanted);
    });

  const last = async (customer: ActingCustomer) => (await customer.arrived()).at(-1)?.body;
  const money = 'I want a refund';

  it('ESC-2 answers the customer on where the call of a person fails for good, and begins no turn again', async () => {
    const rule = { name: 'boss', condition: 'text contains "manager"', reason: 'Wants the manager' };
    const customer = await calling({ escalation_rules: [rule] });
    await customer.asks('Hello');
    await journey.sql(`
      create function refuse_call() returns trigger language plpgsql as
        $$ begin raise exception 'no call today' using errcode = 'raise_exception'; end $$`);
    await journey.sql(`
      create trigger refuse_call before insert on events for each row
      when (new.conversation_id = '${customer.conversation()}' and new.name = 'conversation_escalated')
      execute function refuse_call()`);
    try {
      assert.equal(await customer.asks('Give me the manager'), CALLED);
      await customer.says(`Where are you? (${customer.word})`);
      const heard = await customer.hears(3);
      assert.deepEqual(
        heard.map(({ body }) => body.kind),
        ['reply', 'notice', 'reply'],
      );
      await customer.isDone();
    } finally {
      await journey.sql('drop trigger refuse_call on events');
      await journey.sql('drop function refuse_call()');
    }
    const rows = await journey.sql<{ turn: number }>(
      `select turn from inbox where conversation_id = $1 and kind = 'message' order by seq`,
      [customer.conversation()],
    );
    assert.deepEqual(
      rows.map(({ turn }) => turn),
      [1, 2, 3],
    );
  });

  it('ESC-1 (ESC Task 1.1; ESC Task 1.2) calls a person in place of the answer where a rule matches, and shows it everywhere', async () => {
    const customer = await calling();
    assert.equal(await customer.asks(money), CALLED);
    assert.equal((await last(customer))?.kind, 'notice');
    assert.ok((await modelCalls(customer)) > 0, 'the rules come behind the answer');
    await stands(customer, 'escalated');
    const listed = await journey.call('GET', `/v1/conversations?status=escalated&agent=${customer.agent}`, {
      as: 'viewer',
    });
    assert.deepEqual(
      (listed.body['data'] as { id: string }[]).map(({ id }) => id),
      [customer.conversation()],
    );
    const audit = await journey.call('GET', '/v1/audit?limit=100', { as: 'viewer' });
    const entries = (audit.body['data'] as Record<string, unknown>[]).filter(
      ({ action, subject }) => action === 'conversation.escalated' && subject === customer.conversation(),
    );
    assert.equal(entries.length, 1);
    const [event, ...more] = await customer.events('conversation_escalated');
    assert.deepEqual(more, []);
    assert.equal(event?.properties['rule'], 'money');
    const [dm] = await eventually('the person is told', async () => {
      const all = await told(customer);
      return all.length > 0 && all;
    });
    assert.match(dm?.channel ?? '', /^D/);
    assert.match(dm?.text ?? '', /It is about money[^]*I want a refund/);
    assert.ok(dm?.text.includes(`/v1/conversations/${customer.conversation()}`));
    const steps = await journey.messages(customer.conversation());
    assert.deepEqual(
      steps.map(({ from, text }) => [from, text]).slice(1),
      [['system', CALLED]],
      'the answer of the model is nowhere',
    );
  });

  it('ESC-3 (ESC Task 1.3) asks no model any more, gives one notice in each quiet period, and passes all on', async () => {
    const customer = await calling({ quiet_period_seconds: 3_600 });
    assert.equal(await customer.asks(money), CALLED);
    await stands(customer, 'escalated');
    const before = await modelCalls(customer);
    await customer.says(`Hello? (${customer.word})`);
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 1);
    const passed = (await journey.messages(customer.conversation())).at(-1);
    assert.deepEqual([passed?.from, passed?.state], ['customer', 'passed_on']);
    await eventually('the person is told of it', async () =>
      (await told(customer)).some(({ text }) => text.includes('Hello?')),
    );
    await customer.change({ quiet_period_seconds: 0 });
    assert.equal(await customer.asks('Anybody?'), 'Still waiting.');
    assert.equal((await last(customer))?.kind, 'notice');
    await eventually('the person is told of this too', async () =>
      (await told(customer)).some(({ text }) => text.includes('Anybody?')),
    );
    await customer.change({ quiet_period_seconds: 3_600 });
    await customer.says(`Well (${customer.word})`);
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 2);
    assert.equal(await modelCalls(customer), before);
  });

  it('ESC-5 is silent for who takes it over, and answers again once it was handed back', async () => {
    const customer = await calling();
    await customer.asks(money);
    await stands(customer, 'escalated');
    assert.equal((await customer.operate('take-over')).status, 200);
    await stands(customer, 'assigned');
    await customer.says(`Hello? (${customer.word})`);
    await customer.isDone();
    assert.equal((await customer.arrived()).length, 1);
    assert.equal((await customer.operate('hand-back')).status, 200);
    await stands(customer, 'active');
    await customer.change({ escalation_rules: [] });
    await script(journey, customer, { reply: 'Here I am again.' });
    assert.equal(await customer.asks('And now?'), 'Here I am again.');
    await stands(customer, 'active');
    await customer.change({ escalation_rules: RULES });
    assert.equal(await customer.asks(money), CALLED, 'it may be escalated again');
    await stands(customer, 'escalated');
    assert.equal((await customer.operate('resolve')).status, 200);
    await eventually('it is resolved', async () => (await customer.read())['status'] === 'resolved');
  });

  it('ESC-2 (ESC Task 1.2) answers as always where nobody is named to be called, and says so by an event', async () => {
    const customer = await calling({ escalation_assignee: null });
    await script(journey, customer, { reply: 'The usual answer.' });
    assert.equal(await customer.asks(money), 'The usual answer.');
    const [event] = await customer.events('escalation_without_assignee');
    assert.equal(event?.properties['rule'], 'money');
    assert.equal((await customer.read())['status'], 'active');
    assert.deepEqual(await told(customer), []);
  });

  it('ESC-1 (ESC Task 1.1) hears who asks for a person in plain words, where the agent has that on', async () => {
    const rules = { escalation_rules: [] };
    const on = await calling({ ...rules, natural_language_escalation: true });
    assert.equal(await on.asks('Let me talk to a person, please'), CALLED);
    await stands(on, 'escalated');
    const [event] = await on.events('conversation_escalated');
    assert.equal(event?.properties['rule'], 'asked_for_a_person');
    const off = await calling(rules);
    await script(journey, off, { reply: 'I am all there is.' });
    assert.equal(await off.asks('Let me talk to a person, please'), 'I am all there is.');
    assert.equal((await off.read())['status'], 'active');
  });

  it('ESC-3 (ESC Task 1.3) calls a person before a question is asked, and never does what was not asked', async () => {
    const crm = crmOf(journey);
    await crm.connect();
    const watched = await crm.watch();
    const fields = { crm_pipeline_id: 1, crm_stage_id: 11 };
    const customer = await calling({}, [{ node_type: TICKET, fields, requires_confirmation: true }]);
    await script(journey, customer, { calls: [{ name: TICKET, arguments: { name: 'A refund' } }] });
    assert.equal(await customer.asks(money), CALLED);
    await stands(customer, 'escalated');
    await eventually('the call is cancelled', async () => (await customer.calls())[0]?.state === 'cancelled');
    const before = await modelCalls(customer);
    await customer.says(`yes (${customer.word})`);
    await customer.isDone();
    assert.equal(await modelCalls(customer), before);
    assert.deepEqual(await watched.lines(), []);
  });

  it('ESC-3 (ESC Task 1.3) takes no yes for an answer once a person was called', async () => {
    const crm = crmOf(journey);
    await crm.connect();
    const watched = await crm.watch();
    const fields = { crm_pipeline_id: 1, crm_stage_id: 11 };
    const customer = await calling({}, [{ node_type: TICKET, fields, requires_confirmation: true }]);
    await script(journey, customer, { calls: [{ name: TICKET, arguments: { name: 'A lamp' } }] });
    assert.match(await customer.asks('The lamp flickers'), /yes or no/);
    assert.equal(await customer.asks('no, what about my invoice?'), CALLED);
    await stands(customer, 'escalated');
    await customer.says(`yes (${customer.word})`);
    await customer.isDone();
    assert.deepEqual(await watched.lines(), []);
    assert.equal((await customer.calls())[0]?.state, 'cancelled');
  });

  it('ESC-7 tells the truth outside the business hours, and when nobody is there', async () => {
    const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    const tomorrow = day[(new Date().getUTCDay() + 2) % 7] ?? '';
    const hours = { time_zone: 'UTC', weekly: { [tomorrow]: [['09:00', '17:00']] } };
    const closed = await calling({ business_hours: hours });
    const heard = await closed.asks(money);
    assert.match(heard, /^Closed until .*09:00\.$/);
    await stands(closed, 'escalated');
    const online = await journey.sql<{ id: string }>(
      'update members set online = false where online returning id',
    );
    const alone = await calling();
    assert.equal(await alone.asks(money), 'Nobody is there.');
    await journey.sql('update members set online = true where id = any($1)', [online.map(({ id }) => id)]);
  });

  it('ESC-1 calls a person also where the model has failed, besides the fallback', async () => {
    const customer = await calling({ fallback_reply: 'Not now.' });
    await journey.model('POST', '/control', { fail: [{ match: customer.word, status: 400, times: -1 }] });
    await customer.says(`${money} (${customer.word})`);
    assert.deepEqual(
      (await customer.hears(2)).map(({ body }) => [body.kind, body.text]),
      [
        ['fallback', 'Not now.'],
        ['notice', 'Called.'],
      ],
    );
    await stands(customer, 'escalated');
    const [event, ...more] = await customer.events('conversation_escalated');
    assert.deepEqual([event?.properties['rule'], more], ['money', []]);
    await eventually('the person is told', async () => (await told(customer)).length > 0);
  });

  it('ESC-2 names the member who is called on the live stream, and writes to them where Slack knows them', async () => {
    const person = { name: 'Olga', role: 'operator', slack_user_id: boss() };
    const made = await journey.call('POST', '/v1/members', { as: 'admin', body: person });
    const customer = await calling({ escalation_assignee: made.body['id'] });
    assert.equal(await customer.asks(money), CALLED);
    await stands(customer, 'escalated');
    const [event] = await customer.events('conversation_escalated');
    assert.equal(event?.properties['assignee'], made.body['id']);
    const [dm] = await eventually('they are told', async () => {
      const all = await told(customer);
      return all.length > 0 && all;
    });
    assert.match(dm?.text ?? '', /It is about money/);
  });

  it('ESC-2 serves the customer while Slack is away', async () => {
    await journey.standIn('POST', '/slack/control', { fail: [{ times: -1, drop: true }] });
    const customer = await calling({ quiet_period_seconds: 0 });
    assert.equal(await customer.asks(money), CALLED);
    await stands(customer, 'escalated');
    assert.equal(await customer.asks('Hello?'), 'Still waiting.');
    assert.equal((await customer.operate('take-over')).status, 200);
    const body = { text: 'Here I am' };
    const path = `/v1/conversations/${customer.conversation()}/reply`;
    assert.equal((await journey.call('POST', path, { as: 'operator', body })).status, 202);
    await customer.hears(3);
    assert.deepEqual(await told(customer), []);
  });

  it('ESC-4 (ESC Task 1.4; ESC Task 1.5; ESC Task 1.6) tells who works in Slack of a customer on WhatsApp, who hears it there', async () => {
    const word = rareWord();
    const agent = await journey.makeAgent({
      escalation_rules: RULES,
      escalation_assignee: boss(),
      escalation_notice: NOTICES,
    });
    const number = await openMetaNumber(journey, agent);
    const id = `wamid.${randomBytes(24).toString('base64')}`;
    const waId = `62${String(randomBytes(5).readUIntBE(0, 5)).padStart(13, '8')}`;
    const body = textWebhook(number, { id, text: `${money} ${word}`, name: 'Budi', waId });
    assert.equal((await deliver(journey, number, body)).status, 200);
    const [sent] = await eventually('the notice arrives', async () => {
      const all = await sentOver(journey, number);
      return all.length > 0 && all;
    });
    assert.deepEqual([sent?.to, sent?.body.text.body], [waId, CALLED]);
    assert.ok(sent?.authorization.includes(number.accessToken));
    const [dm] = await eventually('the person is told', async () => {
      const all = await told({ word });
      return all.length > 0 && all;
    });
    assert.match(dm?.text ?? '', /on whatsapp/);
  });

  it('CONV-8 leaves no word of the customer, the rules or the notices in the history', async () => {
    const customer = await calling({ quiet_period_seconds: 0 });
    await customer.asks(money);
    await customer.asks('Hello?');
    await eventually('the person is told', async () => (await told(customer)).length > 0);
    const events = await everyEvent(journey.client, `conversation/${customer.conversation()}`);
    const history = events.map(wordsIn).join('\n');
    assert.ok(history.includes('money'), 'the name of the rule is there');
    for (const words of [customer.word, 'refund', 'It is about money', 'Called,', 'Still waiting', 'Budi'])
      assert.ok(!history.includes(words), words);
  });
});
