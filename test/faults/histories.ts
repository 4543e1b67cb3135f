import { Client, Connection } from '@temporalio/client';
import { conversationWorkflowId } from '../../contract/ids.ts';
import type { DevFile } from '../../dev/stage-memory.ts';

export interface Run {
  runId: string;
  status: string;
  /** Everything in the history that could be words: field values, and payloads decoded. */
  text: string;
  events: number;
}

/** Temporal, as an engineer with the UI sees it. */
export interface Histories {
  /** Every run of the conversation, oldest first. */
  runs(conversationId: string): Promise<Run[]>;
  /** The state of the newest run, e.g. RUNNING or COMPLETED. */
  status(conversationId: string): Promise<string>;
  close(): Promise<void>;
}

export async function openHistories(dev: DevFile): Promise<Histories> {
  const connection = await Connection.connect({ address: dev.temporal_address });
  const client = new Client({ connection });
  const service = connection.workflowService;

  async function historyOf(workflowId: string, runId: string): Promise<{ text: string; events: number }> {
    const texts: string[] = [];
    let events = 0;
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await service.getWorkflowExecutionHistory({
        namespace: 'default',
        execution: { workflowId, runId },
        ...(nextPageToken === undefined ? {} : { nextPageToken }),
      });
      events += page.history?.events?.length ?? 0;
      collectTexts(page.history, texts);
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
    } while (nextPageToken !== undefined);
    return { text: texts.join('\n'), events };
  }

  return {
    async runs(conversationId) {
      const workflowId = conversationWorkflowId(conversationId);
      const listed: { runId: string; status: string; startTime: Date; described: string }[] = [];
      for await (const execution of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
        const texts: string[] = [];
        collectTexts(execution.raw, texts);
        listed.push({
          runId: execution.runId,
          status: execution.status.name,
          startTime: execution.startTime,
          described: texts.join('\n'),
        });
      }
      listed.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
      const runs: Run[] = [];
      for (const { runId, status, described } of listed) {
        const { text, events } = await historyOf(workflowId, runId);
        runs.push({ runId, status, text: `${described}\n${text}`, events });
      }
      return runs;
    },
    async status(conversationId) {
      const handle = client.workflow.getHandle(conversationWorkflowId(conversationId));
      return (await handle.describe()).status.name;
    },
    close: () => connection.close(),
  };
}

/** Payloads are bytes of JSON: read as they are and once more decoded, so that no escape hides a word. */
export function collectTexts(value: unknown, into: string[]): void {
  if (typeof value === 'string') {
    into.push(value);
  } else if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString('utf8');
    into.push(text);
    try {
      collectTexts(JSON.parse(text), into);
    } catch {
      // Not JSON: the bytes as they are say it all.
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      into.push(key);
      collectTexts(member, into);
    }
  }
}
