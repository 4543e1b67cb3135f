import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, ProcessPlan } from './process-plan.ts';
import { signalProcess } from './process-identity.ts';
import { lastLines } from './progress.ts';
import { until } from './until.ts';

interface SupervisorOptions {
  logDir: string;
  say: (line: string) => void;
  /** Starts again, with growing pauses, what ends unasked. Tests that kill want to choose the moment themselves. */
  restarts: boolean;
  /** Called right after each start and end with what runs then, oldest first. */
  changed: (running: Record<string, { pid: number; stopSignal: NodeJS.Signals }>) => void;
}

interface Supervised {
  plan: ProcessPlan;
  /** `up` is what was ready once and has not been asked to end. */
  state: 'down' | 'starting' | 'up';
  child?: ChildProcess;
  ended?: Promise<string>;
  starting?: Promise<void>;
  stopping?: Promise<void>;
  failures: number;
  readyAt: number;
  retry?: NodeJS.Timeout;
}

const LARGEST_LOG = 20 * 1024 * 1024;
const SHOWN_LINES = 15;
const LONGEST_PAUSE_MS = 10_000;
/** A process that was up this long had started well: its next end is a new trouble, not the old one. */
const STEADY_MS = 30_000;

/** Starts, watches and ends processes. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #processes = new Map<string, Supervised>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true, mode: 0o700 });
  }

  /** Makes a process known; nothing starts. */
  add(plan: ProcessPlan): void {
    this.#processes.set(plan.name, { plan, state: 'down', failures: 0, readyAt: 0 });
  }

  names(): string[] {
    return [...this.#processes.keys()];
  }

  pids(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#running()).map(([name, { pid }]) => [name, pid]));
  }

  logFile(name: string): string {
    return join(this.#options.logDir, `${name}.log`);
  }

  /** Starts one process, if it is not up, and waits until it is ready. @throws Error with the last lines of its log. */
  start(name: string): Promise<void> {
    const supervised = this.#find(name);
    clearTimeout(supervised.retry);
    if (supervised.state === 'up') return Promise.resolve();
    supervised.starting ??= this.#startOnce(supervised).finally(() => delete supervised.starting);
    return supervised.starting;
  }

  /** Ends one process in order: its stop signal, its grace, then SIGKILL. Asking twice signals once. */
  stop(name: string): Promise<void> {
    const supervised = this.#find(name);
    clearTimeout(supervised.retry);
    supervised.state = 'down';
    supervised.stopping ??= this.#end(supervised).finally(() => delete supervised.stopping);
    return supervised.stopping;
  }

  /** Sends a signal as the outside would. Resolves when the process is gone, for SIGSTOP and SIGCONT at once. */
  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const { child, ended } = this.#find(name);
    if (child?.pid === undefined || ended === undefined) return;
    signalProcess(child.pid, signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
  }

  /** Resolves with the signal or exit code of the run that is under way. */
  async ended(name: string): Promise<string> {
    return (await this.#find(name).ended) ?? 'was never started';
  }

  /** Ends everything, the highest tier first. Nothing can be started afterwards. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    const tiers = [...new Set([...this.#processes.values()].map(({ plan }) => plan.tier))].sort(
      (a, b) => b - a,
    );
    for (const tier of tiers) {
      const names = this.names().filter((name) => this.#find(name).plan.tier === tier);
      await Promise.all(names.map((name) => this.stop(name)));
    }
  }

  /** The last resort of a dying supervisor: synchronous, and nobody is asked. */
  killAll(): void {
    this.#stopping = true;
    for (const { child } of this.#processes.values()) child?.kill('SIGKILL');
  }

  async #end({ plan, child, ended }: Supervised): Promise<void> {
    if (child?.pid === undefined || ended === undefined) return;
    // A process that was stopped would not hear the signal.
    signalProcess(child.pid, 'SIGCONT');
    signalProcess(child.pid, plan.stopSignal);
    const killer = setTimeout(() => {
      this.#options.say(`${plan.name} did not end within ${plan.graceMs / 1000} s and is killed`);
      child.kill('SIGKILL');
    }, plan.graceMs);
    await ended;
    clearTimeout(killer);
  }

  async #startOnce(supervised: Supervised): Promise<void> {
    const { plan } = supervised;
    supervised.state = 'starting';
    try {
      const command = await plan.command();
      this.#checkStillWanted(supervised);
      await this.#waitReady(supervised, this.#spawn(supervised, command));
      this.#checkStillWanted(supervised);
      supervised.state = 'up';
      supervised.readyAt = performance.now();
    } catch (error) {
      await this.stop(plan.name);
      const log = this.#lastLog(plan.name).map((line) => `\n${line}`);
      throw new Error(`${plan.name} did not start: ${(error as Error).message}${log.join('')}`, {
        cause: error,
      });
    }
  }

  /** A stop may come while a start waits. */
  #checkStillWanted({ state }: Supervised): void {
    if (this.#stopping || state !== 'starting') throw new Error('it was stopped meanwhile');
  }

  #spawn(supervised: Supervised, command: Command): Promise<string> {
    const { plan } = supervised;
    const log = this.#openLog(plan.name);
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which then ends all in order.
      detached: true,
      ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
    });
    closeSync(log);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    supervised.child = child;
    supervised.ended = ended.then((how) => {
      delete supervised.child;
      this.#changed();
      if (supervised.state === 'up') this.#endedUnasked(supervised, how);
      return how;
    });
    this.#changed();
    return supervised.ended;
  }

  async #waitReady({ plan }: Supervised, ended: Promise<string>): Promise<void> {
    let end: string | undefined;
    void ended.then((how) => (end = how));
    const ready = await until(async () => end !== undefined || (await plan.ready()), plan.readyWithinMs);
    if (end !== undefined) throw new Error(`it ended (${end})`);
    if (!ready) throw new Error(`it was not ready within ${plan.readyWithinMs / 1000} s`);
  }

  #endedUnasked(supervised: Supervised, how: string): void {
    const { plan } = supervised;
    supervised.state = 'down';
    if (this.#stopping) return;
    this.#options.say(`${plan.name} ended unasked (${how}); the end of its log:`);
    for (const line of this.#lastLog(plan.name)) this.#options.say(line);
    if (performance.now() - supervised.readyAt > STEADY_MS) supervised.failures = 0;
    if (this.#options.restarts) this.#startLater(supervised);
  }

  #startLater(supervised: Supervised): void {
    const { plan } = supervised;
    const pause = Math.min(250 * 2 ** supervised.failures, LONGEST_PAUSE_MS);
    supervised.failures += 1;
    supervised.retry = setTimeout(() => {
      this.start(plan.name).then(
        () => this.#options.say(`${plan.name} is back (process ${supervised.child?.pid})`),
        (error: Error) => {
          if (this.#stopping) return;
          this.#options.say(error.message);
          this.#startLater(supervised);
        },
      );
    }, pause);
  }

  #lastLog(name: string): string[] {
    return lastLines(this.logFile(name), SHOWN_LINES).map((line) => `  ${name} | ${line}`);
  }

  #openLog(name: string): number {
    const file = this.logFile(name);
    if (existsSync(file) && statSync(file).size > LARGEST_LOG) renameSync(file, `${file}.1`);
    return openSync(file, 'a');
  }

  #running(): Record<string, { pid: number; stopSignal: NodeJS.Signals }> {
    const running: Record<string, { pid: number; stopSignal: NodeJS.Signals }> = {};
    for (const [name, { plan, child }] of this.#processes) {
      if (child?.pid !== undefined) running[name] = { pid: child.pid, stopSignal: plan.stopSignal };
    }
    return running;
  }

  #changed(): void {
    this.#options.changed(this.#running());
  }

  #find(name: string): Supervised {
    const supervised = this.#processes.get(name);
    if (supervised === undefined)
      throw new Error(`no process is called ${name}; there are ${this.names().join(', ')}`);
    return supervised;
  }
}
