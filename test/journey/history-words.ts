import type { Client } from '@temporalio/client';
import { eventually } from './open-journey.ts';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

/** Every event of every run of a workflow, oldest first. */
export async function everyEvent(client: Client, workflowId: string): Promise<HistoryEvent[]> {
  const runs: { runId: string; startTime: Date }[] = [];
  // The list of runs is a search index, which lags a little behind.
  await eventually(`${workflowId} is listed`, async () => {
    runs.length = 0;
    for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
    return runs.length > 0;
  });
  runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const histories = await Promise.all(
    runs.map(({ runId }) => client.workflow.getHandle(workflowId, runId).fetchHistory()),
  );
  return histories.flatMap((history) => history.events ?? []);
}

/** All text in an event: strings, and bytes (payloads) read as text. */
export function wordsIn(value: unknown): string {
  if (typeof value === 'string') return `${value}\n`;
  if (value instanceof Uint8Array) return `${Buffer.from(value).toString('utf8')}\n`;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, member]) => `${key}\n${wordsIn(member)}`)
    .join('');
}

/** The summary that the Temporal UI shows beside an event. */
export function summaryOf(event: HistoryEvent): string | undefined {
  const data = event.userMetadata?.summary?.data;
  return data ? (JSON.parse(Buffer.from(data).toString('utf8')) as string) : undefined;
}
