import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { NOW, later, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

describe('status reports', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;

  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  const report = (state: DeliveryStatus['state'], more: Partial<DeliveryStatus> = {}): DeliveryStatus => ({
    providerMessageId: 'wamid.1',
    outboundId: null,
    state,
    at: later(1),
    code: null,
    ...more,
  });

  async function sentMessage(room: Room): Promise<string> {
    const id = await room.reply(1, 'hello');
    await room.fence(1);
    await room.ledger.record(room.ref, id, { kind: 'sent', providerMessageId: 'wamid.1' }, NOW);
    return id;
  }

  it('CHAN-4 moves a message forward only, in whatever order reports come', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const id = await sentMessage(room);
    for (const state of ['delivered', 'sent', 'read', 'delivered', 'failed'] as const)
      assert.deepEqual(await room.inbox.applyStatuses(room.integration, [report(state)], NOW), []);
    assert.equal(await room.state(id), 'read');
  });

  it('CHAN-4 goes as far as the furthest of several reports in one webhook', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const id = await sentMessage(room);
    await room.inbox.applyStatuses(
      room.integration,
      [report('read'), report('delivered'), report('sent')],
      NOW,
    );
    assert.equal(await room.state(id), 'read');
  });

  it('CHAN-4 marks a failure with the provider’s code and an event', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const id = await sentMessage(room);
    await room.inbox.applyStatuses(room.integration, [report('failed', { code: '131047' })], NOW);
    const rows = await room.look('select state, failure_code from outbound where id = $1', [id]);
    assert.deepEqual(rows, [{ state: 'failed', failure_code: '131047' }]);
    const told = `select name, properties from events where name <> 'conversation_changed'`;
    const events = await room.look(told);
    assert.deepEqual(events, [{ name: 'message_failed', properties: { message_id: id, reason: '131047' } }]);
  });

  for (const [given, state, reason] of [
    ['delivered', 'delivered', 'answered'],
    ['failed', 'failed', 'answer_failed'],
  ] as const) {
    it(`CHAN-5 settles an unknown send that is reported ${given}, and tells its conversation once`, async () => {
      const room = await openRoom(pool, 'whatsapp');
      const id = await room.reply(1, 'hello');
      await room.fence(1);
      const statuses = [report(given, { outboundId: id })];
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => room.inbox.applyStatuses(room.integration, statuses, NOW)),
      );
      const settled = answers.flat();
      assert.equal(settled.length, 1);
      assert.deepEqual(settled[0]?.signal.ref, room.ref);
      const { id: rowId, ...row } = settled[0]?.signal.row ?? { id: '' };
      assert.deepEqual(row, { kind: 'delivery_settled', seq: 2, epoch: 1, at: NOW.getTime(), about: id });
      assert.deepEqual(await room.look('select id from inbox where kind <> $1', ['message']), [
        { id: rowId },
      ]);
      assert.equal(await room.state(id), state);
      assert.deepEqual(await room.messages(), [[1, 1, reason]]);
    });
  }

  it('CHAN-4 believes a report about one message that brings the provider’s id of another', async () => {
    const room = await openRoom(pool, 'whatsapp');
    await sentMessage(room);
    await room.say('m2');
    const second = await room.reply(2, 'hello again');
    await room.fence(2);
    await room.inbox.applyStatuses(room.integration, [report('delivered', { outboundId: second })], NOW);
    assert.equal(await room.state(second), 'delivered');
    const ids = await room.look('select provider_message_id from outbound order by planned_at, answers_seq');
    assert.deepEqual(ids, [{ provider_message_id: 'wamid.1' }, { provider_message_id: null }]);
  });

  it('CHAN-4 believes reports of one webhook that bring one provider’s id for two messages', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const ids: string[] = [];
    for (const turn of [1, 2]) {
      ids.push(await room.reply(turn, 'hello'));
      await room.fence(turn);
      await room.say('more');
    }
    const reports = ids.map((outboundId) => report('delivered', { outboundId }));
    await room.inbox.applyStatuses(room.integration, reports, NOW);
    for (const id of ids) assert.equal(await room.state(id), 'delivered');
  });

  it('CHAN-5 believes a report about a message that had been given up', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const id = await room.reply(1, 'hello');
    await room.fence(1);
    await room.ledger.giveUpWaiting(room.ref, id, NOW);
    const settled = await room.inbox.applyStatuses(
      room.integration,
      [report('read', { outboundId: id })],
      NOW,
    );
    assert.equal(settled.length, 1);
    assert.equal(await room.state(id), 'read');
  });

  it('CHAN-4 ignores reports about messages of others, and ids that are none', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const id = await sentMessage(room);
    const foreign = await openRoom(pool, 'whatsapp');
    const strange = [report('read', { providerMessageId: 'other', outboundId: 'not an id' })];
    assert.deepEqual(await room.inbox.applyStatuses(room.integration, strange, NOW), []);
    const stolen = [report('read', { outboundId: id })];
    assert.deepEqual(await foreign.inbox.applyStatuses(foreign.integration, stolen, NOW), []);
    assert.equal(await room.state(id), 'sent');
  });

  it('CHAN-5 never deadlocks reports, records and fences of one message', async () => {
    const room = await openRoom(pool, 'generic');
    const id = await room.reply(1, 'hello');
    await room.fence(1);
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => [
        room.fence(1),
        room.ledger.record(room.ref, id, { kind: 'unknown', code: 'x' }, NOW),
        room.inbox.applyStatuses(
          room.integration,
          [report(n < 15 ? 'sent' : 'delivered', { outboundId: id })],
          NOW,
        ),
        room.say(`m${n}`),
      ]).flat(),
    );
    assert.equal(await room.state(id), 'delivered');
  });
});
