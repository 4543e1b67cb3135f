/** How one process is started, known to be ready, and ended. */
export interface ProcessPlan {
  name: string;
  /** Asked at every start, so that a restart sees today's settings. */
  command: () => Command | Promise<Command>;
  /** True once the process does its work; asked every 50 ms. Throws when it never will. */
  ready: () => Promise<boolean>;
  readyWithinMs: number;
  stopSignal: NodeJS.Signals;
  /** Time between the stop signal and SIGKILL. */
  graceMs: number;
  /** Processes of one tier end together, higher tiers before lower ones. */
  tier: number;
}

export interface Command {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd?: string;
  uid?: number;
  gid?: number;
}
