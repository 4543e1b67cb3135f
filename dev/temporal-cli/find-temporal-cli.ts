import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../cache-folder.ts';
import type { Progress } from '../progress.ts';
import { buildTemporalCli } from './build-temporal-cli.ts';
import { downloadTemporalCli } from './download-temporal-cli.ts';

/** What the stage is tested with, and what it downloads or builds where no newer one is at hand. */
export const TEMPORAL_CLI_VERSION = '1.8.2';
const OLDEST_SERVER = [1, 31] as const;

export interface TemporalCli {
  path: string;
  /** Of the server inside, such as 1.31.2: a database file belongs to one server version. */
  serverVersion: string;
}

/**
 * The Temporal CLI from the first place that has one: TEMPORAL_CLI, PATH, the cache of this user, the vendor's
 * download, a build from source. The last two fill the cache.
 * @throws Error that names each place and why it had none.
 */
export async function findTemporalCli(
  env: NodeJS.ProcessEnv,
  progress: Progress,
  signal?: AbortSignal,
): Promise<TemporalCli> {
  const named = env['TEMPORAL_CLI'];
  if (named)
    return describe(named).catch((error: Error) => fail([`TEMPORAL_CLI=${named}: ${error.message}`]));

  const tried: string[] = [];
  const onPath = findOnPath(env['PATH']);
  if (onPath === undefined) tried.push('PATH: no program called temporal');
  else {
    const found = await describe(onPath).catch((error: Error) => error.message);
    if (typeof found !== 'string') return found;
    tried.push(`PATH: ${onPath} ${found}`);
  }

  const cache = cacheFolder(env, `temporal-${TEMPORAL_CLI_VERSION}`);
  const cached = join(cache, 'temporal');
  if (existsSync(cached)) {
    const found = await describe(cached).catch((error: Error) => error.message);
    if (typeof found !== 'string') return found;
    tried.push(`cache: ${cached} ${found}`);
  } else tried.push(`cache: ${cached} does not exist`);

  mkdirSync(cache, { recursive: true });
  for (const [place, obtain] of [
    ['download', downloadTemporalCli],
    ['build', buildTemporalCli],
  ] as const) {
    try {
      await obtain({ version: TEMPORAL_CLI_VERSION, target: cached, env, progress, signal });
      return await describe(cached);
    } catch (error) {
      signal?.throwIfAborted();
      const { message } = error as Error;
      progress.say(`the Temporal CLI by ${place}: ${message.split('\n')[0]}`);
      tried.push(`${place}: ${message}`);
    }
  }
  return fail(tried);
}

function fail(tried: string[]): never {
  throw new Error(
    `There is no Temporal CLI to run the development server. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
      `Install it (https://docs.temporal.io/cli, ${TEMPORAL_CLI_VERSION} or newer) or name its path in TEMPORAL_CLI, ` +
      'or install Go 1.26.4 or newer, with which it is built here, or set TEMPORAL_ADDRESS to a running server.',
  );
}

const run = promisify(execFile);

/** @throws Error whose message continues a sentence about the program ("does not run", "is too old"). */
async function describe(path: string): Promise<TemporalCli> {
  const { stdout } = await run(path, ['--version'], { timeout: 20_000 }).catch(() => {
    throw new Error('does not run');
  });
  const serverVersion = /Server (\d+\.\d+\.\d+[^,)\s]*)/.exec(stdout)?.[1];
  if (serverVersion === undefined) throw new Error('is not the Temporal CLI: its --version names no server');
  // The server's number decides: a CLI built from source may carry none of its own.
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Error(
      `is too old: its server is ${serverVersion}, needed is ${OLDEST_SERVER.join('.')} (CLI 1.8)`,
    );
  }
  return { path, serverVersion };
}

function findOnPath(path = ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'temporal'))
    .find((file) => canRun(file));
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
