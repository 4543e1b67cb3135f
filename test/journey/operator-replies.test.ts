import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { ConversationView } from '../../contract/conversation.ts';
import { actingCustomer } from './acting-customer.ts';
import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { everyEvent, wordsIn } from './history-words.ts';
import { eventually, openJourney, rareWord } from './open-journey.ts';
import type { Answer, Journey } from './open-journey.ts';

describe('what operators answer', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());

  const reply = (customer: GenericCustomer, text: string, headers = {}): Promise<Answer> =>
    journey.call('POST', `/v1/conversations/${customer.conversation()}/reply`, {
      as: 'operator',
      body: { text },
      headers,
    });

  /** Says hello, hears the agent, and is taken over. */
  async function taken(customer: GenericCustomer): Promise<void> {
    await customer.says('Hello');
    await customer.hears(1);
    await customer.isDone();
    assert.equal((await customer.operate('take-over')).status, 200);
  }

  const heard = async (customer: GenericCustomer) =>
    (await customer.arrived()).map(({ body }) => [body.kind, body.text]).slice(1);

  const shown = async (customer: GenericCustomer) =>
    (await journey.messages(customer.conversation()))
      .filter(({ kind }) => kind === 'operator')
      .map(({ from, text, state }) => [from, text, state]);

  it('CHAN-3 brings their words also where the conversation’s workflow is gone', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    await journey.client.workflow
      .getHandle(`conversation/${customer.conversation()}`)
      .terminate('as an engineer might');
    assert.equal((await reply(customer, 'I am Olga')).status, 202);
    await customer.hears(2);
    assert.deepEqual(await heard(customer), [['operator', 'I am Olga']]);
    await customer.isDone();
  });

  it('CONV-9 goes on with a conversation that somebody asks Temporal to cancel', async () => {
    const customer = await genericCustomer(journey);
    await customer.says('Hello');
    await customer.hears(1);
    await customer.isDone();
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    const { runId } = await handle.describe();
    await handle.cancel();
    await customer.says('Still there?');
    await customer.hears(2);
    assert.equal((await customer.operate('take-over')).status, 200);
    assert.equal((await reply(customer, 'I am Olga')).status, 202);
    await customer.hears(3);
    await customer.isDone();
    const { runId: now, status } = await handle.describe();
    assert.deepEqual([now, status.name], [runId, 'RUNNING']);
  });

  it('ESC-5 brings their words to the customer as theirs, and onto the transcript', async () => {
    const word = rareWord();
    const customer = await genericCustomer(journey);
    await taken(customer);
    const answer = await reply(customer, `I am Olga ${word}`);
    assert.equal(answer.status, 202, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['epoch', 'message_id', 'status']);
    assert.equal(answer.body['status'], 'assigned');
    const [, arrived] = await customer.hears(2);
    assert.deepEqual(
      [arrived?.body.kind, arrived?.body.text, arrived?.body.message_id],
      ['operator', `I am Olga ${word}`, answer.body['message_id']],
    );
    await customer.isDone();
    assert.deepEqual(await shown(customer), [['operator', `I am Olga ${word}`, 'sent']]);
    const events = await everyEvent(journey.client, `conversation/${customer.conversation()}`);
    assert.ok(events.length > 0 && events.every((event) => !wordsIn(event).includes(word)));
  });

  it('ESC-5 refuses them with 409 while the agent has the conversation', async () => {
    const customer = await genericCustomer(journey);
    await customer.says('Hello');
    await customer.hears(1);
    const refused = await reply(customer, 'Me too');
    assert.equal(refused.status, 409, refused.text);
    assert.deepEqual([refused.body['owner'], refused.body['conversation_status']], ['agent', 'active']);
    const viewer = await journey.call('POST', `/v1/conversations/${customer.conversation()}/reply`, {
      as: 'viewer',
      body: { text: 'Hello' },
    });
    assert.equal(viewer.status, 403);
    for (const text of ['', ' ', 'x'.repeat(4_001)])
      assert.equal((await reply(customer, text)).status, 422, JSON.stringify(text.slice(0, 3)));
  });

  it('ESC-5 sends them in the order in which they were answered', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    const texts = Array.from({ length: 6 }, (_, n) => `line ${n}`);
    for (const text of texts) assert.equal((await reply(customer, text)).status, 202);
    await customer.hears(7);
    assert.deepEqual(
      await heard(customer),
      texts.map((text) => ['operator', text]),
    );
  });

  it('ESC-5 sends two that come at once, each once', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    const both = await Promise.all(['one', 'two'].map((text) => reply(customer, text)));
    assert.deepEqual(
      both.map(({ status }) => status),
      [202, 202],
    );
    await customer.hears(3);
    const order = (await shown(customer)).map(([, text]) => text);
    assert.deepEqual(order.sort(), ['one', 'two']);
  });

  it('API-4 says the same thing once, however often it is asked with one Idempotency-Key', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    const key = { 'idempotency-key': randomUUID() };
    const first = await reply(customer, 'once', key);
    const again = await reply(customer, 'once', key);
    assert.deepEqual([again.status, again.body], [202, first.body]);
    await customer.hears(2);
    await customer.isDone();
    assert.deepEqual(await heard(customer), [['operator', 'once']]);
  });

  it('ESC-5 holds back what was handed back before it left, and shows that', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    await journey.stage.end('worker');
    assert.equal((await reply(customer, 'too late')).status, 202);
    assert.equal((await customer.operate('hand-back')).status, 200);
    await journey.stage.start('worker');
    await eventually('it is refused', async () => (await shown(customer))[0]?.[2] === 'refused');
    await customer.isDone();
    assert.deepEqual(await heard(customer), []);
    await customer.says('And now?');
    await customer.hears(2);
  });

  it('CONV-10 is remembered by the agent that goes on, and only what was sent', async () => {
    const customer = await actingCustomer(journey, []);
    await customer.asks('Hello');
    await customer.isDone();
    const [kept, lost] = [rareWord(), rareWord()];
    assert.equal((await customer.operate('take-over')).status, 200);
    assert.equal((await reply(customer, `We open at nine ${kept}`)).status, 202);
    await customer.hears(2);
    await customer.isDone();
    await journey.stage.end('worker');
    assert.equal((await reply(customer, `And close at five ${lost}`)).status, 202);
    assert.equal((await customer.operate('hand-back')).status, 200);
    await journey.stage.start('worker');
    await customer.says(`Thanks (${customer.word})`);
    await customer.hears(3);
    const asked = JSON.stringify((await customer.asked()).at(-1)?.messages);
    assert.ok(asked.includes(kept));
    assert.ok(!asked.includes(lost));
  });

  it('ESC-5 shows them to a visitor of the web chat while they are there', async () => {
    const { channels } = journey.stage.dev();
    const base = `${journey.api}/chat/${channels.webchat}`;
    const session = await fetch(`${base}/session`, { method: 'POST' });
    const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const leave = new AbortController();
    const stream = await fetch(`${base}/stream`, { headers: { cookie }, signal: leave.signal });
    let seen = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const piece of stream.body ?? [])
        seen += decoder.decode(piece as Uint8Array, { stream: true });
    })().catch(() => undefined);
    try {
      const room = /=([0-9a-f-]{36})\./.exec(cookie)?.[1] ?? '';
      const posted = await fetch(`${base}/messages`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ id: randomUUID(), text: 'Hello' }),
      });
      assert.equal(posted.status, 202);
      const { id } = await eventually('the conversation is there', async () => {
        const [row] = await journey.sql<{ id: string }>('select id from conversations where room = $1', [
          room,
        ]);
        return row;
      });
      const path = `/v1/conversations/${id}`;
      assert.equal(
        (await journey.call('POST', `${path}/take-over`, { as: 'operator', body: {} })).status,
        200,
      );
      const body = { text: 'I am Olga, live' };
      assert.equal((await journey.call('POST', `${path}/reply`, { as: 'operator', body })).status, 202);
      await eventually('the visitor sees it', () => Promise.resolve(seen.includes(body.text)));
      assert.match(seen, /"kind":"operator"/);
    } finally {
      leave.abort();
      await reading;
    }
  });

  it('ESC-5 does not let them wait for a model that the take-over made needless', async () => {
    const customer = await actingCustomer(journey, []);
    await customer.asks('Hello');
    await customer.isDone();
    await journey.model('POST', '/control', { latency_ms: 30_000 });
    await customer.says(`Think hard (${customer.word})`);
    await eventually('the model thinks', async () => {
      const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
      return ((await handle.describe()).raw.pendingActivities ?? []).length > 0;
    });
    assert.equal((await customer.operate('take-over')).status, 200);
    assert.equal((await reply(customer, 'I am Olga')).status, 202);
    await customer.hears(2);
    await journey.model('POST', '/control', { reset: true });
  });

  it('RUN-3 takes them while Temporal is down, and sends them when it is back', async () => {
    const customer = await genericCustomer(journey);
    await taken(customer);
    await customer.isDone();
    await journey.stage.kill('temporal');
    const answer = await reply(customer, 'though Temporal is down');
    assert.equal(answer.status, 202, answer.text);
    await journey.stage.start('temporal');
    await eventually('it arrives', async () => (await customer.arrived()).length === 2, 50_000);
    assert.deepEqual(await heard(customer), [['operator', 'though Temporal is down']]);
    const state = await journey.client.workflow
      .getHandle(`conversation/${customer.conversation()}`)
      .query<ConversationView>('getState');
    assert.equal(state.status, 'assigned');
  });
});
