import { openFloor, type Floor, type FloorPart } from './floor/open-floor.ts';
import { openBenchStage, type BenchStage } from './load/bench-stage.ts';
import { converse, converseTimes, customers, type Customer } from './load/play.ts';
import { runGrouped, runSingly, type LoadSize, type ProductRun } from './load/product-run.ts';
import { total } from './measure/cpu.ts';
import { watchMemory } from './measure/memory.ts';
import { median, quantile } from './measure/quantile.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// Messages per second from the gateway to the receiver, the delay of one conversation alone, and what a thousand
// messages cost in CPU beside a floor that does nothing but the unavoidable (floor/open-floor.ts says what is counted).
// Product and floor take turns, so that a busy machine is busy for both: the ratio of a pair is what counts. Without
// `--think` a customer's next message comes within milliseconds of the reply, which the product sends from inside its
// activity: it then often shares the task that ends the turn, and saves the product what nobody else would save it.

const TARGETS = { cpu_ratio: 1.5, alone_p50_ms: 40, ack_p50_ms: 6 } as const;
const GROUPED_WAIT_SECONDS = 0.5;

await runBench(
  'throughput',
  { conversations: 200, messages: 10, pairs: 5, alone: 200, think: 0 },
  async ({ pairs: pairCount, alone: aloneCount, ...size }, signal) => {
    if (Math.min(pairCount, aloneCount, size.conversations, size.messages) === 0)
      throw new Error('throughput needs at least 1 of everything');
    const bench = await openBenchStage({ signal });
    let floor: Floor | undefined;
    const memory = watchMemory(() => Object.values(bench.pids()));
    try {
      const single = await bench.channel({ wait_time_seconds: 0, wait_cap_seconds: 0, message_limit: 200 });
      await runSingly(bench, single, warmUp(size));
      const [customer] = customers(single, bench.receiver, 1) as [Customer];
      await converseTimes(customer, Math.min(20, aloneCount));
      const alone = await aloneFigures(customer, aloneCount);

      floor = await openFloor({ signal });
      await floor.run(warmUp(size));
      const pairs: Pair[] = [];
      for (let n = 0; n < pairCount; n += 1) {
        const product = await runSingly(bench, single, size);
        pairs.push(pairOf(size, product, await floor.run(size)));
        console.log(describePair(n + 1, pairs.at(-1) as Pair));
      }
      const grouped = await groupedRun(bench, size);
      const figures = {
        grouped_per_s: perSecond(size, grouped),
        single_per_s: median(pairs.map(({ product }) => product.perSecond)),
        ...alone,
        cpu_s_per_1000: median(pairs.map(({ product }) => product.all)),
        floor_cpu_s_per_1000: median(pairs.map(({ floor }) => floor.all)),
        cpu_ratio: median(pairs.map(({ ratio }) => ratio)),
        peak_mb: memory.peakMb(),
        grouped_cpu_s_per_1000: (total(grouped.cpu) * 1000) / messagesOf(size),
        floor_per_s: median(pairs.map(({ floor }) => floor.perSecond)),
        pairs: pairCount,
      };
      print(pairs, figures);
      return { figures };
    } finally {
      memory.stop();
      await floor?.close();
      await bench.close();
    }
  },
);

/** Machine code, connections and caches are there before anything is measured. */
function warmUp({ conversations, messages }: LoadSize): LoadSize {
  return { conversations: Math.ceil(conversations / 2), messages: Math.ceil(messages / 2) };
}

async function aloneFigures(
  customer: Customer,
  count: number,
): Promise<Record<'alone_p50_ms' | 'alone_p95_ms' | 'ack_p50_ms', number>> {
  const replies: number[] = [];
  const acks: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const { replyMs, ackMs } = await converse(customer);
    replies.push(replyMs);
    acks.push(ackMs);
  }
  return {
    alone_p50_ms: median(replies),
    alone_p95_ms: quantile(replies, 0.95),
    ack_p50_ms: median(acks),
  };
}

async function groupedRun(bench: BenchStage, size: LoadSize): Promise<ProductRun> {
  const wait = GROUPED_WAIT_SECONDS;
  const channel = await bench.channel({ wait_time_seconds: wait, wait_cap_seconds: 10, message_limit: 200 });
  return runGrouped(bench, channel, size);
}

/** One side of a pair; CPU seconds per 1,000 messages. */
interface Side<Part extends string> {
  parts: Record<Part, number>;
  all: number;
  perSecond: number;
}

interface Pair {
  product: Side<keyof ProductRun['cpu']>;
  floor: Side<FloorPart>;
  ratio: number;
}

function pairOf(size: LoadSize, product: ProductRun, floor: Awaited<ReturnType<Floor['run']>>): Pair {
  const pair = { product: sideOf(size, product), floor: sideOf(size, floor) };
  return { ...pair, ratio: pair.product.all / pair.floor.all };
}

function sideOf<Part extends string>(
  size: LoadSize,
  run: { cpu: Record<Part, number>; seconds: number },
): Side<Part> {
  const per1000 = Object.entries<number>(run.cpu).map(([part, seconds]) => [
    part,
    (seconds * 1000) / messagesOf(size),
  ]);
  return {
    parts: Object.fromEntries(per1000) as Record<Part, number>,
    all: (total(run.cpu) * 1000) / messagesOf(size),
    perSecond: perSecond(size, run),
  };
}

function messagesOf({ conversations, messages }: LoadSize): number {
  return conversations * messages;
}

function perSecond(size: LoadSize, { seconds }: { seconds: number }): number {
  return messagesOf(size) / seconds;
}

function describePair(number: number, { product, floor, ratio }: Pair): string {
  return (
    `pair ${number}: product ${product.all.toFixed(2)} CPU s per 1,000 (${product.perSecond.toFixed(0)}/s), ` +
    `floor ${floor.all.toFixed(2)} (${floor.perSecond.toFixed(0)}/s), ratio ${ratio.toFixed(2)}`
  );
}

function print(pairs: readonly Pair[], figures: Record<string, number>): void {
  const head = ['pair', 'api', 'worker', 'postgres', 'temporal', 'product', 'per s'];
  const floorHead = ['worker', 'commits', 'postgres', 'temporal', 'floor', 'per s', 'ratio'];
  const rows = pairs.map(({ product, floor, ratio }, index) => [
    index + 1,
    ...[product.parts.api, product.parts.worker, product.parts.postgres, product.parts.temporal],
    ...[product.all, product.perSecond],
    ...[floor.parts.floor_worker, floor.parts.floor_commits, floor.parts.postgres, floor.parts.temporal],
    ...[floor.all, floor.perSecond, ratio],
  ]);
  console.log(`\nCPU seconds per 1,000 messages\n${table([...head, ...floorHead], rows)}\n`);
  const measured = Object.entries(figures).map(([name, value]) => {
    const target = TARGETS[name as keyof typeof TARGETS] as number | undefined;
    if (target === undefined) return [name, value, '', ''];
    return [name, value, target, value <= target ? 'met' : 'not met'];
  });
  console.log(`${table(['figure', 'measured', 'target', ''], measured)}\n`);
}
