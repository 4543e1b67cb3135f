import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { approvalWorkflowId, conversationWorkflowId } from '../contract/ids.ts';
import { ALL_SHAPES } from './histories/all-shapes.ts';
import { openHarness } from './histories/harness.ts';

// npm run record-histories [SHAPE …]: plays shapes of conversation against a fresh installation and keeps their
// histories, which the replay test runs on the code of the day. A release adds histories and removes none that a
// running conversation may still have: without names, those shapes are recorded that have no history yet. Named ones
// are recorded anew, and what stood before is replaced.

const folder = join(import.meta.dirname, '..', 'test', 'replay', 'histories');
mkdirSync(folder, { recursive: true });
const all = Object.entries(ALL_SHAPES);
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !all.some(([known]) => known === name));
if (unknown.length > 0) throw new Error(`there is no shape called ${unknown.join(', ')}`);
const shapes = all.filter(([name]) =>
  chosen.length === 0 ? filesOf(name).length === 0 : chosen.includes(name),
);
if (shapes.length === 0) console.log('every shape has a history; name those that are to be recorded anew');
else await recordAll();

async function recordAll(): Promise<void> {
  const harness = await openHarness({ TURNS_PER_RUN: '3' });
  const connection = await Connection.connect({ address: harness.temporalAddress });
  try {
    const client = new WorkflowClient({ connection });
    for (const [name, play] of shapes) {
      const played = await play(harness);
      const { conversation, approvals } =
        typeof played === 'string' ? { conversation: played, approvals: [] } : played;
      for (const old of filesOf(name)) rmSync(join(folder, old));
      await record(client, name, conversationWorkflowId(conversation));
      for (const id of approvals) await record(client, `${name}.approval`, approvalWorkflowId(id));
    }
  } finally {
    await connection.close();
    await harness.close();
  }
}

function filesOf(name: string): string[] {
  return readdirSync(folder).filter((file) => file.startsWith(`${name}.`));
}

async function record(client: WorkflowClient, name: string, workflowId: string): Promise<void> {
  const runs = await runsOf(client, workflowId);
  for (const [index, runId] of runs.entries()) {
    const history = await client.getHandle(workflowId, runId).fetchHistory();
    // A run that has just begun has decided nothing yet that could be replayed.
    if ((history.events?.length ?? 0) < 4) continue;
    const file = join(folder, `${name}.${index + 1}.json`);
    writeFileSync(file, historyToJSON(history));
    console.log(`${name}: run ${index + 1} of ${runs.length}, ${history.events?.length ?? 0} events`);
  }
}

/** The first run, one in the middle and the last: those between repeat the middle one. */
async function runsOf(client: WorkflowClient, workflowId: string): Promise<string[]> {
  const runs: string[] = [];
  for await (const run of client.list({ query: `WorkflowId = '${workflowId}'` })) runs.unshift(run.runId);
  return [...new Set([runs[0], runs[Math.floor(runs.length / 2)], runs.at(-1)])].filter(
    (runId) => runId !== undefined,
  );
}
