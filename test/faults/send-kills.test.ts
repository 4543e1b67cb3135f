import { strict as assert } from 'node:assert';
import { openVisitor } from './chat-visitor.ts';
import { holdConversation, somebodyWaits } from './database-hold.ts';
import { eventually } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { OutboundRecord, Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import type { Reply } from './receiver.ts';
import { openWhatsAppCustomer } from './whatsapp-customer.ts';

const POINTS = ['send.before_fence', 'send.before_call', 'send.after_call', 'send.after_record'] as const;
const SETTLED_MS = 45_000;

describe('a worker killed while it sends', function () {
  this.timeout(120_000);
  let installation: Installation;
  let records: Records;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0 });
    // Without understanding a turn is one model call and one send, so that "it began" means "the model is asked".
    await installation.setAgent({ personalities: {}, natural_language_escalation: false });
    records = openRecords(installation.stage.database.ownerUrl);
    await records.pool.query('update external_actions set is_active = false');
  });

  beforeEach(async () => {
    await installation.setModel({ reset: true });
    for (const name of ['sink/replies', 'whatsapp']) await installation.setStandIn(name, { fail: [] });
    await installation.setStandIn('whatsapp', { statuses: 'sent,delivered,read', status_delay_ms: 0 });
    if (installation.stage.pids()['worker'] === undefined) await installation.stage.start('worker', {});
  });

  after(async () => {
    await records?.close();
    await installation?.stage.stop();
  });

  /** Runs `cause` with a worker that kills itself at the point, then starts one that does not. */
  async function killedAt(point: string, cause: () => Promise<unknown>): Promise<void> {
    await installation.freshWorker(point);
    const ended = installation.stage.ended('worker');
    await cause();
    assert.equal(await ended, 'SIGKILL', 'the worker did not reach the point');
    await installation.stage.start('worker', {});
  }

  const replies = async (room: string): Promise<Reply[]> =>
    repliesIn(await installation.journal('sink/replies'), room);

  const send = (message: Posted) => post(installation.stage.dev(), message);

  const signalled = (message: Posted) =>
    eventually(`${message.id} is signalled`, async () =>
      (await records.messages(message.room)).some(
        (row) => row.provider_message_id === message.id && row.signalled_at !== null,
      ),
    );

  describe('to the generic channel', () => {
    for (const [index, point] of POINTS.entries()) {
      it(`CHAN-5 has one webhook-id after a kill at ${point}`, async () => {
        const message = messageIn(`generic-${index}`);
        await killedAt(point, () => send(message));
        const rows = await allSettled(records, message.room, 1, SETTLED_MS);
        const got = await replies(message.room);
        reckon([message], rows, got);
        assert.equal(
          got[0]?.posts,
          { 'send.before_fence': 1, 'send.before_call': 1, 'send.after_call': 2, 'send.after_record': 1 }[
            point
          ],
        );
      });
    }

    it('CHAN-5 repeats the same webhook-id when the answer never came', async () => {
      const message = messageIn('generic-dropped');
      await installation.setStandIn('sink/replies', { fail: [{ drop: true, when: 'after' }] });
      await send(message);
      const rows = await allSettled(records, message.room, 1, SETTLED_MS);
      const got = await replies(message.room);
      reckon([message], rows, got);
      assert.equal(got[0]?.posts, 2);
    });

    it('CHAN-5 answers a message that came between an answer lost and its repetition by itself', async () => {
      const [first, second] = [messageIn('generic-between'), messageIn('generic-between')];
      await installation.setStandIn('sink/replies', { fail: [{ drop: true, when: 'after' }] });
      await send(first);
      await eventually('the reply arrived', async () => (await replies(first.room)).length > 0, 20_000, 10);
      await send(second);
      const rows = await allSettled(records, first.room, 2, SETTLED_MS);
      reckon([first, second], rows, await replies(first.room));
    });

    it('CONV-4 gives a message signalled behind a sent reply its own answer', async () => {
      const [first, second] = [messageIn('generic-tempted'), messageIn('generic-tempted')];
      await installation.setStandIn('sink/replies', { fail: [{ hang: true, when: 'after' }] });
      await send(first);
      await eventually('the reply arrived', async () => (await replies(first.room)).length > 0, 20_000, 10);
      await send(second);
      await signalled(second);
      await installation.freshWorker();
      const rows = await allSettled(records, first.room, 2, SETTLED_MS);
      const got = await replies(first.room);
      reckon([first, second], rows, got);
      assert.deepEqual(
        got.map((reply) => reply.inReplyTo),
        [[first.id], [second.id]],
      );
    });
  });

  describe('to WhatsApp', () => {
    /** The one message of ours in this conversation once it is in this state. */
    async function settledAs(waId: string, state: string, cause = 'turn:1'): Promise<OutboundRecord> {
      const room = await roomOf(waId);
      return eventually(
        `${cause} of ${waId} is ${state}`,
        async () => (await records.outbound(room)).find((row) => row.cause === cause && row.state === state),
        SETTLED_MS,
      );
    }

    const roomOf = (waId: string): Promise<string> =>
      eventually(`${waId} has a room`, async () => {
        const { rows } = await records.pool.query<{ room: string }>(
          `select c.room from conversations c join contact_identities i
             on i.organisation_id = c.organisation_id and i.contact_id = c.contact_id
           where i.external_id = $1`,
          [waId],
        );
        return rows[0]?.room;
      });

    /** Neither delivered nor listed would be lost. */
    async function isListed(waId: string): Promise<void> {
      const [row] = await records.messages(await roomOf(waId));
      assert.equal(row?.settled_reason, 'answer_uncertain');
      const transcript = await installation.ask<{ data: { from: string; state: string }[] }>(
        'viewer',
        'GET',
        `/v1/conversations/${row?.conversation_id}/messages`,
      );
      assert.deepEqual(
        transcript.data.filter((line) => line.from === 'agent').map((line) => line.state),
        ['uncertain'],
      );
      assert.ok((await records.events(await roomOf(waId))).includes('message_uncertain'));
    }

    it('CHAN-5 lists as uncertain what a kill at send.before_call may or may not have sent', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000001');
      await killedAt('send.before_call', () => customer.write('Hello'));
      await settledAs(customer.waId, 'uncertain');
      await isListed(customer.waId);
      assert.deepEqual(await customer.received(), []);
    });

    it('CHAN-5 calls once over a kill at send.after_call, settled by the status report', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000002');
      // Late enough that the next worker has to decide without it.
      await installation.setStandIn('whatsapp', { statuses: 'read', status_delay_ms: 6_000 });
      await killedAt('send.after_call', () => customer.write('Hello'));
      const { id } = await settledAs(customer.waId, 'read');
      assert.deepEqual(
        (await customer.received()).map((got) => got.outboundId),
        [id],
      );
      await allSettled(records, await roomOf(customer.waId), 1, SETTLED_MS);
    });

    it('CHAN-5 calls once over a kill at send.after_call and lists it where no report comes', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000003');
      await installation.setStandIn('whatsapp', { statuses: 'none' });
      await killedAt('send.after_call', () => customer.write('Hello'));
      const { id } = await settledAs(customer.waId, 'uncertain');
      await isListed(customer.waId);
      assert.deepEqual(
        (await customer.received()).map((got) => got.outboundId),
        [id],
      );
    });

    it('CHAN-5 calls once over a kill at send.after_record', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000004');
      await installation.setStandIn('whatsapp', { statuses: 'none' });
      await killedAt('send.after_record', () => customer.write('Hello'));
      const { id } = await settledAs(customer.waId, 'sent');
      await allSettled(records, await roomOf(customer.waId), 1, SETTLED_MS);
      // The next message shows that the conversation went on, and that turn 1 stayed as it was.
      await customer.write('And?');
      const { id: next } = await settledAs(customer.waId, 'sent', 'turn:2');
      assert.deepEqual(
        (await customer.received()).map((got) => got.outboundId),
        [id, next],
      );
    });

    it('CHAN-5 never repeats a call whose answer never came; the status report settles it', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000005');
      await installation.setStandIn('whatsapp', { fail: [{ drop: true, when: 'after' }] });
      await customer.write('Hello');
      const { id } = await settledAs(customer.waId, 'read');
      assert.deepEqual(
        (await customer.received()).map((got) => got.outboundId),
        [id],
      );
    });

    it('CONV-4 gives a message signalled behind a taken reply its own answer, over a kill', async () => {
      const customer = await openWhatsAppCustomer(installation, '6281000000006');
      await installation.setStandIn('whatsapp', {
        fail: [{ hang: true, when: 'after' }],
        statuses: 'delivered',
        status_delay_ms: 6_000,
      });
      await customer.write('Hello');
      await eventually('the reply arrived', async () => (await customer.received()).length > 0, 20_000, 10);
      await customer.write('One more thing');
      const room = await roomOf(customer.waId);
      await eventually('the second is signalled', async () =>
        (await records.messages(room)).some(
          (row) => row.seq > 1 && row.signalled_at !== null && row.turn !== 1,
        ),
      );
      await installation.freshWorker();
      const { id: first } = await settledAs(customer.waId, 'delivered');
      const { id: second } = await settledAs(customer.waId, 'delivered', 'turn:2');
      assert.deepEqual(
        (await customer.received()).map((got) => got.outboundId),
        [first, second],
      );
      const rows = await allSettled(records, room, 2, SETTLED_MS);
      assert.deepEqual(
        rows.map((row) => [row.turn, row.settled_reason]),
        [
          [1, 'answered'],
          [2, 'answered'],
        ],
      );
    });
  });

  // Its fence is the delivery (the visitor's stream reads our table): there is no call and so no point around it.
  describe('to the web chat', () => {
    it('CHAN-5 shows a line once when the worker dies before the workflow knows that it was sent', async () => {
      const { stage } = installation;
      const visitor = await openVisitor(stage.dev(), records);
      await installation.setModel({ latency_ms: 1_500 });
      await visitor.say('first', 'Hello');
      await eventually(
        'turn 1 began',
        async () => (await records.messages(visitor.room))[0]?.turn === 1,
        20_000,
        10,
      );
      const letGo = await holdConversation(records, visitor.room);
      await somebodyWaits(records);
      await stage.kill('temporal', 'SIGSTOP');
      try {
        await letGo();
        await eventually('the line is sent', async () =>
          (await records.outbound(visitor.room)).some((row) => row.state === 'sent'),
        );
        await stage.kill('worker');
      } finally {
        await stage.kill('temporal', 'SIGCONT');
      }
      await installation.setModel({ reset: true });
      await visitor.say('second', 'And where is my order?');
      await stage.start('worker', {});

      const rows = await allSettled(records, visitor.room, 2, SETTLED_MS);
      assert.deepEqual(
        rows.map((row) => [row.turn, row.settled_reason]),
        [
          [1, 'answered'],
          [2, 'answered'],
        ],
      );
      const lines = await visitor.lines();
      assert.deepEqual(
        lines.map((line) => line.from),
        ['customer', 'agent', 'customer', 'agent'],
      );
      const outbound = await records.outbound(visitor.room);
      assert.deepEqual(
        outbound.map((row) => [row.cause, row.attempt]),
        [
          ['turn:1', 1],
          ['turn:2', 1],
        ],
      );
    });

    it('CHAN-5 shows a line once when the worker dies in front of the fence', async () => {
      const { stage } = installation;
      const visitor = await openVisitor(stage.dev(), records);
      await installation.setModel({ latency_ms: 1_500 });
      await visitor.say('first', 'Hello');
      await eventually(
        'turn 1 began',
        async () => (await records.messages(visitor.room))[0]?.turn === 1,
        20_000,
        10,
      );
      const letGo = await holdConversation(records, visitor.room);
      await somebodyWaits(records);
      await stage.kill('worker');
      await letGo();
      await stage.start('worker', {});
      await allSettled(records, visitor.room, 1, SETTLED_MS);
      assert.deepEqual(
        (await visitor.lines()).map((line) => line.from),
        ['customer', 'agent'],
      );
    });
  });
});
