import { randomUUID } from 'node:crypto';
import { openBenchStage, type AgentSetting, type BenchStage, type ProductPart } from './load/bench-stage.ts';
import { converse, customers, type Customer } from './load/play.ts';
import { fallSilent, type SilentCustomer, type SilentGroup } from './load/silent-customers.ts';
import { cpuSeconds, total, used } from './measure/cpu.ts';
import { watchMemory } from './measure/memory.ts';
import { quantile } from './measure/quantile.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// How late idle steps fire when very many are due (IDLE-4): a nudge in every open conversation, due evenly over
// --spread seconds, while other customers write and want answers; then in the same conversations all due within a
// fifth of that, which is a minute. Lateness is counted from the step's time to the nudge's arrival at the receiver.

const TARGETS = { max_late_s: 60, doubled: 0, reply_p95_ms: 2_000 } as const;
const AT_ONCE = { wait_time_seconds: 0, wait_cap_seconds: 0 };
const SEQUENTIAL: AgentSetting = { ...AT_ONCE, ai_agent_sequential_idle: true };
/** Customers who write while the steps fire, and how many of them in a second, as one would in a busy shop. */
const TALKING = 50;
const MESSAGES_PER_SECOND = 10;
/** A day is the longest that a step may wait. */
const NEVER_MS = 24 * 3_600_000 - 1_000;
/** Conversations whose making tells how long that of all takes. */
const WARM_UP = { share: 0.05, least: 20 } as const;
/** What has not come so long after the last one's time does not come. */
const PATIENCE_MS = 300_000;

/** Every conversation stays in memory, as docs/operations.md advises where there is enough of it. */
const DEFAULTS = { conversations: 10_000, spread: 300, cached: 12_000 };

await runBench('idle', DEFAULTS, async ({ conversations, spread, cached }, signal) => {
  if (Math.min(conversations, spread) === 0) throw new Error('idle needs at least 1 of everything');
  const worker = { MAX_CACHED_WORKFLOWS: String(cached) };
  const bench = await openBenchStage({ signal, processEnv: { worker } });
  const memory = watchMemory(() => Object.values(bench.pids()));
  try {
    const groups = await groupsOf(bench, conversations, Math.min(spread, conversations));
    const rate = await warmUp(bench, Math.ceil(Math.max(WARM_UP.least, conversations * WARM_UP.share)));
    const run = async (seconds: number) => {
      // Half as long again as the warm-up says, and time for things to settle.
      const from = Date.now() + (1_500 * conversations) / rate + 5_000;
      const due = await fallSilent(groups, bench.receiver, { from, spreadMs: seconds * 1_000 });
      console.log(`${due.length} customers are silent; their steps are due over ${seconds} s`);
      return firing(bench, due);
    };
    const evenly = await run(spread);
    // A run takes minutes: what one has found is said before the next begins.
    console.log(describe(evenly));
    const minuteSeconds = Math.ceil(spread / 5);
    const minute = await run(minuteSeconds);
    console.log(describe(minute));
    const figures = {
      due: conversations,
      fired: evenly.fired,
      doubled: evenly.doubled + minute.doubled,
      p95_late_s: evenly.p95LateS,
      max_late_s: evenly.maxLateS,
      reply_p95_ms: evenly.replyP95Ms,
      minute_max_late_s: minute.maxLateS,
      minute_p95_late_s: minute.p95LateS,
      minute_fired: minute.fired,
      minute_reply_p95_ms: minute.replyP95Ms,
      cpu_ms_per_nudge: total(evenly.cpuMs),
      minute_cpu_ms_per_nudge: total(minute.cpuMs),
      // By calculation: as many would have been busy for the whole of that time.
      minute_takes_cores: (total(minute.cpuMs) * conversations) / (minuteSeconds * 1_000),
      peak_mb: memory.peakMb(),
    };
    const rows = Object.entries(figures).map(([name, value]) => {
      const target = TARGETS[name as keyof typeof TARGETS] as number | undefined;
      if (target === undefined) return [name, value, '', ''];
      return [name, value, target, value <= target ? 'met' : 'not met'];
    });
    console.log(`\n${table(['figure', 'measured', 'target', ''], rows)}\n`);
    const { doubled, fired, minute_fired } = figures;
    return {
      figures,
      exceeded: [
        ...(doubled > 0 ? [`${doubled} nudges came twice`] : []),
        ...(Math.min(fired, minute_fired) < conversations ? ['not every step fired'] : []),
      ],
    };
  } finally {
    memory.stop();
    await bench.close();
  }
});

