import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { ActivityPorts } from '../activities/ports.ts';
import { CONVERSATION_QUEUE } from '../contract/queues.ts';
import { withFailpoints } from './failpoint.ts';

export interface ConversationWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  ports: ActivityPorts;
  /** Conversations kept in memory between their tasks; about 50 KB each. */
  maxCachedWorkflows: number;
  /** Size of the Postgres pool: local activities never ask for more connections than there are. */
  poolSize: number;
  /** A queue of model calls, served besides the conversations' own. */
  modelQueue: string | null;
  workflowBundle: WorkerOptions['workflowBundle'];
}

/** The workers of one process: one for conversations and their activities, one for model calls where configured. */
export async function createWorkers(options: ConversationWorkerOptions): Promise<Worker[]> {
  const activities = withFailpoints(createActivities(options.ports), options.ports.failpoint);
  const shutdown = { shutdownGraceTime: '20s', shutdownForceTime: '30s' } as const;
  const conversations = await Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: CONVERSATION_QUEUE,
    activities,
    workflowBundle: options.workflowBundle,
    maxCachedWorkflows: options.maxCachedWorkflows,
    // After a crash a conversation waits so long for the dead process before another takes it.
    stickyQueueScheduleToStartTimeout: '3s',
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentActivityTaskExecutions: 100,
    maxConcurrentLocalActivityExecutions: options.poolSize,
    ...shutdown,
  });
  if (options.modelQueue === null) return [conversations];
  const modelCalls = await Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.modelQueue,
    activities,
    maxConcurrentActivityTaskExecutions: 100,
    ...shutdown,
  });
  return [conversations, modelCalls];
}
