import { execFile } from 'node:child_process';
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
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../cache-folder.ts';
import type { Progress } from '../progress.ts';

/** A server whose clock can be moved, or why there is none here. */
export type TimeSkipping = { server: string } | { missing: string };

const run = promisify(execFile);
const POM = join(import.meta.dirname, 'pom.xml');
/** A network that refuses Maven is noticed in this. */
const LONGEST_FETCH_MS = 3 * 60_000;

/**
 * The SDK's test environment starts one executable and ends it by its pid, so the shell becomes the server. The
 * switch `--enable-time-skipping` stays off: time would run before a worker is there. The environment unlocks it.
 * What it complains of stands beside it and not among the tests.
 */
const LAUNCHER = `#!/bin/sh
exec java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@" 2>"$0.log"
`;

/**
 * Temporal's test server, which skips time while everybody sleeps: TIME_SKIPPING_SERVER if set, else one that Maven
 * fetches once per user. It needs Java and is for tests alone, so its absence is an answer and no failure.
 */
export async function findTimeSkippingServer(
  env: NodeJS.ProcessEnv,
  progress: Progress,
  signal?: AbortSignal,
): Promise<TimeSkipping> {
  const named = env['TIME_SKIPPING_SERVER'];
  if (named) return { server: named };
  if (!(await runs('java', ['-version'], env, signal))) return { missing: 'there is no Java on PATH' };
  const version = /temporal-test-server<\/artifactId>\s*<version>([^<]+)/.exec(
    readFileSync(POM, 'utf8'),
  )?.[1];
  const folder = cacheFolder(env, `time-skipping-${version ?? 'unknown'}`);
  const launcher = join(folder, 'server');
  if (existsSync(launcher)) return { server: launcher };
  if (!(await runs('mvn', ['--version'], env, signal)))
    return { missing: 'there is no Maven (mvn) on PATH to fetch it' };
  try {
    await progress.step('fetching the time-skipping test server with Maven', () =>
      fetchInto(folder, env, signal),
    );
    return { server: launcher };
  } catch (error) {
    signal?.throwIfAborted();
    return { missing: `Maven did not fetch it: ${reasonOf(error)}` };
  }
}

/** All or nothing: the folder gets its name when it is whole. Who comes second throws their own away. */
async function fetchInto(
  folder: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    // A copy, because Maven writes beside the file, and a checkout may be read-only.
    copyFileSync(POM, join(unfinished, 'pom.xml'));
    const lib = join(unfinished, 'lib');
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${lib}`];
    const options = signal === undefined ? {} : { signal };
    await run('mvn', ['--batch-mode', '--quiet', ...goal], {
      cwd: unfinished,
      env,
      timeout: LONGEST_FETCH_MS,
      ...options,
    });
    writeFileSync(join(unfinished, 'server'), LAUNCHER, { mode: 0o755 });
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function runs(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await run(program, args, { env, timeout: 20_000 });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** The first line in which Maven says what is wrong; it names every repository it asked further on. */
function reasonOf(error: unknown): string {
  const { stdout = '', killed } = error as { stdout?: string; killed?: boolean };
  if (killed === true) return `not within ${LONGEST_FETCH_MS / 60_000} minutes`;
  const line = stdout.split('\n').find((text) => text.startsWith('[ERROR]'));
  if (line === undefined) return 'it failed';
  return line
    .replace('[ERROR]', '')
    .replace(/ \(?https?:\S*/g, '')
    .trim()
    .slice(0, 120);
}