/** So many customers in groups, each for a second of the time over which steps are due. */
async function groupsOf(bench: BenchStage, count: number, groups: number): Promise<SilentGroup[]> {
  const made: SilentGroup[] = [];
  for (let n = 0; n < groups; n += 1) {
    const size = Math.floor((count * (n + 1)) / groups) - Math.floor((count * n) / groups);
    const rooms = Array.from({ length: size }, () => randomUUID());
    made.push({ channel: await bench.channel(SEQUENTIAL), rooms });
  }
  return made;
}

/** Makes conversations whose steps are never due here; resolves with how many a second were made. */
async function warmUp(bench: BenchStage, count: number): Promise<number> {
  const groups = await groupsOf(bench, count, 1);
  const began = performance.now();
  await fallSilent(groups, bench.receiver, { from: Date.now() + NEVER_MS, spreadMs: 0 });
  return (count * 1_000) / (performance.now() - began);
}

interface Fired {
  fired: number;
  doubled: number;
  p95LateS: number;
  maxLateS: number;
  replyP95Ms: number;
  /** For each nudge, with the answers that were given meanwhile. */
  cpuMs: Record<ProductPart, number>;
}

/** Waits until every step has fired, with customers who talk meanwhile. */
async function firing(bench: BenchStage, due: readonly SilentCustomer[]): Promise<Fired> {
  const { receiver } = bench;
  const dues = due.map(({ dueAt }) => dueAt);
  const [first, last] = [Math.min(...dues), Math.max(...dues)];
  const talkers = customers(await bench.channel(AT_ONCE), receiver, TALKING);
  await Promise.all(talkers.map(converse));
  await until(() => Date.now() >= first, PATIENCE_MS + first - Date.now());
  const before = cpuSeconds(bench.pids());
  const talk = startTalk(talkers);
  const rooms = new Set(due.map(({ room }) => room));
  const nudged = () => receiver.nudges.filter(({ room }) => rooms.has(room));
  const allFired = () =>
    receiver.nudges.length >= due.length && new Set(nudged().map(({ room }) => room)).size >= due.length;
  await until(allFired, PATIENCE_MS + last - Date.now());
  const replies = await talk.end();
  const cpu = used(before, cpuSeconds(bench.pids()));

  const arrived = Map.groupBy(nudged(), ({ room }) => room);
  const late = due.flatMap(({ room, dueAt }) =>
    (arrived.get(room) ?? []).slice(0, 1).map(({ at }) => (at - dueAt) / 1_000),
  );
  const doubled = nudged().length - arrived.size;
  receiver.nudges.length = 0;
  return {
    fired: arrived.size,
    doubled,
    p95LateS: quantile(late, 0.95),
    maxLateS: Math.max(...late),
    replyP95Ms: quantile(replies, 0.95),
    cpuMs: each(cpu, Math.max(arrived.size, 1)),
  };
}

function describe({ cpuMs, fired, doubled, p95LateS, maxLateS, replyP95Ms }: Fired): string {
  const rows: [string, number][] = [
    ...Object.entries({ fired, doubled, p95LateS, maxLateS, replyP95Ms }),
    ...Object.entries(cpuMs).map(([part, ms]): [string, number] => [`CPU ms of ${part} for each`, ms]),
  ];
  return `\n${table(['figure', 'measured'], rows)}\n`;
}

function each(cpu: Record<ProductPart, number>, count: number): Record<ProductPart, number> {
  const shares = Object.entries(cpu).map(([part, seconds]) => [part, (seconds * 1_000) / count]);
  return Object.fromEntries(shares) as Record<ProductPart, number>;
}

/** Customers who write by turns at a steady rate; `end` resolves with how long each answer took. */
function startTalk(talkers: readonly Customer[]): { end(): Promise<number[]> } {
  const replies: Promise<number>[] = [];
  let next = 0;
  const timer = setInterval(() => {
    const customer = talkers[next++ % talkers.length];
    if (customer === undefined) return;
    const reply = converse(customer).then(({ replyMs }) => replyMs);
    // Told by `end`.
    reply.catch(() => undefined);
    replies.push(reply);
  }, 1_000 / MESSAGES_PER_SECOND);
  return {
    end() {
      clearInterval(timer);
      return Promise.all(replies);
    },
  };
}

/** Resolves when it is so, or when the time is over: what is missing then shows in the figures. */
async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
}
