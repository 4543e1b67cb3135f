import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning, signalProcess, type KnownProcess } from './process-identity.ts';
import { until } from './until.ts';

/** The claim of one supervisor on one data folder, with the processes it started, for who comes after a crash. */
export interface StageLock {
  /** Writes down what runs now, oldest first; called right after each start. */
  record(children: Record<string, { pid: number; stopSignal: NodeJS.Signals }>): void;
  /** Gives the folder back. Synchronous, for the last moment of a process. */
  release(): void;
}

interface LockFile {
  supervisor: KnownProcess;
  children: Record<string, KnownProcess & { stopSignal: NodeJS.Signals }>;
}

const ORPHAN_GRACE_MS = 15_000;

/**
 * Claims a data folder. Processes that a killed supervisor left behind in it are ended first, by their pid and
 * only when they are still the process that was written down.
 * @throws Error naming the living supervisor when the folder is in use; nothing was touched.
 */
export async function takeStageLock(dataDir: string, say: (line: string) => void): Promise<StageLock> {
  const file = join(dataDir, 'stage.lock');
  const mine: LockFile = { supervisor: knownProcess(process.pid), children: {} };
  for (;;) {
    if (create(file, mine)) break;
    const other = read(file);
    if (other === undefined) continue;
    if (isRunning(other.supervisor)) {
      throw new Error(
        `${dataDir} is in use by a running stage (process ${other.supervisor.pid}); stop that one, ` +
          'or set DATA_DIR and PORT to run a second one beside it',
      );
    }
    await endOrphans(other, say);
    removeIfSame(file, other);
  }
  return {
    record(children) {
      mine.children = {};
      for (const [name, { pid, stopSignal }] of Object.entries(children)) {
        const identity = identityOf(pid);
        if (identity !== undefined) mine.children[name] = { pid, identity, stopSignal };
      }
      const next = `${file}.${process.pid}`;
      writeFileSync(next, JSON.stringify(mine), { mode: 0o600 });
      renameSync(next, file);
    },
    release: () => rmSync(file, { force: true }),
  };
}

/**
 * Ends and removes stages in folders of their own (`<prefix>…` in the temporary folder) whose supervisor was killed,
 * such as those of an interrupted test run.
 */
export async function sweepDeadStages(folder: string, prefix: string): Promise<void> {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(prefix))) {
    const dataDir = join(folder, name);
    const left = read(join(dataDir, 'stage.lock'));
    if (left === undefined || isRunning(left.supervisor)) continue;
    await endOrphans(left, () => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Ends what an earlier supervisor of this folder left running, youngest first as a stop would. */
async function endOrphans(left: LockFile, say: (line: string) => void): Promise<void> {
  for (const [name, orphan] of Object.entries(left.children).reverse()) {
    if (!isRunning(orphan)) continue;
    say(`ending ${name} (process ${orphan.pid}), left behind by a stage that was killed`);
    // A stopped process would not hear the first signal.
    signalProcess(orphan.pid, 'SIGCONT');
    signalProcess(orphan.pid, orphan.stopSignal);
    if (await until(() => !isRunning(orphan), ORPHAN_GRACE_MS)) continue;
    signalProcess(orphan.pid, 'SIGKILL');
    if (!(await until(() => !isRunning(orphan), ORPHAN_GRACE_MS))) {
      throw new Error(`process ${orphan.pid} (${name}), left behind by an earlier stage, could not be ended`);
    }
  }
}

/** A hard link appears whole or not at all, so nobody reads a half-written claim. */
function create(file: string, content: LockFile): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(content), { mode: 0o600 });
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Two healers at once: who moves the dead claim away first wins, the other finds the winner's and refuses. */
function removeIfSame(file: string, dead: LockFile): void {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = JSON.parse(readFileSync(aside, 'utf8')) as LockFile;
  if (moved.supervisor.identity !== dead.supervisor.identity) linkSync(aside, file);
  rmSync(aside);
}

function read(file: string): LockFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${file} is not readable; remove it when no stage runs on this folder`, { cause: error });
  }
}

function knownProcess(pid: number): KnownProcess {
  const identity = identityOf(pid);
  if (identity === undefined) throw new Error(`the start of process ${pid} could not be read`);
  return { pid, identity };
}
