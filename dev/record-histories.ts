import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { ACTING_SHAPES } from './histories/acting-shapes.ts';
import { openHarness } from './histories/harness.ts';
import { SHAPES } from './histories/shapes.ts';

// npm run record-histories [SHAPE …]: plays the shapes of conversation against a fresh installation and keeps
// their histories, which the replay test runs on the code of the day. A release adds histories and removes none
// that a running conversation may still have; this command replaces those of the shapes it records.

const folder = join(import.meta.dirname, '..', 'test', 'replay', 'histories');
const chosen = process.argv.slice(2);
const shapes = Object.entries({ ...SHAPES, ...ACTING_SHAPES }).filter(
  ([name]) => chosen.length === 0 || chosen.includes(name),
);

const harness = await openHarness({ TURNS_PER_RUN: '3' });
try {
  const connection = await Connection.connect({ address: harness.temporalAddress });
  const client = new WorkflowClient({ connection });
  mkdirSync(folder, { recursive: true });
  for (const [name, play] of shapes) {
    const conversationId = await play(harness);
    for (const old of readdirSync(folder)) if (old.startsWith(`${name}.`)) rmSync(join(folder, old));
    const runs = await runsOf(client, `conversation/${conversationId}`);
    for (const [index, runId] of runs.entries()) {
      const history = await client.getHandle(`conversation/${conversationId}`, runId).fetchHistory();
      // A run that has just begun has decided nothing yet that could be replayed.
      if ((history.events?.length ?? 0) < 4) continue;
      const file = join(folder, `${name}.${index + 1}.json`);
      writeFileSync(file, historyToJSON(history));
      console.log(`${name}: run ${index + 1} of ${runs.length}, ${history.events?.length ?? 0} events`);
    }
  }
  await connection.close();
} finally {
  await harness.close();
}

/** The first run, one in the middle and the last: those between repeat the middle one. */
async function runsOf(client: WorkflowClient, workflowId: string): Promise<string[]> {
  const runs: string[] = [];
  for await (const run of client.list({ query: `WorkflowId = '${workflowId}'` })) runs.unshift(run.runId);
  return [...new Set([runs[0], runs[Math.floor(runs.length / 2)], runs.at(-1)])].filter(
    (runId) => runId !== undefined,
  );
}
