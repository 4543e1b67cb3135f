import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createActivities } from '../../activities/index.ts';
import type { ActivityPorts, Clock } from '../../activities/ports.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import { CONVERSATION_QUEUE } from '../../contract/queues.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import '../quiet-temporal.ts';

/** The server's number for the type. */
const KEYWORD = 2;
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/parley');

/** A Temporal whose clock jumps to the next timer while everybody sleeps, and goes on as usual while anybody works. */
export interface SkippedTime {
  client: Client;
  /** Of that Temporal: right for activities, and behind `now`. */
  clock: Clock;
  now(): Promise<Date>;
  /** Lets so much time pass: whatever is due meanwhile happens in its order. */
  sleep(ms: number): Promise<void>;
  /** Runs the product's workflows and activities. */
  work(ports: ActivityPorts): Promise<void>;
  close(): Promise<void>;
}

/** Null where there is no such server (dev/run-tests.ts says why). */
export async function openSkippedTime(): Promise<SkippedTime | null> {
  const path = process.env['TIME_SKIPPING_SERVER'];
  if (path === undefined) return null;
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // It can be told of search attributes but not asked for them, as the worker does at its start.
  await env.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD])),
  });
  let ahead = 0;
  const now = async () => {
    const at = await env.currentTimeMs();
    ahead = at - Date.now();
    return new Date(at);
  };
  await now();
  const closing: (() => Promise<unknown>)[] = [() => env.teardown()];

  return {
    client: env.client,
    // It does not jump while an activity runs, so what was true at its beginning stays true.
    clock: { now: () => new Date(Date.now() + ahead) },
    now,
    sleep: (ms) => env.sleep(ms),
    async work(ports) {
      const worker = await Worker.create({
        connection: env.nativeConnection,
        taskQueue: CONVERSATION_QUEUE,
        activities: createActivities(ports),
        workflowBundle: await workflowBundle(CACHE, new DefaultLogger('ERROR')),
        interceptors: {
          activity: [
            () => ({
              inbound: {
                async execute(input, next) {
                  await now();
                  return next(input);
                },
              },
            }),
          ],
        },
      });
      const running = worker.run();
      closing.unshift(() => {
        worker.shutdown();
        return running;
      });
    },
    async close() {
      for (const part of closing) await part();
    },
  };
}
