import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../../dev/process-identity.ts';
import type { DevFile } from '../../dev/stage-memory.ts';
import { until } from '../../dev/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_MS = 120_000;

/** What `npm start` runs, as a person at a terminal sees it. */
export interface NpmStart {
  /** Everything printed so far, errors too. */
  output(): string;
  /** Resolves on the line that begins with `ready`. @throws Error with the output when it ends before. */
  ready(): Promise<void>;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
  interrupt(): void;
}

/** Starts the command with nothing in its environment but the machine's and `env`. */
export function npmStart(env: Record<string, string>, args: string[] = []): NpmStart {
  const { PATH = '', HOME = '', TEMPORAL_CLI = '', XDG_CACHE_HOME = '' } = process.env;
  const child = spawn(process.execPath, ['dev/bootstrap.mjs', 'start', ...args], {
    cwd: ROOT,
    env: { PATH, HOME, TEMPORAL_CLI, XDG_CACHE_HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let code: number | null | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (output += piece.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  void ended.then((result) => (code = result));
  return {
    output: () => output,
    async ready() {
      const there = () => code !== undefined || /^ready/m.test(output);
      if (!(await until(there, START_MS)) || code !== undefined)
        throw new Error(`it did not get ready:\n${output}`);
    },
    ended,
    interrupt: () => void child.kill('SIGINT'),
  };
}

export function readDevFile(dataDir: string): DevFile {
  return JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as DevFile;
}

/** The names of those processes that still run. */
export function running(pids: Record<string, number>): string[] {
  return Object.entries(pids)
    .filter(([, pid]) => identityOf(pid) !== undefined)
    .map(([name]) => name);
}
