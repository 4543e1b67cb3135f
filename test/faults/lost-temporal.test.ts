import { strict as assert } from 'node:assert';
import { eventually } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { openHistories } from './histories.ts';
import type { Histories } from './histories.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled, reckon } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { InboxRecord, Records } from './records.ts';
import { repliesIn } from './receiver.ts';

describe('a conversation whose workflow is gone', function () {
  this.timeout(240_000);
  let installation: Installation;
  let records: Records;
  let histories: Histories;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0 });
    records = openRecords(installation.stage.database.ownerUrl);
    histories = await openHistories(installation.stage.dev());
  });

  after(async () => {
    await histories?.close();
    await records?.close();
    await installation?.stage.stop();
  });

  const send = async (message: Posted): Promise<string> =>
    (await post(installation.stage.dev(), message)).conversationId;

  const turnOf = (rows: readonly InboxRecord[], message: Posted) =>
    rows.find((row) => row.provider_message_id === message.id)?.turn;

  const resolve = (conversationId: string) =>
    installation.ask<{ status: string }>(
      'operator',
      'POST',
      `/v1/conversations/${conversationId}/resolve`,
      {},
    );

  async function reckonRoom(messages: readonly Posted[], rooms: string, deadlineMs = 60_000) {
    const rows = await allSettled(records, rooms, messages.length, deadlineMs);
    const replies = repliesIn(await installation.journal('sink/replies'), rooms);
    return { rows, replies, ...reckon(messages, rows, replies) };
  }

  it('CONV-7 opens a resolved conversation again with the next turn', async () => {
    const [first, second, third] = [messageIn('resolved'), messageIn('resolved'), messageIn('resolved')];
    const conversationId = await send(first);
    await reckonRoom([first], 'resolved');

    assert.equal((await resolve(conversationId)).status, 'resolved');
    // While the run still closes.
    await send(second);
    await reckonRoom([first, second], 'resolved');

    await resolve(conversationId);
    await eventually('the run is over', async () => (await histories.status(conversationId)) === 'COMPLETED');
    await send(third);
    const { rows, replies } = await reckonRoom([first, second, third], 'resolved');
    assert.deepEqual(
      rows.map((row) => row.turn),
      [1, 2, 3],
    );
    assert.deepEqual(new Set(rows.map((row) => row.conversation_id)), new Set([conversationId]));
    assert.deepEqual(
      replies.map((reply) => reply.posts),
      [1, 1, 1],
    );
    const outbound = await records.outbound('resolved');
    assert.deepEqual(
      outbound.map((row) => row.cause),
      ['turn:1', 'turn:2', 'turn:3'],
    );
    const runs = await eventually('both runs are listed', async () => {
      const listed = await histories.runs(conversationId);
      return listed.length >= 2 && listed;
    });
    console.log(`      runs of the resolved conversation: ${runs.map((run) => run.status).join(', ')}`);
  });

  it('CONV-2 goes on after Temporal lost all: between turns, in the wait, in the middle of a turn', async () => {
    const { stage } = installation;
    const between = [messageIn('lost-between'), messageIn('lost-between')] as const;
    const waiting = [messageIn('lost-waiting'), messageIn('lost-waiting')] as const;
    const waitingAlone = messageIn('lost-waiting-alone');
    const inTurn = [messageIn('lost-in-turn', 'HANG here'), messageIn('lost-in-turn')] as const;
    const inTurnAlone = messageIn('lost-in-turn-alone', 'HANG there');

    await send(between[0]);
    await allSettled(records, 'lost-between', 1, 30_000);
    await installation.setModel({ fail: [{ match: 'HANG', hang: true, when: 'after', times: 2 }] });
    await Promise.all([send(inTurn[0]), send(inTurnAlone)]);
    const model = `${new URL(stage.dev().model ?? '').origin}/journal?limit=1000`;
    await eventually('the model hangs over both', async () => {
      const { entries } = (await (await fetch(model)).json()) as { entries: { request: string }[] };
      return entries.filter((entry) => entry.request.includes('HANG')).length === 2;
    });
    await installation.setAgent({ wait_time_seconds: 6 });
    await Promise.all([send(waiting[0]), send(waitingAlone)]);
    await eventually('Temporal has the signals', async () =>
      (await records.messages('lost-waiting')).every((row) => row.signalled_at !== null),
    );

    await stage.kill('temporal');
    const lost = await records.messages('lost-');
    assert.equal(turnOf(lost, waiting[0]), null, 'the wait was over too soon');
    assert.equal(turnOf(lost, inTurn[0]), 1);
    await stage.loseTemporal();
    if (stage.pids()['worker'] === undefined) {
      console.log('      the worker ended when Temporal had forgotten it');
      await stage.start('worker');
    }
    await installation.setAgent({ wait_time_seconds: 0 });
    const began = performance.now();
    await Promise.all([send(between[1]), send(waiting[1]), send(inTurn[1])]);

    const all = [...between, ...waiting, waitingAlone, ...inTurn, inTurnAlone];
    const { rows, replies, repeats } = await reckonRoom(all, 'lost-', 150_000);
    assert.deepEqual(
      between.map((message) => turnOf(rows, message)),
      [1, 2],
    );
    for (const message of [...waiting, waitingAlone, inTurn[0], inTurnAlone])
      assert.equal(turnOf(rows, message), 1, message.id);
    console.log(
      `      after the loss: ${replies.length} replies, ${repeats} repeats, ` +
        `all answered after ${Math.round((performance.now() - began) / 1000)} s`,
    );
  });

  it('IDLE-4 nudges a silent customer, each step once, after Temporal lost all and nobody wrote', async () => {
    const { stage } = installation;
    const steps = [
      { action: 'follow_up', duration: 1, message: 'Still there?' },
      { action: 'follow_up', duration: 20, message: 'Last call' },
    ];
    await installation.ask('admin', 'PUT', '/v1/feature-flags', { ai_agent_sequential_idle: true });
    await installation.setAgent({ idle_rule: { steps } });
    const rooms = ['silent-nudged', 'silent-twice'];
    await Promise.all(rooms.map((room) => send(messageIn(room))));
    const nudgesIn = async (room: string) =>
      (await records.outbound(room)).filter(({ kind, state }) => kind === 'nudge' && state === 'sent').length;
    const all = async (count: number) =>
      (await Promise.all(rooms.map(nudgesIn))).every((nudges) => nudges === count);
    await eventually('the first nudge', () => all(1), 30_000);

    await stage.kill('temporal');
    await stage.loseTemporal();
    if (stage.pids()['worker'] === undefined) await stage.start('worker');
    const began = performance.now();
    await eventually('the second nudge', () => all(2), 90_000);
    const { rows: open } = await records.pool.query<{ id: string }>(
      `select id from conversations where status = 'open'`,
    );
    const runs = async ({ id }: { id: string }) =>
      (await histories.status(id).catch(() => 'not there')) === 'RUNNING';
    await eventually('every open conversation runs', async () =>
      (await Promise.all(open.map(runs))).every(Boolean),
    );
    console.log(
      `      after the loss: the second nudges ${Math.round((performance.now() - began) / 1000)} s later, ` +
        `${open.length} conversations run`,
    );
    const replies = repliesIn(await installation.journal('sink/replies'), 'silent-');
    assert.equal(replies.length, 2 * rooms.length + rooms.length);
    assert.ok(replies.every(({ posts }) => posts === 1));
  });
});
