import { strict as assert } from 'node:assert';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { actingCustomer, BUDI, crmOf, script, TAG } from './acting-customer.ts';
import { everyEvent, wordsIn } from './history-words.ts';
import { eventually, openJourney, rareWord } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const PLACE = { crm_pipeline_id: 1, crm_stage_id: 11 };
const NAMED = { ...PLACE, name: 'Lamps for {{customer_name}}', customer_contact_association: true };
const DEAL = { node_type: 'qontak_crm_deal_create', fields: { ...NAMED, creator_id: 7, tags: 'web, new' } };
const TICKET = { node_type: 'qontak_crm_ticket_create', fields: NAMED };
const OPEN_TICKET = { node_type: 'qontak_crm_ticket_create', fields: PLACE };
const UPDATE_DEAL = { node_type: 'qontak_crm_deal_update', fields: {} };
const UPDATE_TICKET = { node_type: 'qontak_crm_ticket_update', fields: {} };

describe('the CRM through the whole product', () => {
  let journey: Journey;
  let crm: ReturnType<typeof crmOf>;
  before(async () => {
    journey = await openJourney();
    crm = crmOf(journey);
  });
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const KINDS = [
    { kind: 'deal', create: DEAL, update: UPDATE_DEAL, extra: { creator_id: 7, tags: ['web', 'new'] } },
    { kind: 'ticket', create: TICKET, update: UPDATE_TICKET, extra: {} },
  ] as const;

  for (const { kind, create, update, extra } of KINDS) {
    it(`ACT-2 (QACT-S01 AC-2; QACT-S01 AC-3; QACT-S01 AC-4; QACT-S02 AC-2; QACT-S02 AC-3; QACT-S03 AC-2; QACT-S04 AC-1) makes and changes a ${kind} in the CRM for the customer it talks to`, async () => {
      const token = await crm.connect();
      const customer = await actingCustomer(journey, [create, update]);
      const watched = await crm.watch();
      await script(journey, customer, { calls: [{ name: create.node_type }] });
      const answer = await customer.asks('lamps, please');
      const [looked, made, ...more] = await watched.entries();
      assert.deepEqual(more, []);
      assert.deepEqual([looked?.method, looked?.path], ['GET', '/api/v3.1/leads']);
      assert.equal(new URLSearchParams(looked?.query).get('phone'), BUDI.phone);
      assert.deepEqual([made?.method, made?.path, made?.status], ['POST', `/api/v3.1/${kind}s`, 201]);
      for (const entry of [looked, made]) assert.equal(entry?.headers['authorization'], `Bearer ${token}`);
      const { crm_lead_ids: leads, ...body } = JSON.parse(made?.body ?? '') as Record<string, unknown>;
      assert.deepEqual(body, { ...PLACE, name: 'Lamps for Budi', ...extra });
      assert.ok(Array.isArray(leads) && leads.length === 1 && Number.isInteger(leads[0]));
      const [call] = await customer.calls();
      assert.equal(made?.headers['x-trace-id'], call?.idempotency_key);
      const id = /(\d+) was created\.$/.exec(answer)?.[1] ?? assert.fail(answer);

      const updated = await crm.watch();
      await script(journey, customer, {
        calls: [{ name: update.node_type, arguments: { id: null, name: 'Three lamps' } }],
      });
      assert.match(await customer.asks('make it three'), new RegExp(` ${id} was updated\\.$`));
      const [put, ...others] = await updated.entries();
      assert.deepEqual(others, []);
      assert.deepEqual(
        [put?.method, put?.path, put?.status, put?.body],
        ['PUT', `/api/v3.1/${kind}s/${id}`, 200, JSON.stringify({ name: 'Three lamps' })],
      );
      assert.equal(put?.headers['authorization'], `Bearer ${token}`);
    });

    it(`ACT-4 (QACT-S03 ERR-1; QACT-S04 ERR-1) sends nothing for a ${kind} that was never made`, async () => {
      await crm.connect();
      const customer = await actingCustomer(journey, [update]);
      const watched = await crm.watch();
      await script(journey, customer, {
        calls: [{ name: update.node_type, arguments: { id: null, name: 'Three lamps' } }],
      });
      assert.match(await customer.asks('make it three'), new RegExp(`has no ${kind} yet`));
      assert.deepEqual(await watched.lines(), []);
      const [failed] = await customer.events('qontak_action_failed');
      assert.equal(failed?.properties['reason'], 'id_unresolved');
    });
  }

  it('ACT-2 (QACT-S01 ERR-1; QACT-S02 ERR-1; QACT-S03 ERR-2) renews a refused token inside a conversation, and nobody notices', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET, UPDATE_TICKET]);
    const before = (await crm.refreshed()).length;
    const watched = await crm.watch();
    await crm.control({ expire_tokens: true });
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(await customer.asks('it flickers'), /Ticket \d+ was created\.$/);
    assert.deepEqual(await watched.lines(), [
      'POST /api/v3.1/tickets 401',
      'POST /api/v3.1/teams/company_token 200',
      'POST /api/v3.1/tickets 201',
    ]);
    const again = await crm.watch();
    await crm.control({ expire_tokens: true });
    await script(journey, customer, {
      calls: [{ name: UPDATE_TICKET.node_type, arguments: { id: null, name: 'It hums' } }],
    });
    assert.match(await customer.asks('it hums'), /Ticket (\d+) was updated\.$/);
    const [refused, , repeated] = await again.entries();
    assert.deepEqual([refused?.method, refused?.status, repeated?.status], ['PUT', 401, 200]);
    assert.deepEqual((await crm.refreshed()).slice(before), [
      { outcome: 'succeeded' },
      { outcome: 'succeeded' },
    ]);
    assert.deepEqual(
      (await customer.calls()).map(({ attempts }) => attempts),
      [1, 1],
    );
  });

  it('ACT-2 (QACT-S01 ERR-1; QACT-S02 ERR-1) talks about a token that cannot be renewed, and alarms once', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    const before = (await crm.refreshed()).length;
    const watched = await crm.watch();
    await crm.control({ expire_tokens: true, refuse_refresh: true });
    const proposes = (name: string) =>
      script(journey, customer, { calls: [{ name: TICKET.node_type, arguments: { name } }] });
    await proposes('It flickers');
    assert.match(await customer.asks('it flickers'), /That did not work: the company token has expired\.$/);
    await proposes('It hums');
    assert.match(await customer.asks('it hums'), /That did not work: the company token has expired\.$/);
    assert.deepEqual(await watched.lines(), [
      'POST /api/v3.1/tickets 401',
      'POST /api/v3.1/teams/company_token 401',
      'POST /api/v3.1/tickets 401',
    ]);
    assert.deepEqual((await crm.refreshed()).slice(before), [{ outcome: 'failed', reason: 'status_401' }]);
    const failed = await customer.events('qontak_action_failed');
    assert.deepEqual(
      failed.map(({ properties }) => properties['reason']),
      ['crm_401', 'crm_401'],
    );
    await crm.connect();
    await proposes('It buzzes');
    assert.match(
      await customer.asks('it buzzes'),
      /Ticket \d+ was created\.$/,
      'a new token is used at once',
    );
  });

  it('ACT-2 (QACT-S01 ERR-1) gives up where the new token is refused as well', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    const before = (await crm.refreshed()).length;
    const watched = await crm.watch();
    await crm.control({ fail: [{ times: -1, match: '/tickets', status: 401 }] });
    for (const name of ['It flickers', 'It hums']) {
      await script(journey, customer, { calls: [{ name: TICKET.node_type, arguments: { name } }] });
      assert.match(await customer.asks(name), /That did not work: /);
    }
    assert.deepEqual(await watched.lines(), [
      'POST /api/v3.1/tickets 401',
      'POST /api/v3.1/teams/company_token 200',
      'POST /api/v3.1/tickets 401',
      'POST /api/v3.1/tickets 401',
    ]);
    assert.deepEqual((await crm.refreshed()).slice(before), [{ outcome: 'succeeded' }]);
  });

  it('ACT-2 hands the CRM’s own words about a refused record to the model, which tells the customer', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    const body = { meta: { status: 422, message: 'the stage is closed' } };
    await crm.control({ fail: [{ match: '/tickets', status: 422, body }] });
    const watched = await crm.watch();
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(await customer.asks('it flickers'), /That did not work: the stage is closed\.$/);
    assert.deepEqual(await customer.results(), [{ ok: false, error: 'the stage is closed' }]);
    assert.deepEqual(await watched.lines(), ['POST /api/v3.1/tickets 422'], 'it is not tried again');
    const [{ state, reason, attempts } = {}] = await customer.calls();
    assert.deepEqual([state, reason, attempts], ['failed', 'crm_422', 1]);
  });

  it('ACT-2 says that nothing was done when the CRM stays too busy', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    await crm.control({ fail: [{ times: -1, match: '/tickets', status: 503 }] });
    const watched = await crm.watch();
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(await customer.asks('it flickers'), /The other system did not answer. Nothing was done\.$/);
    assert.equal((await watched.lines()).length, 3);
    await crm.connect();
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(
      await customer.asks('once more'),
      /Ticket \d+ was created\.$/,
      'a failure is not asked about',
    );
  });

  it('ACT-8 makes one ticket where the CRM works and drops its answer', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    await crm.control({ fail: [{ match: 'It flickers', drop: true, when: 'after' }] });
    const watched = await crm.watch();
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(await customer.asks('it flickers'), /Ticket \d+ was created\.$/);
    assert.deepEqual(await watched.lines(), ['POST /api/v3.1/tickets 201', 'GET /api/v3.1/tickets 200']);
    assert.equal((await customer.calls())[0]?.attempts, 2);
  });

  it('ACT-2 tells nobody that it was done, nor that it was not, while the CRM answers nothing', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    await crm.control({ fail: [{ times: -1, match: '/tickets', drop: true }] });
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    assert.match(await customer.asks('it flickers'), /I cannot tell whether that worked/);
    const [{ state, reason } = {}] = await customer.calls();
    assert.deepEqual([state, reason], ['unknown', 'outcome_unknown']);
    const [unknown] = await customer.events('qontak_action_unknown');
    assert.equal(unknown?.properties['node_type'], TICKET.node_type);
    await crm.control({ reset: true });
    assert.equal((await customer.read())['status'], 'active');
  });

  it('DATA-1 tells the history which tools ran, and none of the words that went in or came out', async () => {
    await crm.connect();
    const words = Array.from({ length: 6 }, rareWord);
    const [said, named, refused, tagged, closing, replied] = words;
    const resolve = { node_type: 'qontak_chat_room_resolve', fields: {} };
    const customer = await actingCustomer(journey, [OPEN_TICKET, TAG, resolve]);
    const body = { meta: { status: 422, message: `no ${refused}` } };
    await crm.control({ fail: [{ match: '/tickets', status: 422, body }] });
    await script(
      journey,
      customer,
      { calls: [{ name: TICKET.node_type, arguments: { name: named } }] },
      { calls: [{ name: TAG.node_type, arguments: { tags: [tagged] } }] },
      { reply: `It is ${replied}.` },
      { calls: [{ name: resolve.node_type, arguments: { closing_message: `Bye, ${closing}.` } }] },
    );
    assert.equal(await customer.asks(`it ${said}`), `It is ${replied}.`);
    assert.equal(await customer.asks('that is all'), `Bye, ${closing}.`);
    await eventually('it is resolved', async () => (await customer.read())['status'] === 'resolved');
    const history = await everyEvent(journey.client, conversationWorkflowId(customer.conversation()));
    const told = wordsIn(history);
    for (const word of [...words, customer.word]) assert.ok(!told.includes(word ?? ''));
    for (const tool of [TICKET.node_type, TAG.node_type]) assert.ok(told.includes(tool), tool);
  });

  it('CONV-5 answers while the CRM is down, and goes on when it is back', async () => {
    await crm.connect();
    const customer = await actingCustomer(journey, [OPEN_TICKET]);
    await script(journey, customer, {
      calls: [{ name: TICKET.node_type, arguments: { name: 'It flickers' } }],
    });
    await journey.stage.end('stand-ins');
    await customer.says(`${customer.word} it flickers`);
    const told = await eventually('the agent has its answer ready', async () =>
      (await journey.messages(customer.conversation())).find(({ from }) => from === 'agent'),
    );
    assert.match(told.text, /The other system did not answer. Nothing was done\.$/);
    assert.equal((await customer.calls())[0]?.state, 'failed');
    await journey.stage.start('stand-ins');
    await customer.hears(1);
    await script(journey, customer, { calls: [{ name: TICKET.node_type, arguments: { name: 'It hums' } }] });
    await customer.says(`${customer.word} it hums`);
    const [, again] = await customer.hears(2);
    assert.match(again?.body.text ?? '', /Ticket \d+ was created\.$/);
  });
});
