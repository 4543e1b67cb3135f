import type { Failpoint } from '../activities/ports.ts';

/**
 * Ends this process with SIGKILL at the named point, as a crash would. Off unless FAILPOINT is set, which only
 * fault tests do.
 */
export function openFailpoint(name: string | null): Failpoint {
  if (name === null) return () => undefined;
  return (point) => {
    if (point === name) process.kill(process.pid, 'SIGKILL');
  };
}
