import { Connection, WorkflowClient } from '@temporalio/client';
import { conversationWorkflowId } from '../../../contract/ids.ts';
import { until } from '../../until.ts';

/** An event's kind as its attributes are called, such as `workflowExecutionSignaled`. */
type EventName = string;

const SIGNALLED = 'workflowExecutionSignaled';

/** A run whose last event is one of these has something under way. */
const UNDER_WAY = new Set<EventName>([
  'workflowExecutionStarted',
  SIGNALLED,
  'workflowTaskScheduled',
  'workflowTaskStarted',
  'activityTaskScheduled',
  'activityTaskStarted',
  'activityTaskCompleted',
  'timerFired',
]);

/** Reads conversations' histories from Temporal. */
export class Histories {
  readonly #connection: Connection;
  readonly #client: WorkflowClient;

  constructor(address: string) {
    this.#connection = Connection.lazy({ address });
    this.#client = new WorkflowClient({ connection: this.#connection });
  }

  /** The events of a run, oldest first; of the newest run unless one is named. */
  async events(conversationId: string, runId?: string): Promise<EventName[]> {
    const handle = this.#client.getHandle(conversationWorkflowId(conversationId), runId);
    const { events } = await handle.fetchHistory();
    return (events ?? []).map((event) => {
      const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes'));
      return attributes?.replace('EventAttributes', '') ?? 'unknown';
    });
  }

  /** The same once nothing is under way: the reply is out before the task that sent it is closed. */
  async settled(conversationId: string): Promise<EventName[]> {
    let names: EventName[] = [];
    const quiet = async () => {
      names = await this.events(conversationId);
      const last = names.at(-1);
      return last !== undefined && !UNDER_WAY.has(last);
    };
    if (await until(quiet, 30_000, 20)) return names;
    throw new Error(`a conversation did not come to rest within 30 s; its last event is ${names.at(-1)}`);
  }

  /** The runs of a conversation, oldest first, as the visibility store has them a moment later. */
  async runs(conversationId: string): Promise<string[]> {
    const query = `WorkflowId = '${conversationWorkflowId(conversationId)}'`;
    const found: { runId: string; startTime: Date }[] = [];
    for await (const run of this.#client.list({ query })) found.push(run);
    return found.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime()).map(({ runId }) => runId);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** How many events each signal of a run brought about, itself included; those before the first are left out. */
export function eventsPerSignal(events: readonly EventName[]): number[] {
  const starts = events.flatMap((name, index) => (name === SIGNALLED ? [index] : []));
  return starts.map((start, index) => (starts[index + 1] ?? events.length) - start);
}
