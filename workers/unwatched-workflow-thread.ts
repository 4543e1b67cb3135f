import v8 from 'node:v8';
import vm from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { areStackTracesForgone } from './workflow-stack-traces.ts';

// Loaded ahead of the worker (`node --import`), and so into the thread that runs workflow code. There the SDK keeps a
// watch that every turn pays for; it is left out here. `node workers/main.ts`, without this file, keeps it.

if (!isMainThread) {
  leaveOutTimeLimit();
  if (areStackTracesForgone()) leaveOutPromiseHook();
}

/**
 * The SDK enters the sandbox some nine times a turn, each time with a limit of five seconds, for which Node starts a
 * thread of the system's and ends it again (decision 0024).
 */
function leaveOutTimeLimit(): void {
  const limited = Object.getOwnPropertyDescriptor(vm.Script.prototype, 'runInContext')
    ?.value as vm.Script['runInContext'];
  vm.Script.prototype.runInContext = function unlimited(context, options) {
    const { timeout, ...others } = options ?? {};
    void timeout;
    return limited.call(this, context, others);
  };
}

/**
 * The SDK hooks every promise of the thread to keep its stack, and compiles a function for each to find its workflow
 * (decision 0007). Where no hook can be had it says so once and goes on without.
 */
function leaveOutPromiseHook(): void {
  v8.promiseHooks.createHook = () => {
    throw new Error('left out');
  };
}
