import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../adapters/postgres/migrate.ts';
import type { MigrateOptions } from '../adapters/postgres/migrate.ts';
import { embeddedPostgresUrl, postgresPlan } from './embedded-postgres.ts';
import { freePort } from './ports.ts';
import { machineEnv } from './stage-programs.ts';
import { Supervisor } from './supervisor.ts';

/** A migrated, empty database of one test file, by its four logins. */
export type TestDatabase = MigrateOptions;

interface TestServer {
  /** The address of a database of the server, as its administrator. */
  url(database: string): string;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

const TEMPLATE = `parley_template_${process.pid}`;
const LOGINS = { appUrl: 'parley_test_app', lookupUrl: 'parley_test_lookup', jobsUrl: 'parley_test_jobs' };
const PASSWORD = 'test';

let server: Promise<TestServer> | undefined;
let template: Promise<void> | undefined;

/**
 * A clean database, copied from a migrated template. The Postgres behind it starts with the first call, serves the
 * whole mocha process, and ends after its last test; with DATABASE_URL set it is that server instead.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { url } = await (server ??= startServer());
  await (template ??= makeTemplate(url));
  const name = `parley_test_${randomUUID().slice(0, 8)}`;
  await administer(url('postgres'), `create database ${name} template ${TEMPLATE}`);
  return loginsOf(url(name));
}

/** Ends every process of the Postgres at once and starts it again, as a crash would; not for DATABASE_URL. */
export async function restartTestServer(): Promise<void> {
  await (await server)?.restart();
}

// A hook of the whole run: this file is loaded while mocha collects its tests.
after(async () => {
  await (await server)?.stop();
});

async function makeTemplate(url: TestServer['url']): Promise<void> {
  await administer(url('postgres'), `create database ${TEMPLATE}`);
  await migrate(loginsOf(url(TEMPLATE)));
}

function loginsOf(ownerUrl: string): TestDatabase {
  const as = (login: string) => {
    const url = new URL(ownerUrl);
    url.username = login;
    url.password = PASSWORD;
    return url.href;
  };
  return {
    ownerUrl,
    appUrl: as(LOGINS.appUrl),
    lookupUrl: as(LOGINS.lookupUrl),
    jobsUrl: as(LOGINS.jobsUrl),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function startServer(): Promise<TestServer> {
  const given = process.env.DATABASE_URL;
  return given ? Promise.resolve(givenServer(given)) : startEmbedded();
}

/** The databases of a run stay behind on it: it belongs to somebody else, who may want to look. */
function givenServer(given: string): TestServer {
  return {
    url(database) {
      const url = new URL(given);
      url.pathname = `/${database}`;
      return url.href;
    },
    stop: () => Promise.resolve(),
    restart: () => Promise.reject(new Error('the Postgres of DATABASE_URL is not ours to restart')),
  };
}

async function startEmbedded(): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-test-postgres-'));
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const supervisor = new Supervisor({
    logDir: join(dir, 'log'),
    say: () => undefined,
    restarts: false,
    changed: () => undefined,
  });
  // Commits reach the system but not the disk: what is committed outlives the server's processes, not the machine.
  const settings = ['fsync=off', 'full_page_writes=off', 'log_min_messages=fatal'];
  const clusterDir = join(dir, 'cluster');
  supervisor.add(postgresPlan({ clusterDir, port, password, env: machineEnv(), settings }));
  // Should the process end without its hooks, nothing of ours stays behind.
  process.once('exit', () => {
    const pid = supervisor.pids().postgres;
    if (pid !== undefined) process.kill(pid, 'SIGQUIT');
  });
  await supervisor.start('postgres');
  return {
    url: (database) => embeddedPostgresUrl(port, password, database),
    async stop() {
      await supervisor.stopAll();
      rmSync(dir, { recursive: true, force: true });
    },
    async restart() {
      await supervisor.kill('postgres', 'SIGQUIT');
      await supervisor.start('postgres');
    },
  };
}
