const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `end`, which must be synchronous, when this process ends without having tidied up: by process.exit, or by a
 * signal that nobody else listens to. @returns what takes the precaution away again.
 */
export function beforeDeath(end: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    // Our own listener is gone by now; whoever else listens has a better plan.
    if (process.listenerCount(signal) > 0) return;
    end();
    process.kill(process.pid, signal);
  };
  process.once('exit', end);
  for (const signal of SIGNALS) process.once(signal, onSignal);
  return () => {
    process.removeListener('exit', end);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
