import { openBenchStage, type BenchStage } from './load/bench-stage.ts';
import { converse } from './load/play.ts';
import { openScenes } from './load/scenes.ts';
import { Histories } from './measure/histories.ts';
import { countStatements } from './measure/statements.ts';
import { runBench } from './report/run-bench.ts';
import { table } from './report/table.ts';

// What one message costs in history events, fetched from Temporal, and in statements, as Postgres wrote them down; and
// what a nudge, a broken silence and a request to operators cost the conversation besides. The budgets are those of
// DESIGN section 3; each event is bytes kept for as long as the history and a row written on Temporal's disk.

const BUDGETS = {
  plain_unbuffered: 11,
  plain_buffered: 16,
  understanding: 6,
  extra_message: 4,
  prolonged_wait: 5,
  tool_round: 10,
  approval: 16,
  nudge: 11,
  idle_reset: 5,
} as const;

/** A message's signal and the task that hears it; a turn about a decision begins within the task of its own. */
const BEGINNING = 4;

/** What a decision comes to is sent by a step of its own, with the end of its row. */
const SENT_ALONE = 1;

const WAIT_SECONDS = 2;
const BURST = 6;

/** The stub of the model calls it once a turn. */
const TAGGING = [{ node_type: 'qontak_chat_room_tag', fields: {} }];

const TWO_VOICES = {
  sales: { name: 'Sales', prompt: 'You sell.' },
  support: { name: 'Support', prompt: 'You help.' },
};

const AT_ONCE = { wait_time_seconds: 0, wait_cap_seconds: 0 };

await runBench('events', { turns: 10 }, async ({ turns }, signal) => {
  const bench = await openBenchStage({ signal });
  const histories = new Histories(bench.stage.dev().temporal_address);
  try {
    const play = openScenes(bench, histories, turns);
    const plain_unbuffered = await play.turn(AT_ONCE);
    const waiting = { wait_time_seconds: WAIT_SECONDS, wait_cap_seconds: WAIT_SECONDS };
    const [plain_buffered, whole, two, understood, acting, asking, silence, inSilence] = await Promise.all([
      play.turn({ ...waiting, wait_time_seconds: 0.5, wait_cap_seconds: 0.5 }),
      // The cap equals the wait: no message prolongs it.
      play.burst(waiting, BURST),
      play.burst({ ...waiting, wait_cap_seconds: 30 }, 2),
      play.turn({ ...AT_ONCE, personalities: TWO_VOICES }),
      play.turn({ ...AT_ONCE, tools: TAGGING }),
      play.approval(),
      play.nudge(),
      play.turnInSilence(),
    ]);
    const extra_message = (whole - plain_buffered) / (BURST - 1);
    const figures = {
      plain_unbuffered,
      plain_buffered,
      understanding: understood - plain_unbuffered,
      extra_message,
      prolonged_wait: two - plain_buffered - extra_message,
      tool_round: acting - plain_unbuffered,
      // Beside the round that files it and what the agent says of the decision, which are a turn's.
      approval: asking - acting - (plain_unbuffered - BEGINNING + SENT_ALONE),
      nudge: silence.nudge,
      // Of the two ways to break a silence the dearer one.
      idle_reset: Math.max(
        silence.turnAfter - plain_unbuffered,
        inSilence - plain_unbuffered - silence.nudge,
      ),
    };
    const statements = await statementsOfTurn(bench, histories, play, turns);
    print(figures, statements);
    const exceeded = Object.entries(BUDGETS).flatMap(([name, budget]) => {
      const value = figures[name as keyof typeof BUDGETS];
      return value <= budget ? [] : [`${name}: ${value} events, the budget is ${budget}`];
    });
    return { figures: { ...figures, statements: statements.perTurn }, exceeded };
  } finally {
    await histories.close();
    await bench.close();
  }
});

interface StatementsPerTurn {
  perTurn: number;
  byName: Record<string, number>;
}

/** Statements of a plain turn, from the post to the record of the send, on warm connections. */
async function statementsOfTurn(
  bench: BenchStage,
  histories: Histories,
  play: ReturnType<typeof openScenes>,
  turns: number,
): Promise<StatementsPerTurn> {
  const { customer, conversationId } = await play.acquainted(AT_ONCE);
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
}

function print(figures: Record<keyof typeof BUDGETS, number>, { perTurn, byName }: StatementsPerTurn): void {
  const measured = Object.entries(BUDGETS).map(([name, budget]) => {
    const value = figures[name as keyof typeof BUDGETS];
    return [name, value, budget, value <= budget ? 'met' : 'exceeded'];
  });
  console.log(`\n${table(['history events', 'measured', 'budget', ''], measured)}\n`);
  const statements = Object.entries(byName).toSorted(([, a], [, b]) => b - a);
  console.log(`${table(['statements', 'per turn'], [...statements, ['all', perTurn]])}\n`);
}
