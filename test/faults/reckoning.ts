import { strict as assert } from 'node:assert';
import { eventually } from './eventually.ts';
import type { Posted } from './gateway-client.ts';
import { repeatsIn } from './receiver.ts';
import type { Reply } from './receiver.ts';
import type { InboxRecord, Records } from './records.ts';

/** Waits until every message of these rooms needs no turn any more. */
export async function allSettled(records: Records, rooms: string, expected: number, deadlineMs: number) {
  let open: InboxRecord[] = [];
  const settled = eventually(
    `all ${expected} messages of ${rooms}* are settled`,
    async () => {
      const rows = await records.messages(rooms);
      open = rows.filter((row) => row.settled_reason === null);
      return rows.length >= expected && open.length === 0 && rows;
    },
    deadlineMs,
    500,
  );
  return settled.catch((error: Error) => {
    const some = open.slice(0, 5).map((row) => `${row.provider_message_id} (turn ${row.turn})`);
    throw new Error(`${error.message}; ${open.length} are open, e.g. ${some.join(', ')}`, { cause: error });
  });
}

export interface Reckoned {
  messages: number;
  turns: number;
  /** Posts under a webhook-id that the receiver knew. */
  repeats: number;
  /** Replies that answer their messages in another order than that of their commits. */
  reordered: number;
}

/**
 * Holds what was posted against what Postgres and the receiver say (CONV-1, CONV-2, CONV-4, CHAN-5): every distinct
 * message in exactly one turn and exactly one reply, turns in the order of commits, each reply in the order of
 * writing.
 */
export function reckon(
  posted: readonly Posted[],
  rows: readonly InboxRecord[],
  replies: readonly Reply[],
): Reckoned {
  const ids = [...new Set(posted.map((message) => message.id))];
  same(
    'rows and posted messages differ',
    rows.map((row) => row.provider_message_id),
    ids,
  );
  const unanswered = rows.filter((row) => row.settled_reason !== 'answered' || row.turn === null);
  none('not answered by a turn', unanswered.map(described));

  const turns = new Map<string, string[]>();
  let last: InboxRecord | undefined;
  for (const row of rows) {
    const before = last?.room === row.room ? last : undefined;
    if (before !== undefined && (before.turn ?? 0) > (row.turn ?? 0))
      assert.fail(`${before.provider_message_id} was committed first and is in the later turn`);
    const turn = `${row.conversation_id} ${row.turn}`;
    turns.set(turn, [...(turns.get(turn) ?? []), row.provider_message_id]);
    last = row;
  }

  const answered = replies.flatMap((reply) => reply.inReplyTo);
  none(
    'more than one reply answers',
    [...Map.groupBy(answered, (id) => id)].flatMap(([id, times]) => (times.length > 1 ? [id] : [])),
  );
  same('answered messages and posted messages differ', answered, ids);
  same(
    'replies and turns answer different messages',
    replies.map((reply) => [...reply.inReplyTo].sort().join(' ')),
    [...turns.values()].map((turn) => [...turn].sort().join(' ')),
  );

  return {
    messages: rows.length,
    turns: turns.size,
    repeats: repeatsIn(replies),
    reordered: inOrder(posted, rows, replies),
  };
}

/** Every reply names its messages by min(sent, received), then by commit; and replies of a room come in that of turns. */
function inOrder(posted: readonly Posted[], rows: readonly InboxRecord[], replies: readonly Reply[]): number {
  const written = new Map(posted.map((message) => [message.id, message.at.getTime()]));
  const row = new Map(rows.map((each) => [each.provider_message_id, each]));
  const known = (id: string) => {
    const found = row.get(id);
    assert.ok(found !== undefined, `${id} is unknown`);
    return found;
  };
  let reordered = 0;
  for (const { inReplyTo } of replies) {
    const wanted = inReplyTo.toSorted(
      (a, b) => (written.get(a) ?? 0) - (written.get(b) ?? 0) || known(a).seq - known(b).seq,
    );
    assert.deepEqual(inReplyTo, wanted, 'a reply answers in another order than that of writing');
    const seqs = inReplyTo.map((id) => known(id).seq);
    if (seqs.some((seq, index) => seq < (seqs[index - 1] ?? 0))) reordered += 1;
  }
  const latest = new Map<string, number>();
  for (const reply of replies.toSorted((a, b) => a.order - b.order)) {
    const turn = known(reply.inReplyTo[0] ?? '').turn ?? 0;
    assert.ok(
      turn > (latest.get(reply.room) ?? 0),
      `a reply of ${reply.room} came after that of a later turn`,
    );
    latest.set(reply.room, turn);
  }
  return reordered;
}

function described(row: InboxRecord): string {
  return `${row.provider_message_id} (${row.settled_reason}, turn ${row.turn})`;
}

/** Thousands may differ: a few tell enough. */
function none(what: string, found: readonly string[]): void {
  assert.ok(found.length === 0, `${what}: ${found.length}, e.g. ${found.slice(0, 5).join(', ')}`);
}

function same(what: string, found: readonly string[], wanted: readonly string[]): void {
  const [foundOnes, wantedOnes] = [new Set(found), new Set(wanted)];
  none(
    `${what}; missing`,
    wanted.filter((each) => !foundOnes.has(each)),
  );
  none(
    `${what}; too many`,
    found.filter((each) => !wantedOnes.has(each)),
  );
  assert.equal(found.length, wanted.length, what);
}
