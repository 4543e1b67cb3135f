import { strict as assert } from 'node:assert';
import { UNSURE } from './call-cases.ts';
import { IN_PROGRESS, openCallStage } from './call-stage.ts';
import type { CallRecord, CallStage } from './call-stage.ts';
import { eventually } from './eventually.ts';
import { messageIn } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { allSettled, reckon } from './reckoning.ts';
import type { Reply } from './receiver.ts';

describe('a call whose outcome is in doubt', function () {
  this.timeout(180_000);
  let stage: CallStage;
  before(async () => {
    stage = await openCallStage();
    // Its first request is refused and renews the token: a fault would be spent on it.
    const first = stage.message('first', 'deal-create');
    await stage.send(first);
    await stage.answers('first', [first]);
  });
  beforeEach(async () => {
    for (const name of ['crm', 'sink/orders', 'sink/notes'])
      await stage.installation.setStandIn(name, { fail: [] });
    if (stage.installation.stage.pids()['worker'] === undefined) await stage.installation.freshWorker();
  });
  after(() => stage?.stop());

  const onlyCall = async (room: string): Promise<CallRecord> => {
    const [call, ...more] = await stage.calls(room);
    assert.deepEqual(more, []);
    return call ?? assert.fail(`${room} has no call`);
  };
  const toDeals = async (key: string) => {
    const all = await stage.crm();
    const posts = all.filter(({ method, headers }) => method === 'POST' && headers['x-trace-id'] === key);
    const looks = all.filter(({ query }) => decodeURIComponent(query).includes(key));
    return { posts, looks };
  };

  describe('at the CRM', () => {
    for (const [title, fault, attempts] of [
      ['drops its answer after doing', { drop: true, when: 'after' }, 2],
      ['answers 500 after doing', { status: 500, when: 'after' }, 2],
      ['answers 429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }, 2],
    ] as const) {
      it(`ACT-8 makes one deal where the CRM ${title}`, async () => {
        const message = stage.message(`crm/${title}`, 'deal-create');
        await stage.installation.setStandIn('crm', { fail: [{ ...fault, match: message.room }] });
        await stage.send(message);
        const [reply] = await stage.answers(message.room, [message]);
        const call = await onlyCall(message.room);
        assert.deepEqual([call.state, call.attempts], ['succeeded', attempts]);
        assert.equal(await stage.recordsMade('deals', call.idempotency_key), 1);
        const { posts, looks } = await toDeals(call.idempotency_key);
        assert.equal(posts.filter(({ done }) => done).length, 1);
        // Once by this test. After a 429 there is nothing to look for.
        assert.equal(looks.length, posts.length > 1 ? 1 : 2);
        const [first, second] = posts;
        if (second !== undefined)
          assert.ok(second.at - (first?.at ?? Infinity) >= 1_000, 'it waited as asked');
        assert.match(reply?.text ?? '', /Deal \d+ was created/i);
      });
    }
  });

  it('ACT-2 says that it failed where the CRM asks for an hour of patience', async () => {
    const message = stage.message('crm/an hour', 'deal-create');
    const headers = { 'retry-after': '3600' };
    await stage.installation.setStandIn('crm', { fail: [{ status: 429, headers, match: message.room }] });
    await stage.send(message);
    const [reply] = await stage.answers(message.room, [message]);
    const call = await onlyCall(message.room);
    assert.deepEqual([call.state, call.reason, call.attempts], ['failed', 'crm_busy', 1]);
    assert.equal(await stage.recordsMade('deals', call.idempotency_key), 0);
    assert.match(reply?.text ?? '', /Nothing was done/);
  });

  it('CONV-4 gives a message that came while a call ran a turn of its own, over a kill', async () => {
    const hangs = { fail: [{ hang: true, when: 'after' }] };
    const rooms = { 'deal-create': 'tempted/deal', 'note-once': 'tempted/note', order: 'order/tempted' };
    const first = Object.entries(rooms).map(([wants, room]) => stage.message(room, wants));
    const second = Object.values(rooms).map((room) => messageIn(room, 'Thank you'));
    const match = rooms['deal-create'];
    await stage.installation.setStandIn('crm', { fail: [{ hang: true, when: 'after', match }] });
    await stage.installation.setStandIn('sink/notes', hangs);
    await stage.installation.setStandIn('sink/orders', hangs);
    await Promise.all(first.map((message) => stage.send(message)));
    await eventually(
      'all were done',
      async () => {
        const deal = (await stage.crm()).some(({ body, done }) => done && body.includes(match));
        const note = await stage.came('notes', rooms['note-once']);
        return deal && note.length === 1 && (await stage.came('orders', rooms.order)).length === 1;
      },
      20_000,
      10,
    );
    await Promise.all(second.map((message) => stage.send(message)));
    await Promise.all(second.map((message) => stage.signalled(message)));
    await stage.installation.freshWorker();

    const answered = new Map<string, Reply[]>();
    for (const [n, room] of Object.values(rooms).entries()) {
      const both = [first[n], second[n]].filter((message) => message !== undefined);
      const got = await stage.answers(room, both);
      assert.deepEqual(
        got.map(({ inReplyTo }) => inReplyTo),
        both.map(({ id }) => [id]),
        room,
      );
      answered.set(room, got);
    }
    const said = (room: string) => answered.get(room)?.[0]?.text ?? '';
    const deal = await onlyCall(rooms['deal-create']);
    assert.equal(await stage.recordsMade('deals', deal.idempotency_key), 1);
    assert.match(said(rooms['deal-create']), /Deal \d+ was created/i);

    assert.equal((await onlyCall(rooms['note-once'])).state, 'unknown');
    assert.equal((await stage.came('notes', rooms['note-once'])).length, 1);
    assert.match(said(rooms['note-once']), UNSURE);

    const order = await onlyCall(rooms.order);
    const keys = (await stage.came('orders', rooms.order)).map(({ headers }) => headers['idempotency-key']);
    assert.deepEqual(keys, [order.idempotency_key, order.idempotency_key]);
    assert.match(said(rooms.order), /Order A-7 is placed/);
  });

  describe('that a person overtakes', () => {
    /** The worker dies at the point, a person takes over, another worker comes. */
    async function overtaken(message: Posted, point: string): Promise<CallRecord> {
      let conversation = '';
      await stage.killedAt(point, async () => (conversation = await stage.send(message)));
      await stage.installation.ask('operator', 'POST', `/v1/conversations/${conversation}/take-over`, {});
      await stage.installation.freshWorker();
      const rows = await allSettled(stage.records, message.room, 1, 60_000);
      assert.deepEqual(
        rows.map((row) => row.settled_reason),
        ['operator_has_it'],
      );
      const call = await eventually('the call has ended', async () => {
        const row = await onlyCall(message.room);
        return !['planned', 'calling'].includes(row.state) && row;
      });
      assert.deepEqual(await stage.replies(message.room), []);
      return call;
    }

    it('ACT-8 calls no tool that a person came before', async () => {
      const message = stage.message('overtaken/planned', 'deal-create');
      const { state, attempts, idempotency_key: key } = await overtaken(message, 'call.planned');
      assert.deepEqual([state, attempts], ['cancelled', 0]);
      assert.deepEqual((await toDeals(key)).posts, []);
    });

    it('EXT-5 calls no external action that a person came before', async () => {
      const message = stage.message('order/overtaken', 'order');
      const { state, attempts } = await overtaken(message, 'call.planned');
      assert.deepEqual([state, attempts], ['cancelled', 0]);
      assert.deepEqual(await stage.came('orders', message.room), []);
    });

    it('ACT-8 shows as unknown what was under way, and does it no more', async () => {
      const message = stage.message('overtaken/called', 'ticket-create');
      const { state, reason, idempotency_key: key } = await overtaken(message, 'call.after');
      assert.deepEqual([state, reason], ['unknown', 'overtaken']);
      assert.equal((await toDeals(key)).posts.length, 1);
      assert.ok((await stage.records.events(message.room)).includes('qontak_action_unknown'));
    });
  });

  it('EXT-5 goes on with a call under its key after Temporal lost all, and tells the outcome once', async () => {
    const { installation } = stage;
    const [hung, late, inTurn] = ['order/hung', 'order/late', 'order/in-turn'] as const;
    await installation.setAgent({ action_patience_seconds: 2 });
    await installation.setStandIn('sink/orders', {
      fail: [
        { match: hung, hang: true, when: 'after' },
        { match: late, delay_ms: 4_500 },
        { match: inTurn, hang: true, when: 'after' },
      ],
    });
    const first = [hung, late, inTurn].map((room) => stage.message(room, 'order'));
    const second = [hung, late, inTurn].map((room) => messageIn(room, 'Thank you'));
    await Promise.all(first.slice(0, 2).map((message) => stage.send(message)));
    for (const room of [hung, late])
      await eventually(
        `${room} hears that it takes longer`,
        async () => (await stage.replies(room)).length === 1,
      );
    await stage.send(first[2] ?? assert.fail());
    await eventually(
      'it was called',
      async () => (await stage.came('orders', inTurn)).length === 1,
      20_000,
      10,
    );
    // From here on nobody hears how a call ends.
    await installation.stage.kill('temporal', 'SIGSTOP');
    await eventually('one has ended', async () => (await onlyCall(late)).state === 'succeeded');
    await installation.stage.kill('temporal');
    await installation.stage.loseTemporal();
    if (installation.stage.pids()['worker'] === undefined) await installation.stage.start('worker');
    await Promise.all(second.map((message) => stage.send(message)));

    for (const [n, room] of [hung, late, inTurn].entries()) {
      const both = [first[n], second[n]].filter((message) => message !== undefined);
      const rows = await allSettled(stage.records, room, 2, 90_000);
      const placed = (reply: Reply) => reply.text === 'Order A-7 is placed: 3 pieces.';
      await eventually(`${room} hears the outcome`, async () => (await stage.replies(room)).some(placed));
      const got = await stage.replies(room);
      assert.equal(got.filter(placed).length, 1, room);
      const own = got.filter(({ inReplyTo }) => inReplyTo.length > 0);
      reckon(both, rows, own);
      assert.equal(got.length, room === inTurn ? 2 : 3);
      assert.equal(own[0]?.text, room === inTurn ? 'Order A-7 is placed: 3 pieces.' : IN_PROGRESS);
      const call = await onlyCall(room);
      assert.equal(call.state, 'succeeded');
      const keys = (await stage.came('orders', room)).map(({ headers }) => headers['idempotency-key']);
      assert.deepEqual(new Set(keys), new Set([call.idempotency_key]));
      assert.equal(keys.length, room === late ? 1 : 2);
    }
  });
});
