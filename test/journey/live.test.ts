import { strict as assert } from 'node:assert';
import { openEvents } from '../api/event-stream.ts';
import type { EventReader } from '../api/event-stream.ts';
import { genericCustomer } from './generic-customer.ts';
import { eventually, openJourney, type Journey } from './open-journey.ts';

describe('the live stream of the whole product', () => {
  let journey: Journey;
  const readers: EventReader[] = [];
  before(async () => {
    journey = await openJourney();
  });
  after(async () => {
    for (const reader of readers) reader.close();
    await journey?.close();
  });

  const open = async (key: string, lastEventId?: string) => {
    const headers = { authorization: `Bearer ${key}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
    const reader = await openEvents(`${journey.api}/v1/live`, headers);
    readers.push(reader);
    return reader;
  };
  const changesOf = (reader: EventReader, conversation: string) =>
    reader.events
      .filter(({ event, data }) => event === 'conversation' && data['conversation_id'] === conversation)
      .map(({ data }) => (data['properties'] as Record<string, unknown>)['status']);
  const caughtUp = (reader: EventReader) =>
    eventually('a stream caught up', () => Promise.resolve(reader.comments.includes(': caught up')));

  const tells = (reader: EventReader, conversation: string, changes: number) =>
    eventually(`a stream told of ${changes} changes`, () =>
      Promise.resolve(changesOf(reader, conversation).length >= changes),
    );

  it('APR-7 tells a console of a conversation’s life, over a break and for as long as its key may', async () => {
    const made = await journey.call('POST', '/v1/keys', {
      as: 'admin',
      body: { name: 'Console', role: 'viewer' },
    });
    const { id, key } = made.body as { id: string; key: string };
    const first = await open(key);
    await caughtUp(first);
    const customer = await genericCustomer(journey);
    await customer.says('hello');
    await customer.hears(1);
    const conversation = customer.conversation();
    await tells(first, conversation, 1);
    first.close();
    await customer.operate('take-over');
    await customer.operate('hand-back');
    const second = await open(key, first.lastId);
    await customer.operate('resolve');
    await tells(second, conversation, 3);
    assert.deepEqual(
      [...changesOf(first, conversation), ...changesOf(second, conversation)],
      ['active', 'assigned', 'active', 'resolved'],
    );
    await journey.call('DELETE', `/v1/keys/${id}`, { as: 'admin' });
    await second.ended;
    assert.equal((await open(key)).response.status, 401);
  });
});
