import { converse, burst, customers, type Customer } from './load/play.ts';
import { openBenchStage, type AgentSetting, type BenchStage } from './load/bench-stage.ts';
import { Histories } from './measure/histories.ts';
import { median } from './measure/quantile.ts';
import { countStatements } from './measure/statements.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// What one message costs in history events, fetched from Temporal, and in statements, as Postgres wrote them down.
// The budgets are those of DESIGN section 3; each event is bytes kept for as long as the history and a row written on Temporal's disk.

const BUDGETS = {
  plain_unbuffered: 11,
  plain_buffered: 16,
  understanding: 6,
  extra_message: 4,
  prolonged_wait: 5,
  tool_round: 10,
} as const;

/** Kinds of turn that have a budget and are not built yet. */
const NOT_BUILT = { approval: null, nudge: null, idle_reset: null };

const WAIT_SECONDS = 2;
const BURST = 6;
/** So far apart that each message is a workflow task of its own, the dearest case; all inside one wait. */
const GAP_MS = 200;

/** The stub of the model calls it once a turn. */
const TAGGING = [{ node_type: 'qontak_chat_room_tag', fields: {} }];

const TWO_VOICES = {
  sales: { name: 'Sales', prompt: 'You sell.' },
  support: { name: 'Support', prompt: 'You help.' },
};

await runBench('events', { turns: 10 }, async ({ turns }, signal) => {
  const bench = await openBenchStage({ signal });
  const histories = new Histories(bench.stage.dev().temporal_address);
  try {
    const play = openScenes(bench, histories, turns);
    const plain_unbuffered = await play.turn({ wait_time_seconds: 0, wait_cap_seconds: 0 });
    const waiting = { wait_time_seconds: WAIT_SECONDS, wait_cap_seconds: WAIT_SECONDS };
    const [plain_buffered, whole, two, understood, acting] = await Promise.all([
      play.turn({ ...waiting, wait_time_seconds: 0.5, wait_cap_seconds: 0.5 }),
      // The cap equals the wait: no message prolongs it.
      play.burst(waiting, BURST),
      play.burst({ ...waiting, wait_cap_seconds: 30 }, 2),
      play.turn({ wait_time_seconds: 0, wait_cap_seconds: 0, personalities: TWO_VOICES }),
      play.turn({ wait_time_seconds: 0, wait_cap_seconds: 0, tools: TAGGING }),
    ]);
    const extra_message = (whole - plain_buffered) / (BURST - 1);
    const figures = {
      plain_unbuffered,
      plain_buffered,
      understanding: understood - plain_unbuffered,
      extra_message,
      prolonged_wait: two - plain_buffered - extra_message,
      tool_round: acting - plain_unbuffered,
    };
    const statements = await play.statements();
    print(figures, statements);
    const exceeded = Object.entries(BUDGETS).flatMap(([name, budget]) => {
      const value = figures[name as keyof typeof BUDGETS];
      return value <= budget ? [] : [`${name}: ${value} events, the budget is ${budget}`];
    });
    return { figures: { ...figures, ...NOT_BUILT, statements: statements.perTurn }, exceeded };
  } finally {
    await histories.close();
    await bench.close();
  }
});

interface StatementsPerTurn {
  perTurn: number;
  byName: Record<string, number>;
}

function openScenes(bench: BenchStage, histories: Histories, turns: number) {
  /** A customer who has been answered once: what the start of a conversation costs is not a turn's. */
  async function acquainted(settings: AgentSetting): Promise<{ customer: Customer; conversationId: string }> {
    const channel = await bench.channel({ message_limit: 200, ...settings });
    const [customer] = customers(channel, bench.receiver, 1) as [Customer];
    const { conversationId } = await converse(customer);
    await histories.settled(conversationId);
    return { customer, conversationId };
  }

  async function grown(conversationId: string, work: () => Promise<unknown>): Promise<number> {
    const before = await histories.settled(conversationId);
    await work();
    return (await histories.settled(conversationId)).length - before.length;
  }

  return {
    /** Events of a turn of one message. @throws Error when turns of the same kind differ. */
    async turn(settings: AgentSetting): Promise<number> {
      const { customer, conversationId } = await acquainted(settings);
      const counts: number[] = [];
      for (let n = 0; n < turns; n += 1) counts.push(await grown(conversationId, () => converse(customer)));
      if (new Set(counts).size > 1) console.log(`turns of one kind differ: ${counts.join(', ')}`);
      return median(counts);
    },

    /** Events of a burst answered by one turn. */
    async burst(settings: AgentSetting, messages: number): Promise<number> {
      const { customer, conversationId } = await acquainted(settings);
      return grown(conversationId, () => burst(customer, messages, { gapMs: GAP_MS }));
    },

    /** Statements of a plain turn, from the post to the record of the send, on warm connections. */
    async statements(): Promise<StatementsPerTurn> {
      const { customer, conversationId } = await acquainted({ wait_time_seconds: 0, wait_cap_seconds: 0 });
      const postgres = {
        ownerUrl: bench.stage.database.ownerUrl,
        logFile: bench.stage.logFile('postgres'),
      };
      const counted = await countStatements(postgres, async () => {
        for (let n = 0; n < turns; n += 1) await converse(customer);
        await histories.settled(conversationId);
        // Acknowledgements are written twice a second, for all messages since the last time.
        await new Promise((resolve) => setTimeout(resolve, 700));
      });
      const byName = Object.entries(counted.byName).map(([name, count]) => [name, count / turns]);
      return {
        perTurn: counted.count / turns,
        byName: Object.fromEntries(byName) as Record<string, number>,
      };
    },
  };
}

function print(figures: Record<keyof typeof BUDGETS, number>, { perTurn, byName }: StatementsPerTurn): void {
  const measured = Object.entries(BUDGETS).map(([name, budget]) => {
    const value = figures[name as keyof typeof BUDGETS];
    return [name, value, budget, value <= budget ? 'met' : 'exceeded'];
  });
  const open = Object.keys(NOT_BUILT).map((name) => [name, null, '', '']);
  console.log(`\n${table(['history events', 'measured', 'budget', ''], [...measured, ...open])}\n`);
  const statements = Object.entries(byName).toSorted(([, a], [, b]) => b - a);
  console.log(`${table(['statements', 'per turn'], [...statements, ['all', perTurn]])}\n`);
}
