import { spawn, type ChildProcess } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './counting-reporter.ts';
import { openProgress, type Progress } from './progress.ts';
import { findTemporalCli } from './temporal-cli/find-temporal-cli.ts';
import { findTimeSkippingServer } from './time-skipping/find-time-skipping-server.ts';

// npm test: format, lint, types, then every test. npm run test:unit: only the tests beside the code, in seconds.
// Arguments are handed to mocha (files, --grep …); files replace the usual ones and skip the checks.

const root = join(import.meta.dirname, '..');
const CHECKS: Record<string, string[]> = {
  prettier: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  eslint: ['node_modules/eslint/bin/eslint.js', '.'],
  tsc: ['node_modules/typescript/bin/tsc', '--noEmit'],
};
/** After its last test a process ends by itself; what still holds it open then is a leak, and a failure. */
const LEAK_MS = 15_000;

let running: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // mocha ends in order on SIGINT only.
  process.on(signal, () => running?.kill('SIGINT'));
}

const [tier, ...given] = process.argv.slice(2);
const ownFiles = given.some((argument) => argument.endsWith('.test.ts'));
const failedChecks = tier === 'all' && !ownFiles ? await runChecks() : [];
const prepared = tier === 'all' ? await prepareServers() : {};
const { counts, code } = await runMocha([...given, ...(ownFiles ? [] : testFiles())]);
if (failedChecks.length > 0)
  console.log(`\nchecks failed: ${failedChecks.join(', ')} (their messages stand at the top)`);
process.exitCode = code !== 0 ? code : failedChecks.length > 0 ? 1 : 0;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);

/** A download or a build takes minutes, which no test has; here it shows its progress. */
async function prepareServers(): Promise<Record<string, string>> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const progress = openProgress(console.log);
  try {
    const { path } = await findTemporalCli(process.env, progress, stopping.signal);
    const timed = !ownFiles || given.some((argument) => argument.includes('test/timing/'));
    return { TEMPORAL_CLI: path, ...(timed ? await timeSkipping(progress, stopping.signal) : {}) };
  } catch (error) {
    console.error((error as Error).message);
    console.log('0 passed, 0 failed, 0 skipped');
    process.exit(1);
  }
}

/** Its tests skip themselves by name where there is none. */
async function timeSkipping(progress: Progress, signal: AbortSignal): Promise<Record<string, string>> {
  const found = await findTimeSkippingServer(process.env, progress, signal);
  if ('server' in found) return { TIME_SKIPPING_SERVER: found.server };
  console.log(`tests in skipped time are skipped: ${found.missing}`);
  return { TIME_SKIPPING_MISSING: found.missing };
}

async function runChecks(): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, args] of Object.entries(CHECKS)) {
    console.log(`check: ${name}`);
    running = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    if ((await ended(running)) !== 0) failed.push(name);
  }
  return failed;
}

/** Tests beside the code first: they answer in milliseconds. */
function testFiles(): string[] {
  const files = globSync('**/*.test.ts', { cwd: root, exclude: ['node_modules/**', '.data/**'] }).sort();
  const crossing = files.filter((file) => file.startsWith('test/'));
  const beside = files.filter((file) => !file.startsWith('test/'));
  return tier === 'unit' ? beside : [...beside, ...crossing];
}

async function runMocha(args: string[]): Promise<{ counts: Counts; code: number }> {
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const reporter = join(root, 'dev/counting-reporter.ts');
  const color = process.stdout.isTTY ? '--color' : '--no-color';
  let counts: Counts | undefined;
  let leaked = false;
  let leakTimer: NodeJS.Timeout | undefined;
  running = spawn(process.execPath, [mocha, color, '--reporter', reporter, ...args], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...prepared },
  });
  const child = running;
  child.on('message', (message) => {
    counts = message as Counts;
    leakTimer = setTimeout(() => {
      leaked = true;
      child.kill('SIGKILL');
    }, LEAK_MS);
  });
  const code = await ended(child);
  clearTimeout(leakTimer);
  if (leaked) {
    console.log(
      `\nThe tests are over, but a timer, socket or process of theirs kept the process alive; ended by force.`,
    );
  }
  // A run that did not get to its end has failed, whatever it had counted so far.
  if (counts === undefined) return { counts: { passed: 0, failed: 1, skipped: 0 }, code: code || 1 };
  return { counts, code: leaked ? 1 : code };
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
