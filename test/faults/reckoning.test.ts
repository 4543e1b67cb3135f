import { strict as assert } from 'node:assert';
import type { Posted } from './gateway-client.ts';
import { repliesIn } from './receiver.ts';
import type { Reply } from './receiver.ts';
import { reckon } from './reckoning.ts';
import type { InboxRecord } from './records.ts';

// The judge of the fault tests: a judge that finds nothing would make all of them worthless.

const posted: Posted[] = ['a', 'b', 'c'].map((id, index) => ({
  id,
  room: 'room',
  at: new Date(1_000 + index),
  text: id,
}));

/** b was committed before a; both in turn 1, c in turn 2. */
const rows: InboxRecord[] = (
  [
    ['b', 1, 1],
    ['a', 2, 1],
    ['c', 3, 2],
  ] as const
).map(([id, seq, turn]) => ({
  id,
  conversation_id: 'conversation',
  provider_message_id: id,
  room: 'room',
  seq,
  at: new Date(0),
  turn,
  settled_reason: 'answered',
  signalled_at: null,
  signal_count: 1,
}));

function reply(order: number, ...inReplyTo: string[]): Reply {
  return {
    webhookId: `w${order}`,
    conversationId: 'conversation',
    room: 'room',
    kind: 'reply',
    text: '',
    inReplyTo,
    order,
    posts: order,
  };
}

const replies = [reply(1, 'a', 'b'), reply(2, 'c')];

describe('the judge of fault tests', () => {
  it('CONV-2 finds nothing where all is well, and counts', () => {
    assert.deepEqual(reckon(posted, rows, replies), { messages: 3, turns: 2, repeats: 1, reordered: 1 });
  });

  it('CONV-2 finds a message that was lost on the way in', () => {
    assert.throws(() => reckon(posted, rows.slice(1), replies), /rows and posted messages differ/);
  });

  it('CONV-2 finds a message that was taken and not answered', () => {
    const [first, ...others] = rows as [InboxRecord, ...InboxRecord[]];
    assert.throws(
      () => reckon(posted, [{ ...first, settled_reason: 'answer_failed' }, ...others], replies),
      /not answered by a turn/,
    );
    assert.throws(() => reckon(posted, rows, replies.slice(0, 1)), /answered messages and posted/);
  });

  it('CHAN-5 finds a message that two replies answer', () => {
    assert.throws(() => reckon(posted, rows, [...replies, reply(3, 'c')]), /more than one reply/);
  });

  it('CONV-4 finds a message answered later than one that was committed after it', () => {
    const late = rows.map((row) => (row.provider_message_id === 'b' ? { ...row, turn: 3 } : row));
    assert.throws(() => reckon(posted, late, replies), /committed first and is in the later turn/);
  });

  it('CONV-4 finds a reply that answers against the order of writing, or before an earlier turn', () => {
    assert.throws(
      () => reckon(posted, rows, [reply(1, 'b', 'a'), reply(2, 'c')]),
      /order than that of writing/,
    );
    assert.throws(
      () => reckon(posted, rows, [reply(1, 'c'), reply(2, 'a', 'b')]),
      /after that of a later turn/,
    );
  });

  it('CHAN-5 finds a webhook-id that came again with other words', () => {
    const entry = (text: string) => ({
      headers: { 'webhook-id': 'w1' },
      signature: 'valid',
      body: JSON.stringify({ message_id: 'w1', room: 'room', in_reply_to: ['a'], text }),
    });
    assert.equal(repliesIn([entry('same'), entry('same')])[0]?.posts, 2);
    assert.throws(() => repliesIn([entry('one'), entry('two')]), /came again as something else/);
  });
});
