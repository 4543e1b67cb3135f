import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { TrialInput } from '../contract/trial.ts';
import { callReceiver } from './call.ts';
import { MODEL_CALL } from './policy.ts';

const { judgeTest } = proxyActivities<Pick<Activities, 'judgeTest'>>({
  ...MODEL_CALL,
  // A builder waits in front of a page.
  retry: { maximumAttempts: 2 },
});

/** A builder's test of an external action, or the replay of an execution (EXT-8): what came of it is in the call's row. */
export async function trial({ organisationId, callId, understand, live }: TrialInput): Promise<void> {
  const ref = { organisationId, callId };
  const policy = await judgeTest({ ...ref, understand, live });
  if (policy === null) return;
  const shell = { ref: { organisationId, conversationId: '' } };
  await callReceiver(shell, { callId, ...policy }, { label: policy.name, regroup: false, answersSeq: 0 });
}
