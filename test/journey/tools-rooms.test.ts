import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { defineSearchAttributeKey } from '@temporalio/common';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import { getStateQuery } from '../../contract/signals.ts';
import { actingCustomer, script, TAG } from './acting-customer.ts';
import type { ActingCustomer } from './acting-customer.ts';
import { eventually, openJourney, rareWord } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

const ASSIGN = 'qontak_chat_room_assign';
const RESOLVE = 'qontak_chat_room_resolve';
const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');

interface Operator {
  id: string;
  comes(capacity?: number): Promise<Record<string, unknown>>;
  goes(): Promise<void>;
}

describe('the agent’s tools for the conversation itself', () => {
  let journey: Journey;
  before(async () => {
    journey = await openJourney();
    // The example's person on duty would take part in every round.
    await made('PUT', '/v1/me/presence', 'operator', { online: false });
  });
  after(() => journey?.close());
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  async function made(
    method: string,
    path: string,
    as: 'admin' | 'operator' | { key: string },
    body: object,
  ): Promise<Record<string, unknown>> {
    const answer = await journey.call(method, path, { as, body });
    if (answer.status >= 300)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer.body;
  }

  async function operator(divisions: string[] = []): Promise<Operator> {
    const member = await made('POST', '/v1/members', 'admin', {
      name: rareWord(),
      role: 'operator',
      divisions,
    });
    const id = member['id'] as string;
    const { key } = await made('POST', '/v1/keys', 'admin', {
      name: rareWord(),
      role: 'operator',
      member_id: id,
    });
    const presence = (body: object) => made('PUT', '/v1/me/presence', { key: key as string }, body);
    return {
      id,
      comes: (capacity = 10) => presence({ online: true, capacity }),
      goes: async () => void (await presence({ online: false })),
    };
  }
  const division = async (): Promise<string> =>
    (await made('POST', '/v1/divisions', 'admin', { name: rareWord() }))['id'] as string;

  const assigns = (fields: object = {}) => ({ node_type: ASSIGN, fields });
  /** A customer whose agent does this as soon as it hears a word. */
  async function whoseAgent(
    does: { name: string; arguments?: object },
    tools: object[],
  ): Promise<ActingCustomer> {
    const customer = await actingCustomer(journey, tools);
    await script(journey, customer, { calls: [does], times: 9 });
    return customer;
  }
  async function isGone(customer: ActingCustomer): Promise<Record<string, unknown>> {
    await customer.says(`I want to talk to somebody (${customer.word})`);
    await customer.isDone();
    return eventually('a person has it', async () => {
      const read = await customer.read();
      return read['owner'] === 'operator' && read;
    });
  }
  const assigneeOf = async (customer: ActingCustomer) => (await isGone(customer))['assignee'];
  const workflow = (customer: ActingCustomer) =>
    journey.client.workflow.getHandle(conversationWorkflowId(customer.conversation()));

  /** What a person has, the agent leaves alone: nothing is asked of the model, and nothing is sent. */
  async function isSilent(customer: ActingCustomer): Promise<void> {
    const [asked, heard] = [(await customer.asked()).length, (await customer.arrived()).length];
    await customer.says(`hello? (${customer.word})`);
    await customer.isDone();
    const settled = await journey.sql<{ settled_reason: string }>(
      `select settled_reason from inbox where conversation_id = $1 and kind = 'message' order by seq desc limit 1`,
      [customer.conversation()],
    );
    assert.equal(settled[0]?.settled_reason, 'operator_has_it');
    assert.deepEqual([(await customer.asked()).length, (await customer.arrived()).length], [asked, heard]);
  }
  /** As a query, a search attribute and the API tell it. */
  async function showsEverywhere(customer: ActingCustomer, status: string, queued: boolean): Promise<void> {
    const view = await workflow(customer).query(getStateQuery);
    assert.deepEqual([view.status, view.owner, view.queued], [status, 'operator', queued]);
    const { typedSearchAttributes } = await workflow(customer).describe();
    assert.equal(typedSearchAttributes.get(STATUS), status);
    assert.equal((await customer.read())['status'], status);
  }

  describe('assign', () => {
    it('ACT-5 (QACT-S05 AC-1) goes round those who are online, up to what each takes, and queues the rest', async () => {
      const [ana, bima] = [await operator(), await operator()];
      await Promise.all([ana.comes(2), bima.comes(1)]);
      const turns: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        const customer = await whoseAgent({ name: ASSIGN }, [assigns({ assign_type: 'auto' })]);
        turns.push(await assigneeOf(customer));
        await showsEverywhere(customer, 'assigned', false);
      }
      assert.deepEqual(turns.slice(0, 2).toSorted(), [ana.id, bima.id].toSorted(), 'one each');
      assert.equal(turns[2], ana.id, 'the other has no room left');
      const waiting = await whoseAgent({ name: ASSIGN }, [assigns({ assign_type: 'auto' })]);
      const read = await isGone(waiting);
      assert.equal(read['assignee'], null);
      assert.deepEqual(Object.keys(read['queue'] as object), ['division_id', 'since']);
      await Promise.all([ana.goes(), bima.goes()]);
      await waiting.operate('resolve');
    });

    it('ACT-5 (QACT-S05 AC-2) stays inside the division', async () => {
      const own = await division();
      const [inside, outside] = [await operator([own]), await operator()];
      await Promise.all([inside.comes(), outside.comes()]);
      const tool = assigns({ assign_type: 'division', division_id: own });
      for (let n = 0; n < 2; n++)
        assert.equal(await assigneeOf(await whoseAgent({ name: ASSIGN }, [tool])), inside.id);
      await Promise.all([inside.goes(), outside.goes()]);
    });

    it('ACT-5 (QACT-S05 AC-3) gives it to the operator who is named, and the closing message is the last', async () => {
      const ana = await operator();
      const closing = 'Ana goes on from here, {{customer_name}}.';
      const tool = assigns({ assign_type: 'agent', agent_id: ana.id, closing_message: closing });
      const customer = await whoseAgent({ name: ASSIGN }, [tool]);
      const answer = await customer.asks('I want to talk to somebody');
      assert.equal(answer, 'Ana goes on from here, Budi.');
      const read = await customer.read();
      assert.deepEqual([read['assignee'], read['status'], read['queue']], [ana.id, 'assigned', null]);
      await isSilent(customer);
      await showsEverywhere(customer, 'assigned', false);
      const [only, ...more] = await customer.arrived();
      assert.deepEqual([only?.body.kind, more], ['closing', []]);
      assert.equal((await customer.asked()).length, 1, 'the model is not asked for more');
    });

    it('ACT-5 shows a conversation for which nobody is there: in its queue, as escalated, the agent silent', async () => {
      const own = await division();
      const tool = assigns({ assign_type: 'division', division_id: own, closing_message: 'Please wait.' });
      const customer = await whoseAgent({ name: ASSIGN }, [tool]);
      assert.equal(await customer.asks('I want to talk to somebody'), 'Please wait.');
      const read = await customer.read();
      const queue = read['queue'] as { division_id: string; since: string };
      assert.deepEqual([read['assignee'], queue.division_id], [null, own]);
      assert.ok(Date.parse(queue.since) <= Date.now());
      await isSilent(customer);
      await showsEverywhere(customer, 'escalated', true);
      const waiting = await journey.call('GET', `/v1/divisions/${own}`, { as: 'admin' });
      assert.equal(waiting.body['waiting'], 1);
      const listed = await journey.call('GET', `/v1/conversations?status=escalated&limit=100`, {
        as: 'viewer',
      });
      const ids = (listed.body['data'] as { id: string }[]).map(({ id }) => id);
      assert.ok(ids.includes(customer.conversation()));

      const ana = await operator([own]);
      assert.deepEqual((await ana.comes())['assigned'], [customer.conversation()]);
      const taken = await customer.read();
      assert.deepEqual([taken['assignee'], taken['status'], taken['queue']], [ana.id, 'assigned', null]);
      await eventually('the workflow knows', async () => {
        const view = await workflow(customer).query(getStateQuery);
        return view.status === 'assigned' && !view.queued;
      });
      await isSilent(customer);
      await ana.goes();
    });

    it('ACT-5 does nothing more of a step that gave the conversation away', async () => {
      const ana = await operator();
      for (const does of [
        { name: RESOLVE },
        { name: ASSIGN, arguments: { assign_type: 'agent', agent_id: ana.id } },
      ]) {
        const customer = await actingCustomer(journey, [TAG, { node_type: RESOLVE, fields: {} }, assigns()]);
        const tag = (name: string) => ({ name: TAG.node_type, arguments: { tags: [name] } });
        await script(journey, customer, { calls: [tag('first'), does, tag('late'), tag('later')], times: 9 });
        await customer.says(`I want to talk to somebody (${customer.word})`);
        await eventually('nothing of it waits any more', async () => {
          const calls = await customer.calls();
          return calls.length === 4 && calls.every(({ state }) => state !== 'planned');
        });
        await customer.isDone();
        assert.deepEqual(
          (await customer.calls()).map(({ state }) => state),
          ['succeeded', 'succeeded', 'cancelled', 'cancelled'],
        );
        assert.deepEqual((await customer.read())['tags'], ['first']);
        assert.deepEqual(await customer.arrived(), []);
      }
    });

    it('ACT-5 lets the model choose where the builder left it open', async () => {
      const ana = await operator();
      const customer = await whoseAgent(
        { name: ASSIGN, arguments: { assign_type: 'agent', agent_id: ana.id, closing_message: 'Bye.' } },
        [assigns()],
      );
      assert.equal(await customer.asks('Ana, please'), 'Bye.');
      assert.equal((await customer.read())['assignee'], ana.id);
    });

    it('ACT-5 (QACT-S05 ERR-2) asks for the id it needs: on save, and of the model', async () => {
      const agent = await journey.makeAgent();
      for (const [type, field] of [
        ['division', 'division_id'],
        ['agent', 'agent_id'],
      ] as const) {
        const saved = await journey.call('PATCH', `/v1/agents/${agent}`, {
          as: 'builder',
          body: { tools: [assigns({ assign_type: type, [field]: ' ' })] },
        });
        assert.equal(saved.status, 422);
        assert.deepEqual(saved.body['errors'], [
          { field: `tools.0.fields.${field}`, message: 'Division/Agent ID required' },
        ]);
        const customer = await actingCustomer(journey, [assigns()]);
        await script(
          journey,
          customer,
          { calls: [{ name: ASSIGN, arguments: { assign_type: type } }] },
          { reply: 'Whom do you mean?' },
        );
        assert.equal(await customer.asks('somebody'), 'Whom do you mean?');
        assert.deepEqual(await customer.results(), [{ ok: false, error: 'Division/Agent ID required' }]);
        const [call] = await customer.calls();
        assert.deepEqual([call?.state, call?.reason], ['refused', 'id_required']);
        assert.equal((await customer.read())['status'], 'active');
      }
    });

    it('ACT-5 does nothing where whom it names is not there, or is another organisation’s', async () => {
      const other = await made(
        'POST',
        '/v1/installation/organisations',
        { key: journey.stage.dev().keys.owner },
        {
          name: 'Toko Baru',
        },
      );
      const theirs = await made(
        'POST',
        '/v1/members',
        { key: other['key'] as string },
        {
          name: 'Theirs',
          role: 'operator',
        },
      );
      for (const [args, code] of [
        [{ assign_type: 'agent', agent_id: theirs['id'] }, 'operator_not_found'],
        [{ assign_type: 'agent', agent_id: 'nobody' }, 'operator_not_found'],
        [{ assign_type: 'division', division_id: randomUUID() }, 'division_not_found'],
      ] as const) {
        const customer = await actingCustomer(journey, [assigns()]);
        await script(
          journey,
          customer,
          { calls: [{ name: ASSIGN, arguments: args }] },
          { reply: 'I go on.' },
        );
        assert.equal(await customer.asks('somebody'), 'I go on.');
        const [call] = await customer.calls();
        assert.deepEqual([call?.state, call?.reason], ['failed', code]);
        const [failed] = await customer.events('qontak_action_failed');
        assert.equal(failed?.properties['reason'], code);
        const read = await customer.read();
        assert.deepEqual([read['status'], read['owner'], read['assignee']], ['active', 'agent', null]);
      }
    });
  });

  describe('resolve', () => {
    it('ACT-6 (QACT-S06 AC-1) says its last words and ends; the next message opens the conversation again', async () => {
      const tool = { node_type: RESOLVE, fields: { closing_message: 'All done, {{customer_name}}.' } };
      const customer = await actingCustomer(journey, [tool]);
      await script(journey, customer, { calls: [{ name: RESOLVE }] }, { reply: 'Welcome back.', times: 9 });
      assert.equal(await customer.asks('that is all'), 'All done, Budi.');
      const read = await customer.read();
      assert.equal(read['status'], 'resolved');
      assert.ok(Date.parse(String(read['resolved_at'])) > 0);
      const first = await workflow(customer).describe();
      const ended = await eventually('the run ends', async () => {
        const handle = journey.client.workflow.getHandle(first.workflowId, first.runId);
        const { status } = await handle.describe();
        return status.name !== 'RUNNING' && status.name;
      });
      assert.equal(ended, 'COMPLETED');
      assert.equal(await customer.asks('one thing more'), 'Welcome back.');
      const again = await workflow(customer).describe();
      assert.notEqual(again.runId, first.runId);
      const reopened = await customer.read();
      assert.deepEqual([reopened['status'], reopened['owner']], ['active', 'agent']);
      assert.ok(Number(reopened['turn']) > Number(read['turn']), 'turns go on counting');
      assert.deepEqual(
        (await customer.arrived()).map(({ body }) => body.kind),
        ['closing', 'reply'],
      );
    });

    it('ACT-6 (QACT-S06 AC-1) ends without a word where there is none', async () => {
      const customer = await actingCustomer(journey, [{ node_type: RESOLVE, fields: {} }]);
      await script(journey, customer, { calls: [{ name: RESOLVE, arguments: {} }] });
      await customer.says(`that is all (${customer.word})`);
      await eventually('it is resolved', async () => (await customer.read())['status'] === 'resolved');
      await customer.isDone();
      assert.deepEqual(await customer.arrived(), []);
    });

    it('ESC-5 changes nothing of a room that a person has taken meanwhile', async () => {
      const ana = await operator();
      for (const does of [
        { name: RESOLVE },
        { name: ASSIGN, arguments: { assign_type: 'agent', agent_id: ana.id } },
      ]) {
        const customer = await actingCustomer(journey, [{ node_type: RESOLVE, fields: {} }, assigns()]);
        await script(journey, customer, { calls: [does], times: 9 });
        await journey.model('POST', '/control', { latency_ms: 1_000 });
        await customer.says(`that is all (${customer.word})`);
        await eventually('the agent thinks about it', async () => {
          const { raw } = await workflow(customer).describe();
          return (raw.pendingActivities ?? []).length > 0;
        });
        assert.equal((await customer.operate('take-over')).status, 200);
        await eventually('the proposal is put aside', async () => {
          const calls = await customer.calls();
          return calls.length > 0 && calls.every(({ state }) => state === 'cancelled');
        });
        const read = await customer.read();
        assert.deepEqual([read['status'], read['owner']], ['assigned', 'operator']);
        assert.notEqual(read['assignee'], ana.id);
        assert.deepEqual(await customer.arrived(), []);
      }
    });
  });

  describe('tag', () => {
    const FORMS: [form: string, fields: object, args: object][] = [
      ['a list', { tags: [' vip ', 'Vip', '', 'lamp  shade'] }, {}],
      ['a list of objects', { tags: [{ name: 'vip' }, { name: ' vip' }, { name: 'lamp shade' }] }, {}],
      ['text with commas', { tags: 'vip, ,lamp shade,vip' }, {}],
      ['what the model gives', {}, { tags: ['vip', ' lamp  shade', 'VIP'] }],
    ];
    for (const [form, fields, args] of FORMS)
      it(`ACT-6 (QACT-S07 AC-1; QACT-S07 AC-2) sets tags out of ${form}, and goes on talking`, async () => {
        const customer = await actingCustomer(journey, [{ node_type: TAG.node_type, fields }]);
        await script(
          journey,
          customer,
          { calls: [{ name: TAG.node_type, arguments: args }] },
          { reply: 'Filed.' },
        );
        assert.equal(await customer.asks('file this'), 'Filed.');
        const read = await customer.read();
        assert.deepEqual([read['tags'], read['status']], [['vip', 'lamp shade'], 'active']);
      });

    it('ACT-6 (QACT-S07 ERR-1) sets nothing where there is no tag: refused on save, and of the model', async () => {
      const agent = await journey.makeAgent();
      const saved = await journey.call('PATCH', `/v1/agents/${agent}`, {
        as: 'builder',
        body: { tools: [{ node_type: TAG.node_type, fields: { tags: ' , ' } }] },
      });
      assert.equal(saved.status, 422, saved.text);
      const customer = await actingCustomer(journey, [TAG]);
      await script(
        journey,
        customer,
        { calls: [{ name: TAG.node_type, arguments: { tags: [' ', ''] } }] },
        { reply: 'With what?' },
      );
      assert.equal(await customer.asks('file this'), 'With what?');
      const [failed] = await customer.events('qontak_action_failed');
      assert.equal(failed?.properties['reason'], 'empty_tags');
      assert.deepEqual((await customer.read())['tags'], []);
    });
  });
});
