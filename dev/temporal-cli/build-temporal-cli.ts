import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { identityOf, isRunning, type KnownProcess } from '../process-identity.ts';
import { until } from '../until.ts';
import type { Obtain } from './download-temporal-cli.ts';

const SOURCES = ['go.mod', 'go.sum', 'tools.go'];
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const VERSION_VARIABLE = 'github.com/temporalio/cli/internal/temporalcli.Version';
const LONGEST_BUILD_MS = 30 * 60_000;

/**
 * Builds the CLI with Go from the pinned modules beside this file; its own `go install` cannot, since its module
 * replaces a part of itself by a folder. Takes minutes the first time. Builders of other checkouts are waited for.
 */
export async function buildTemporalCli(obtain: Obtain): Promise<void> {
  const { target, progress, signal } = obtain;
  const lock = `${target}.building`;
  while (!claim(lock)) {
    const holder = readHolder(lock);
    if (holder === undefined || !isRunning(holder)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    await progress.step(`waiting for process ${holder.pid}, which builds the Temporal CLI`, () =>
      until(() => signal?.aborted === true || !isRunning(holder) || !existsSync(lock), LONGEST_BUILD_MS, 500),
    );
    signal?.throwIfAborted();
    if (existsSync(target)) return;
  }
  try {
    if (existsSync(target)) return;
    progress.say(`building the Temporal CLI ${obtain.version} with Go: once per user, five to ten minutes`);
    await progress.step('building the Temporal CLI', () => build(obtain));
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

async function build({ version, target, env, signal }: Obtain): Promise<void> {
  // A copy, because Go may write to go.mod when GOFLAGS says so, and a checkout may be read-only.
  const folder = mkdtempSync(`${target}.source-`);
  const product = `${target}.${process.pid}.built`;
  try {
    for (const source of SOURCES) copyFileSync(join(import.meta.dirname, source), join(folder, source));
    const flags = `-s -w -X ${VERSION_VARIABLE}=${version}`;
    const args = ['build', '-trimpath', '-ldflags', flags, '-o', product, PACKAGE];
    await runGo(args, folder, { ...env, HOME: env['HOME'] || homedir() }, signal);
    renameSync(product, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(product, { force: true });
  }
}

function runGo(
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = spawn('go', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    // Go starts compilers of its own: the whole group ends.
    const abort = () => go.pid !== undefined && process.kill(-go.pid, 'SIGTERM');
    signal?.addEventListener('abort', abort, { once: true });
    let said = '';
    go.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-4000)));
    go.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error('Go is not installed') : error);
    });
    go.once('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (code === 0) return resolve();
      const lines = said.split('\n').filter((line) => line !== '' && !line.startsWith('go: downloading'));
      reject(new Error(`go build failed (${code ?? 'killed'}): ${lines.slice(-5).join('\n    ')}`));
    });
  });
}

/** One builder at a time saves work; that the product appears whole is the doing of the rename. */
function claim(lock: string): boolean {
  try {
    mkdirSync(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(
    join(lock, 'holder'),
    JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) }),
  );
  return true;
}

function readHolder(lock: string): KnownProcess | undefined {
  try {
    return JSON.parse(readFileSync(join(lock, 'holder'), 'utf8')) as KnownProcess;
  } catch {
    // Just being written, or its writer was killed between the two: a second builder then costs only time.
    return undefined;
  }
}
