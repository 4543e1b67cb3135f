import v8 from 'node:v8';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const FORGONE = 'parley.workflow-stack-traces-forgone';

/**
 * The SDK keeps the stack of every promise that workflow code makes, for the `__stack_trace` query: about a sixth of
 * a worker's processor time. Threads that start after this, the one that runs workflows is one, keep none; the main
 * thread's stacks stay. The price: that query and errors thrown by workflow code come without frames (decision 0007).
 */
export function forgoWorkflowStackTraces(): void {
  v8.setFlagsFromString('--stack-trace-limit=0');
  setEnvironmentData(FORGONE, true);
}

/** Whether this thread was started after the call above. */
export function areStackTracesForgone(): boolean {
  return getEnvironmentData(FORGONE) === true;
}
