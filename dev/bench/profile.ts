import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBenchStage } from './load/bench-stage.ts';
import { runSingly } from './load/product-run.ts';
import { cpuSeconds, threadSeconds, total, used } from './measure/cpu.ts';
import { readProfiles, selfTimes, type NamedProfile } from './measure/profiles.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// Where the CPU of a turn goes: the load of `throughput`, each message a turn of its own, with V8's profiler on in
// API and worker. The profiler slows what it watches, so shares count here and not totals.

const SHOWN = 25;
/** Regular expressions are named by their whole text. */
const LONGEST_NAME = 90;

await runBench('profile', { conversations: 100, messages: 10, functions: SHOWN }, async (options, signal) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-profile-'));
  const NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${folder}`;
  const bench = await openBenchStage({
    signal,
    processEnv: { api: { NODE_OPTIONS }, worker: { NODE_OPTIONS } },
  });
  const messages = options.conversations * options.messages;
  let threads: Record<string, Record<string, number>>;
  let pids: ReturnType<typeof bench.pids>;
  let window: { from: number; to: number };
  let cpu: Record<string, number>;
  try {
    const channel = await bench.channel({ wait_time_seconds: 0, wait_cap_seconds: 0, message_limit: 200 });
    await runSingly(bench, channel, options);
    pids = bench.pids();
    const before = threadsOf(pids);
    const cpuBefore = cpuSeconds(pids);
    const from = microseconds();
    await runSingly(bench, channel, options);
    window = { from, to: microseconds() };
    cpu = used(cpuBefore, cpuSeconds(pids));
    const after = threadsOf(pids);
    threads = { api: used(before.api, after.api), worker: used(before.worker, after.worker) };
  } finally {
    // The profiles are written when the processes end.
    await bench.close();
  }
  const profiles = readProfiles(folder);
  rmSync(folder, { recursive: true, force: true });

  const perMessage = (seconds: number) => (seconds * 1000) / messages;
  console.log(`\n${table(['process', 'CPU ms per message'], rows(cpu, perMessage, 10))}\n`);
  for (const [name, used] of Object.entries(threads))
    console.log(`${table([`threads of ${name}`, 'CPU ms per message'], rows(used, perMessage, 12))}\n`);
  for (const profile of profiles) console.log(describe(profile, pids, window, messages, options.functions));
  return { figures: { messages, cpu_ms_per_message: perMessage(total(cpu)), profiles: profiles.length } };
});

function threadsOf({ api, worker }: { api: number; worker: number }) {
  return { api: threadSeconds(api), worker: threadSeconds(worker) };
}

function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function describe(
  { pid, thread, profile }: NamedProfile,
  pids: { api: number; worker: number },
  window: { from: number; to: number },
  messages: number,
  functions: number,
): string {
  const { byPackage, byFunction, busyMs } = selfTimes(profile, window);
  if (busyMs === 0) return '';
  const program = pid === pids.api ? 'api' : 'worker';
  const place = thread === 0 ? 'main thread' : `thread ${thread}`;
  const perMessage = (ms: number) => ms / messages;
  return [
    `${program}, ${place}: ${(busyMs / messages).toFixed(2)} ms of JavaScript and garbage collection per message`,
    table(['package', 'ms per message'], rows(byPackage, perMessage, functions)),
    '',
    table(['function', 'ms per message'], rows(byFunction, perMessage, functions)),
    '',
  ].join('\n');
}

function rows(
  sums: Record<string, number>,
  scale: (value: number) => number,
  most: number,
): [string, number][] {
  return Object.entries(sums)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, value]) => [name.slice(0, LONGEST_NAME), scale(value)]);
}
