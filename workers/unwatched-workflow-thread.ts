import vm from 'node:vm';
import { isMainThread } from 'node:worker_threads';

// Loaded ahead of the worker (`node --import`), and so into the thread that runs workflow code. The SDK enters the
// sandbox some fifty times a turn, each time with a limit of five seconds, for which Node starts a thread of the
// system's and ends it again. Here the limit is left out; decision 0024 says what that saves and what it costs.

if (!isMainThread) {
  const limited = Object.getOwnPropertyDescriptor(vm.Script.prototype, 'runInContext')
    ?.value as vm.Script['runInContext'];
  vm.Script.prototype.runInContext = function unlimited(context, options) {
    const { timeout, ...others } = options ?? {};
    void timeout;
    return limited.call(this, context, others);
  };
}
