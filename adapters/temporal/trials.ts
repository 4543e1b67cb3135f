import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { Trials } from '../../api/ports.ts';
import { trialWorkflowId } from '../../contract/ids.ts';
import { CONVERSATION_QUEUE } from '../../contract/queues.ts';
import { TRIAL_WORKFLOW } from '../../contract/trial.ts';
import type { TrialInput } from '../../contract/trial.ts';
import { connectionSettings } from './connection.ts';
import type { TemporalConfig } from './connection.ts';
import { isServerAway } from './server-away.ts';

const START_MS = 5_000;
/** Longer than any trial takes, all its attempts and pauses included. */
const RUN_MS = 60 * 60 * 1000;

/** The gateway's way to start a trial and to wait for its end. Connects lazily. */
export function openTrials(temporal: TemporalConfig): Trials & { close(): Promise<void> } {
  const connection = Connection.lazy(connectionSettings(temporal));
  const client = new Client({ connection, namespace: temporal.namespace });

  async function start(input: TrialInput): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + START_MS, () =>
        client.workflow.start(TRIAL_WORKFLOW, {
          workflowId: trialWorkflowId(input.callId),
          taskQueue: CONVERSATION_QUEUE,
          args: [input],
          workflowExecutionTimeout: RUN_MS,
          staticSummary: input.live ? 'live trial of an external action' : 'trial of an external action',
        }),
      );
      return true;
    } catch (error) {
      if (isServerAway(error)) return false;
      throw error;
    }
  }

  return {
    async run(input, patienceMs) {
      if (!(await start(input))) return 'not_started';
      try {
        const handle = client.workflow.getHandle(trialWorkflowId(input.callId));
        await client.withDeadline(Date.now() + patienceMs, () => handle.result());
        return 'ended';
      } catch (error) {
        // How it went stands in the row; that it is over is all that is asked here.
        if (error instanceof WorkflowFailedError) return 'ended';
        if (isServerAway(error)) return 'running';
        throw error;
      }
    },
    close: () => connection.close(),
  };
}
