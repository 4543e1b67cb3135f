import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { genericCustomer, type GenericCustomer } from './generic-customer.ts';
import { everyEvent, summaryOf, wordsIn } from './history-words.ts';
import { eventually, openJourney, rareWord, type Journey, type Step } from './open-journey.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('journey over the generic channel', () => {
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
  });
  after(() => journey?.close());
  afterEach(() => journey?.model('POST', '/control', { reset: true }));

  const inTurns = async (customer: GenericCustomer) =>
    (await customer.arrived()).map(({ body }) => body.in_reply_to);

  const modelFails = (...fail: object[]) => journey.model('POST', '/control', { fail });

  /** The conversation has given its messages to the turn; its model call is under way. */
  const turnBegan = (customer: GenericCustomer, turn: number) =>
    eventually(`turn ${turn} begins`, async () => {
      const [row] = await journey.sql<{ turn: number }>('select turn from conversations where id = $1', [
        customer.conversation(),
      ]);
      return row?.turn === turn;
    });

  const contentsOf = (step: Step | undefined) => step?.request.messages.map(({ content }) => content) ?? [];

  it('CHAN-1 answers a message with the documented body, signed, under a webhook-id of its own', async () => {
    const customer = await genericCustomer(journey);
    const id = randomUUID();
    const posted = await customer.post({
      id,
      text: 'Hello',
      customer: { id: 'c-1', name: 'Nadia', phone: '+628125550100' },
      at: new Date().toISOString(),
    });
    assert.equal(posted.status, 202);
    const { message_id, conversation_id, ...rest } = posted.body;
    assert.deepEqual(rest, { duplicate: false });
    assert.match(String(message_id), UUID);

    const [reply] = await customer.hears(1);
    assert.ok(reply);
    const { text, message_id: replyId, at, ...fixed } = reply.body;
    assert.deepEqual(fixed, { conversation_id, room: customer.room, kind: 'reply', in_reply_to: [id] });
    assert.match(replyId, UUID);
    assert.equal(new Date(at).toISOString(), at);
    assert.ok(text.length > 0);
    assert.equal(reply.headers['webhook-id'], replyId);
    assert.equal(reply.headers['content-type'], 'application/json');
    assert.deepEqual(new Webhook(customer.secret).verify(reply.raw, reply.headers), reply.body);

    const [question, answer] = await eventually('the reply is known as sent', async () => {
      const all = await journey.messages(String(conversation_id));
      return all[1]?.state === 'sent' && all;
    });
    assert.equal(question?.id, message_id);
    assert.equal(question?.provider_message_id, id);
    assert.equal(answer?.id, replyId);
    assert.equal(answer?.text, text);
  });

  it('CHAN-5 keeps the webhook-id over the repeats of a reply', async () => {
    const customer = await genericCustomer(journey);
    const fail = [
      { status: 503, times: 1 },
      { drop: true, when: 'after', times: 1 },
    ];
    await journey.standIn('POST', `/sink/${customer.room}/control`, { fail });
    await customer.says('Are you there?');
    await customer.isDone();
    const arrived = await customer.arrived();
    assert.deepEqual(
      arrived.map(({ repeat }) => repeat),
      [0, 1],
    );
    assert.equal(new Set(arrived.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(arrived.map(({ raw }) => raw)).size, 1);
  });

  it("CONV-3 answers a burst together, in the order of the provider's times", async () => {
    const customer = await genericCustomer(journey, { wait_time_seconds: 1, wait_cap_seconds: 10 });
    const at = (second: number) => new Date(Date.UTC(2026, 0, 5, 9, 0, second)).toISOString();
    const script = [{ when: '', reply: '{{messages}}' }];
    await journey.model('POST', '/control', { script });
    const third = await customer.says('three', { at: at(3) });
    const first = await customer.says('one', { at: at(1) });
    const second = await customer.says('two', { at: at(2) });
    const [reply] = await customer.hears(1);
    assert.equal(reply?.body.text, 'one | two | three');
    assert.deepEqual(reply?.body.in_reply_to, [first, second, third]);
    assert.deepEqual(
      (await journey.messages(customer.conversation())).map((message) => message.text),
      ['one', 'two', 'three', 'one | two | three'],
    );
  });

  it('CONV-3 waits for nothing where the wait is 0, and no longer than the cap where messages keep coming', async () => {
    const alone = await genericCustomer(journey, { wait_time_seconds: 0 });
    await alone.says('Hello');
    await alone.hears(1);
    const events = await everyEvent(journey.client, conversationWorkflowId(alone.conversation()));
    assert.ok(events.length > 5 && events.every((event) => !event.timerStartedEventAttributes));

    const chatty = await genericCustomer(journey, { wait_time_seconds: 3, wait_cap_seconds: 4 });
    const ids: string[] = [];
    const began = performance.now();
    while ((await chatty.arrived()).length === 0) {
      assert.ok(performance.now() - began < 20_000, 'messages that keep coming keep the answer away');
      ids.push(await chatty.says(`message ${ids.length}`));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await eventually('every message is answered once', async () => {
      const answered = (await inTurns(chatty)).flat();
      return answered.length === ids.length && answered.every((id, index) => id === ids[index]);
    });
  });

  it('CONV-4 answers messages behind a running turn together, in the next', async () => {
    const customer = await genericCustomer(journey, { regroup: false });
    const word = rareWord();
    await modelFails({ match: word, delay_ms: 1500, times: 1 });
    const first = await customer.says(`${word} first`);
    await turnBegan(customer, 1);
    const second = await customer.says('second');
    const third = await customer.says('third');
    await customer.hears(2);
    assert.deepEqual(await inTurns(customer), [[first], [second, third]]);
  });

  it('CONV-4 starts a turn over with what came during it, before anything of it went out', async () => {
    const customer = await genericCustomer(journey, { regroup: true });
    const word = rareWord();
    await modelFails({ match: word, delay_ms: 1500, times: 1 });
    const first = await customer.says(`${word} first`);
    await turnBegan(customer, 1);
    const second = await customer.says('second');
    await customer.hears(1);
    await customer.isDone();
    assert.deepEqual(await inTurns(customer), [[first, second]]);
  });

  it('CONV-1 stores a message once, however often and whenever it is posted', async () => {
    const customer = await genericCustomer(journey);
    const message = { id: randomUUID(), text: 'Once' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => customer.post(message)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    assert.equal(answers.filter(({ body }) => body['duplicate'] === false).length, 1);
    assert.equal(new Set(answers.map(({ body }) => body['message_id'])).size, 1);
    await customer.hears(1);
    const late = await customer.post({ ...message, text: 'Once, in other words' });
    assert.equal(late.body['duplicate'], true);
    const next = await customer.says('Next');
    await customer.hears(2);
    assert.deepEqual(await inTurns(customer), [[message.id], [next]]);
  });

  it('INT-1 lets the personality of the core intent answer, and traces both model calls', async () => {
    const customer = await genericCustomer(journey, {
      prompt: 'You are the general voice.',
      personalities: {
        billing: { name: 'Bo', prompt: 'You are Bo of the billing desk.', tone: 'patient' },
        technical: { name: 'Tara', prompt: 'You are Tara, who mends things.' },
      },
    });
    const voices: [string, RegExp][] = [
      ['I was charged twice and want a refund', /^You are Bo of the billing desk\.\nTone: patient\n/],
      ['Aplikasinya eror terus, tidak bisa dibuka', /^You are Tara, who mends things\.\n/],
      ['شكرا لكم، مع السلامة', /^You are the general voice\.\n/],
    ];
    for (const [turn, [text, voice]] of voices.entries()) {
      await customer.says(text);
      await customer.hears(turn + 1);
      const steps = (await journey.steps(customer.conversation())).filter((step) => step.turn === turn + 1);
      assert.deepEqual(
        steps.map(({ kind }) => kind),
        ['understand', 'answer'],
      );
      const [understanding, answer] = steps as [Step, Step];
      assert.equal(understanding.request.schema?.name, 'understanding');
      assert.match(contentsOf(answer)[0] ?? '', voice);
      for (const step of steps) {
        assert.equal(contentsOf(step).at(-1), text);
        assert.ok((step.response?.text ?? '') !== '');
        assert.ok(step.input_tokens > 0 && step.output_tokens > 0 && step.duration_ms >= 0);
        assert.ok(step.model !== null && step.failure === null);
      }
      assert.equal((await customer.arrived())[turn]?.body.text, answer.response?.text);
    }
  });

  it('CONV-5 ends a model that fails for good in the fallback reply and an event', async () => {
    const fallback = 'One moment please; a colleague will write to you.';
    const customer = await genericCustomer(journey, { fallback_reply: fallback });
    const word = rareWord();
    await modelFails({ match: word, status: 400, times: -1 });
    await customer.says(`${word}?`);
    const [reply] = await customer.hears(1);
    assert.equal(reply?.body.kind, 'fallback');
    assert.equal(reply?.body.text, fallback);
    const events = await journey.call('GET', '/v1/events?limit=100&name=turn_fell_back', { as: 'viewer' });
    const own = (events.body['data'] as Record<string, unknown>[]).filter(
      (event) => event['conversation_id'] === customer.conversation(),
    );
    assert.deepEqual(
      own.map(({ name, properties }) => [name, properties]),
      [['turn_fell_back', { turn: 1, reason: 'MODEL_REFUSED' }]],
    );
    const steps = await journey.steps(customer.conversation());
    assert.ok(steps.length > 0 && steps.every(({ failure }) => failure === 'MODEL_REFUSED'));
    // The conversation goes on.
    await modelFails();
    await customer.says('Hello');
    assert.equal((await customer.hears(2))[1]?.body.kind, 'reply');
  });

  it('CONV-5 asks a throttled model again, not before its Retry-After', async () => {
    const customer = await genericCustomer(journey);
    const word = rareWord();
    const throttled = { match: word, status: 429, headers: { 'retry-after': '3' }, when: 'after', times: 1 };
    await modelFails(throttled);
    await customer.says(`Hello ${word}`);
    const [reply] = await customer.hears(1);
    assert.equal(reply?.body.kind, 'reply');
    const { entries } = await journey.model('GET', '/journal');
    const [first, second, ...more] = (entries as { at: number; request: string }[])
      .filter(({ request }) => request.includes(word))
      .map(({ at }) => at);
    assert.deepEqual(more, []);
    assert.ok(first !== undefined && second !== undefined && second - first >= 3000, `${first} ${second}`);
    assert.deepEqual(
      (await journey.steps(customer.conversation())).map(({ kind, failure }) => [kind, failure]),
      [
        ['answer', 'MODEL_RATE_LIMITED'],
        ['answer', null],
      ],
    );
  });

  it('CONV-10 remembers what was said, beyond the window by a summary, in a reopened conversation too', async () => {
    const customer = await genericCustomer(journey, { message_limit: 4 });
    let replies = 0;
    const says = async (text: string) => {
      await customer.says(text);
      return (await customer.hears((replies += 1))).at(-1)?.body.text ?? '';
    };
    await says('Hello, my name is Layla');
    assert.match(await says('What is my name?'), /Layla/);
    for (const text of ['Where is order 4711?', 'And a refund?', 'Thanks', 'One more thing', 'Hello again'])
      await says(text);
    const summary = await eventually('a summary is written', async () =>
      (await journey.steps(customer.conversation())).find(({ kind }) => kind === 'summarise'),
    );
    assert.match(summary.response?.text ?? '', /Layla/);
    await customer.isDone();
    assert.equal((await customer.operate('resolve')).status, 200);
    assert.match(await says('Do you remember my name?'), /Layla/);
    const last = (await journey.steps(customer.conversation())).findLast(({ kind }) => kind === 'answer');
    const sent = contentsOf(last).slice(1);
    assert.ok(sent.some((content) => content.includes('summary_of_earlier_messages')));
    assert.ok(!sent.includes('Hello, my name is Layla'), 'the window is no larger than the limit');
  });

  it('ESC-5 is silent while a person has the conversation, and answers again after the hand-back', async () => {
    const customer = await genericCustomer(journey);
    const first = await customer.says('Hello');
    await customer.hears(1);
    const taken = await customer.operate('take-over');
    assert.equal(taken.status, 200);
    const { owner, epoch, in_flight } = taken.body;
    assert.deepEqual([owner, in_flight], ['operator', []]);
    assert.equal((await customer.operate('take-over')).status, 409);

    const unheard = await customer.says('Is a person there?');
    await eventually('the message is put aside for the person', async () =>
      (await journey.messages(customer.conversation())).some(({ state }) => state === 'operator_has_it'),
    );
    const handle = journey.client.workflow.getHandle(conversationWorkflowId(customer.conversation()));
    assert.equal((await handle.query<{ status: string }>('getState')).status, 'assigned');

    const back = await customer.operate('hand-back');
    assert.equal(back.status, 200);
    assert.equal(back.body['owner'], 'agent');
    assert.ok(Number(back.body['epoch']) > Number(epoch));
    const last = await customer.says('And now?');
    await customer.hears(2);
    assert.deepEqual(await inTurns(customer), [[first], [last]]);
    const steps = await journey.steps(customer.conversation());
    assert.equal(steps.length, 2, 'no model was asked in between');
    const known = await journey.messages(customer.conversation());
    assert.equal(known.find((message) => message.provider_message_id === unheard)?.state, 'operator_has_it');
    assert.ok(contentsOf(steps[1]).includes('Is a person there?'), 'what the person had is remembered');
  });

  it('ESC-5 sends nothing that was planned before a take-over', async () => {
    const customer = await genericCustomer(journey);
    const word = rareWord();
    await modelFails({ match: word, delay_ms: 1500, times: 1 });
    await customer.says(`${word} hello`);
    await turnBegan(customer, 1);
    assert.equal((await customer.operate('take-over')).status, 200);
    await customer.isDone();
    await eventually('the conversation has settled', async () => {
      const rows = await journey.sql<{ state: string }>(
        'select state from outbound where conversation_id = $1',
        [customer.conversation()],
      );
      return rows.every(({ state }) => state === 'refused');
    });
    assert.deepEqual(await customer.arrived(), []);
  });

  it('CONV-7 ends the run on resolve and opens the room again with the next message', async () => {
    const customer = await genericCustomer(journey);
    await customer.says('Hello');
    await customer.hears(1);
    const conversation = customer.conversation();
    const handle = journey.client.workflow.getHandle(conversationWorkflowId(conversation));
    const resolved = await customer.operate('resolve');
    assert.equal(resolved.body['status'], 'resolved');
    await eventually('the run ends', async () => (await handle.describe()).status.name === 'COMPLETED');
    assert.equal((await customer.operate('resolve')).status, 409);

    await customer.says('Me again');
    const [, reply] = await customer.hears(2);
    assert.equal(reply?.body.conversation_id, conversation);
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    const read = await journey.call('GET', `/v1/conversations/${conversation}`, { as: 'viewer' });
    assert.deepEqual([read.body['status'], read.body['turn']], ['active', 2]);
  });

  it('CONV-8 tells an engineer in Temporal what each conversation is and does, without a word of it', async () => {
    const personalities = {
      billing: { name: 'Bo', prompt: 'Billing.' },
      sales: { name: 'Sam', prompt: 'Sales.' },
    };
    const customer = await genericCustomer(journey, { personalities, wait_time_seconds: 1 });
    await customer.says('I want a refund for invoice 77123');
    await customer.hears(1);
    await customer.isDone();
    const workflowId = conversationWorkflowId(customer.conversation());
    const handle = journey.client.workflow.getHandle(workflowId);
    assert.deepEqual(await handle.query('getState'), {
      status: 'active',
      owner: 'agent',
      epoch: 1,
      turn: 1,
      buffered: 0,
      doing: 'waiting for a message',
      awaitedDeliveries: 0,
      callsUnderWay: 0,
      openCall: null,
      queued: false,
      assignee: null,
      idleStep: null,
      openApprovals: [],
      watch: null,
    });
    const { organisation } = journey.stage.dev();
    const listed = async (status: string) => {
      const query = `Organisation = '${organisation}' AND Agent = '${customer.agent}' AND Channel = 'generic' AND ConversationStatus = '${status}'`;
      const found: string[] = [];
      for await (const run of journey.client.workflow.list({ query })) found.push(run.workflowId);
      return found;
    };
    await eventually('it is found as active', async () => (await listed('active'))[0] === workflowId);
    assert.equal((await customer.operate('take-over')).status, 200);
    await eventually('it is found as assigned', async () => (await listed('assigned'))[0] === workflowId);
    assert.deepEqual(await listed('active'), []);

    const described = await handle.describe();
    assert.equal(await described.staticSummary(), 'generic conversation');
    const shown = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.match(wordsIn(shown), /operator has it/);
    const summaries = (await everyEvent(journey.client, workflowId)).map(summaryOf);
    assert.ok(summaries.includes('turn 1, billing'), summaries.join());
    assert.ok(summaries.includes('more messages?'), summaries.join());
  });
});
