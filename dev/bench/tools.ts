import { randomUUID } from 'node:crypto';
import { openBenchStage, type AgentSetting, type BenchStage } from './load/bench-stage.ts';
import { converse, customers, type Customer } from './load/play.ts';
import { cpuSeconds, total, used } from './measure/cpu.ts';
import { Histories } from './measure/histories.ts';
import { median, quantile } from './measure/quantile.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// What acting costs besides talking: history events and CPU of a tool round, and how soon after a customer's message an
// external action's webhook is called, with a model that answers at once and no wait for further messages.

const BUDGET = 10;
const TARGET_MS = 60;
const AT_ONCE = { wait_time_seconds: 0, wait_cap_seconds: 0, message_limit: 200 };
const TAGGING = [{ node_type: 'qontak_chat_room_tag', fields: {} }];

await runBench('tools', { turns: 100, calls: 200 }, async ({ turns, calls }, signal) => {
  const bench = await openBenchStage({ signal });
  const histories = new Histories(bench.stage.dev().temporal_address);
  try {
    const plain = await turnsOf(bench, histories, AT_ONCE, turns);
    const acting = await turnsOf(bench, histories, { ...AT_ONCE, tools: TAGGING }, turns);
    const times = await timesToWebhook(bench, calls);
    const figures = {
      events_per_round: acting.events - plain.events,
      cpu_ms_per_round: acting.cpuMs - plain.cpuMs,
      p50_ms: median(times),
      p95_ms: quantile(times, 0.95),
    };
    const rows = [
      ['history events of a tool round', figures.events_per_round, `budget ${BUDGET}`],
      ['CPU ms of a tool round', figures.cpu_ms_per_round.toFixed(1), ''],
      ['ms from message to webhook, p50', figures.p50_ms.toFixed(1), `target ${TARGET_MS}`],
      ['ms from message to webhook, p95', figures.p95_ms.toFixed(1), ''],
    ];
    console.log(`${table(['what', 'measured', 'limit'], rows)}\n`);
    const { events_per_round: events } = figures;
    return {
      figures,
      exceeded: events > BUDGET ? [`a tool round: ${events} events, the budget is ${BUDGET}`] : [],
    };
  } finally {
    await histories.close();
    await bench.close();
  }
});

/** Events and CPU of a turn, over turns one after another in a conversation that has begun. */
async function turnsOf(bench: BenchStage, histories: Histories, settings: AgentSetting, turns: number) {
  const [customer] = customers(await bench.channel(settings), bench.receiver, 1) as [Customer];
  const { conversationId } = await converse(customer);
  await histories.settled(conversationId);
  const [first] = await histories.runs(conversationId);
  const before = { events: (await histories.settled(conversationId)).length, cpu: cpuSeconds(bench.pids()) };
  // Fewer than make a run continue as new: the events of one run are counted.
  const count = Math.min(turns, 90);
  for (let n = 0; n < count; n += 1) await converse(customer);
  const cpu = total(used(before.cpu, cpuSeconds(bench.pids())));
  const after = await histories.settled(conversationId);
  if (first === undefined) throw new Error('the conversation has no run');
  return { events: (after.length - before.events) / count, cpuMs: (cpu * 1000) / count };
}

/** From the post of a message to the arrival of the call it leads to, one after another. */
async function timesToWebhook(bench: BenchStage, calls: number): Promise<number[]> {
  const channel = await bench.channel(AT_ONCE);
  await channel.addAction();
  const [customer] = customers(channel, bench.receiver, 1) as [Customer];
  const times: number[] = [];
  for (let n = 0; n < calls + 5; n += 1) {
    const messageId = randomUUID();
    const began = performance.now();
    const replied = bench.receiver.reply(messageId);
    const [, arrived] = await Promise.all([
      channel.post(customer.room, messageId),
      bench.receiver.called(messageId),
    ]);
    times.push(arrived - began);
    await replied;
  }
  // The first ones warm connections and caches up.
  return times.slice(5);
}
