import { strict as assert } from 'node:assert';
import type { ConversationView } from '../../contract/conversation.ts';
import { Client, Connection } from '@temporalio/client';
import { eventually, pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted } from './gateway-client.ts';
import { openInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { allSettled } from './reckoning.ts';
import { openRecords } from './records.ts';
import type { Records } from './records.ts';
import { repliesIn } from './receiver.ts';
import { seededRandom } from './seeded-random.ts';

const MESSAGES = 500;
const SPREAD_MS = 8_000;
const TAKE_OVERS = 6;
const ROOM = 'flood';
/** Carried from run to run once all is quiet: counts and deadlines, whatever was said. */
const LARGEST_STATE = 2_000;

interface Row {
  id: string;
  seq: number;
  kind: string;
  epoch: number;
  provider_message_id: string | null;
  turn: number | null;
  settled_reason: string | null;
}

describe('a flood of messages into one conversation', function () {
  this.timeout(200_000);
  let installation: Installation;
  let records: Records;
  let client: Client;

  before(async () => {
    installation = await openInstallation({ waitSeconds: 0, env: { TURNS_PER_RUN: '3' } });
    await installation.setAgent({ personalities: {}, natural_language_escalation: false, regroup: false });
    await installation.setModel({ latency_ms: 50 });
    records = openRecords(installation.stage.database.ownerUrl);
    await records.pool.query('update external_actions set is_active = false');
    const { temporal_address: address } = installation.stage.dev();
    client = new Client({ connection: await Connection.connect({ address }) });
  });
  after(async () => {
    await client?.connection.close();
    await records?.close();
    await installation?.stage.stop();
  });

  it('CONV-4 ESC-5 loses nothing and answers nothing twice while a person comes and goes', async () => {
    const random = seededRandom();
    const dev = installation.stage.dev();
    const { conversationId } = await post(dev, messageIn(ROOM, 'Line 0'));
    const posted: Posted[] = [];
    const flooding = Promise.all(
      Array.from({ length: MESSAGES }, async (_, n) => {
        await pause(random.fork(n).between(0, SPREAD_MS));
        const message = messageIn(ROOM, `Line ${n + 1}`);
        posted.push(message);
        return post(dev, message);
      }),
    );
    const command = (what: string) =>
      installation.ask('operator', 'POST', `/v1/conversations/${conversationId}/${what}`, {});
    const coming = (async () => {
      const times = random.fork(MESSAGES);
      for (let n = 0; n < TAKE_OVERS; n++) {
        await pause(times.between(100, SPREAD_MS / TAKE_OVERS));
        await command('take-over');
        await pause(times.between(50, 600));
        await command('hand-back');
      }
    })();
    const began = performance.now();
    const outcomes = await flooding;
    await coming;
    const floodMs = Math.round(performance.now() - began);
    // Whatever the last hand-back left open, this one is the agent's.
    const last = messageIn(ROOM, 'And now?');
    await post(dev, last);
    await allSettled(records, ROOM, MESSAGES + 2, 90_000);
    const quietMs = Math.round(performance.now() - began);

    const { rows } = await records.pool.query<Row>(
      `select id, seq, kind, epoch, provider_message_id, turn, settled_reason from inbox
       where conversation_id = $1 order by seq`,
      [conversationId],
    );
    const replies = repliesIn(await installation.journal('sink/replies'), ROOM);
    const counts = judge(rows, replies);
    assert.ok(outcomes.every(({ statuses }) => statuses.every((status) => status === 202)));
    assert.equal(rows.find((row) => row.provider_message_id === last.id)?.settled_reason, 'answered');

    const handle = client.workflow.getHandle(`conversation/${conversationId}`);
    await eventually('it waits', async () => {
      const { doing, buffered } = await handle.query<ConversationView>('getState');
      return buffered === 0 && doing.startsWith('waiting for a message');
    });
    const carried = await statesCarried(conversationId);
    const largest = Math.max(...carried);
    console.log(
      `      seed ${random.seed}: ${JSON.stringify({
        messages: rows.filter(({ kind }) => kind === 'message').length,
        ...counts,
        flood_ms: floodMs,
        quiet_ms: quietMs,
        runs: carried.length + 1,
        largest_state_bytes: largest,
        last_state_bytes: carried.at(-1),
      })}`,
    );
    // The last was carried when nothing waited but what came within one turn.
    await post(dev, messageIn(ROOM, 'one'));
    await allSettled(records, ROOM, MESSAGES + 3, 30_000);
    for (let n = 0; n < 3; n++) {
      await post(dev, messageIn(ROOM, 'more'));
      await allSettled(records, ROOM, MESSAGES + 4 + n, 30_000);
    }
    const quiet = await eventually('another run began', async () => {
      const now = await statesCarried(conversationId);
      return now.length > carried.length && now.at(-1);
    });
    console.log(`      state carried once it was quiet: ${quiet} bytes`);
    assert.ok(quiet <= LARGEST_STATE, `${quiet} bytes`);
  });

  /** Sizes of what each run got from the one before, oldest first. */
  async function statesCarried(conversationId: string): Promise<number[]> {
    const workflowId = `conversation/${conversationId}`;
    const sizes: { at: number; size: number }[] = [];
    for await (const { runId, startTime } of client.workflow.list({
      query: `WorkflowId = '${workflowId}'`,
    })) {
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        namespace: 'default',
        execution: { workflowId, runId },
        maximumPageSize: 1,
      });
      const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
      const data = started?.input?.payloads?.[0]?.data;
      if (data && started?.continuedExecutionRunId)
        sizes.push({ at: startTime.getTime(), size: Buffer.from(data).length });
    }
    return sizes.sort((a, b) => a.at - b.at).map(({ size }) => size);
  }
});

/** By the order of commits: who had the conversation when a message came, and whether it kept it for long enough. */
function judge(rows: readonly Row[], replies: ReturnType<typeof repliesIn>) {
  const answered = replies.flatMap(({ inReplyTo }) => inReplyTo);
  assert.equal(new Set(answered).size, answered.length, 'answered twice');
  let owner: 'agent' | 'operator' = 'agent';
  let taken = 0;
  const theirs = new Set<string>();
  for (const row of rows) {
    if (row.kind === 'take_over') taken += 1;
    if (row.kind !== 'message') owner = row.kind === 'take_over' ? 'operator' : 'agent';
    else if (owner === 'operator') theirs.add(row.provider_message_id ?? '');
  }
  const wrongly = answered.filter((id) => theirs.has(id));
  assert.deepEqual(wrongly, [], 'answered by the agent though a person had it');
  const lastChange = rows.findLast(({ kind }) => kind !== 'message')?.seq ?? 0;
  const messages = rows.filter(({ kind }) => kind === 'message');
  const byReason = Map.groupBy(messages, ({ settled_reason }) => settled_reason ?? 'open');
  for (const [reason, some] of byReason) {
    assert.ok(['answered', 'operator_has_it', 'superseded'].includes(reason), reason);
    for (const { provider_message_id: id } of some)
      assert.equal(answered.includes(id ?? ''), reason === 'answered', `${id} is ${reason}`);
  }
  for (const row of messages.filter(({ seq }) => seq > lastChange))
    assert.equal(row.settled_reason, 'answered', 'what came behind the last hand-back is the agent’s');
  return {
    take_overs: taken,
    replies: replies.length,
    ...Object.fromEntries([...byReason].map(([reason, some]) => [reason, some.length])),
  };
}
