import { openBenchStage } from './load/bench-stage.ts';
import { converse, converseTimes, customers, type Customer } from './load/play.ts';
import { cpuSeconds, total, used } from './measure/cpu.ts';
import { eventsPerSignal, Histories } from './measure/histories.ts';
import { median } from './measure/quantile.ts';
import { countStatements } from './measure/statements.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// Whether the thousandth turn of a conversation costs what the fiftieth did: CPU of all processes of the product,
// history events and statements, early and late, each run on an installation of its own.

const TARGET = 1.1;
/** Turns of each conversation in a window: 51 to 100 and 951 to 1000. */
const WINDOW = 50;
/**
 * Turns after each window whose statements Postgres writes down and whose events are counted, which would spoil the CPU
 * figure. Each begins when the one before has left nothing to do: a customer who answers within milliseconds shares its
 * last task.
 */
const COUNTED = 10;
/** They also frame what is not of every turn (acknowledgements, summaries), so their share of a turn is no whole number. */
const FRAMING = new Set(['begin', 'commit', 'rollback']);

await runBench('flat', { conversations: 20, turns: 1000, runs: 3 }, async (options, signal) => {
  const window = Math.min(WINDOW, Math.floor(options.turns / 4));
  if (window === 0 || options.conversations === 0 || options.runs === 0)
    throw new Error('flat needs at least 4 turns, 1 conversation and 1 run');
  const runs: Run[] = [];
  for (let n = 0; n < options.runs; n += 1) {
    runs.push(await oneRun({ ...options, window }, signal));
    console.log(describe(runs));
  }
  const ratio = median(runs.map((run) => run.ratio));
  // The figures of the run in the middle, so that they belong to the ratio.
  const middle = runs.toSorted((a, b) => a.ratio - b.ratio)[Math.floor((runs.length - 1) / 2)] as Run;
  console.log(`median ratio ${ratio.toFixed(3)}, target ${TARGET}: ${ratio <= TARGET ? 'met' : 'not met'}\n`);
  const unequal = runs.flatMap(({ early, late }, index) => {
    const events = early.events === late.events ? [] : [`run ${index + 1}: events per turn differ`];
    return early.statements === late.statements
      ? events
      : [...events, `run ${index + 1}: statements per turn differ`];
  });
  return {
    figures: {
      early_ms: middle.early.ms,
      late_ms: middle.late.ms,
      turns: options.turns,
      ratio,
      runs: runs.length,
      events_early: middle.early.events,
      events_late: middle.late.events,
      statements_early: middle.early.statements,
      statements_late: middle.late.statements,
    },
    exceeded: unequal,
  };
});

interface Window {
  /** CPU milliseconds per turn. */
  ms: number;
  events: number;
  statements: number;
}

interface Run {
  early: Window;
  late: Window;
  ratio: number;
}

interface RunOptions {
  conversations: number;
  turns: number;
  window: number;
}

async function oneRun({ conversations, turns, window }: RunOptions, signal: AbortSignal): Promise<Run> {
  const bench = await openBenchStage({ signal });
  const histories = new Histories(bench.stage.dev().temporal_address);
  try {
    const channel = await bench.channel({ wait_time_seconds: 0, wait_cap_seconds: 0 });
    const all = customers(channel, bench.receiver, conversations);
    const everybody = (times: number) => Promise.all(all.map((customer) => converseTimes(customer, times)));
    const { conversationId } = await converse(all[0] as Customer);
    const measure = async (): Promise<Pick<Window, 'ms' | 'statements'>> => {
      const before = cpuSeconds(bench.pids());
      await everybody(window);
      const seconds = total(used(before, cpuSeconds(bench.pids())));
      const postgres = {
        ownerUrl: bench.stage.database.ownerUrl,
        logFile: bench.stage.logFile('postgres'),
      };
      await histories.settled(conversationId);
      const { byName } = await countStatements(postgres, async () => {
        for (let n = 0; n < COUNTED; n += 1) {
          await converse(all[0] as Customer);
          await histories.settled(conversationId);
        }
      });
      const statements = statementsOfOne(byName);
      return { ms: (seconds * 1000) / (window * conversations), statements };
    };
    await everybody(window);
    const early = await measure();
    await everybody(turns - 3 * window);
    const late = await measure();
    await converse(all[0] as Customer);
    const events = await eventsOf(histories, conversationId, window);
    return {
      early: { ...early, events: events.early },
      late: { ...late, events: events.late },
      ratio: late.ms / early.ms,
    };
  } finally {
    await histories.close();
    await bench.close();
  }
}

/** The statements of a turn in the usual case, without those that frame them or that serve many turns at once. */
function statementsOfOne(byName: Record<string, number>): number {
  const named = Object.entries(byName).filter(([name]) => !FRAMING.has(name));
  return named.reduce((sum, [, count]) => sum + Math.round(count / COUNTED), 0);
}

/** The median of what the counted turns behind each window brought about; a run holds a hundred turns. */
async function eventsOf(
  histories: Histories,
  conversationId: string,
  window: number,
): Promise<{ early: number; late: number }> {
  const perTurn: number[] = [];
  for (const runId of await histories.runs(conversationId))
    perTurn.push(...eventsPerSignal(await histories.events(conversationId, runId)));
  // One turn before all, two windows; one turn behind all.
  const early = 1 + 2 * window;
  return {
    early: median(perTurn.slice(early, early + COUNTED)),
    late: median(perTurn.slice(-COUNTED - 1, -1)),
  };
}

function describe(runs: readonly Run[]): string {
  const rows = runs.map(({ early, late, ratio }, index) => [
    index + 1,
    early.ms,
    late.ms,
    ratio,
    `${early.events} / ${late.events}`,
    `${early.statements} / ${late.statements}`,
  ]);
  const head = ['run', 'early CPU ms', 'late CPU ms', 'ratio', 'events per turn', 'statements per turn'];
  return `\n${table(head, rows)}\n`;
}
