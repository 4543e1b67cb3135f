import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Knex from 'knex';
import type { Knex as KnexTypes } from 'knex';
import pg from 'pg';
import { createGroups, ensureLogin } from './roles.ts';
import { listMigrations, MIGRATIONS } from './schema-version.ts';

export interface MigrateOptions {
  /** Owns the schema; needs the right to create roles. */
  ownerUrl: string;
  appUrl: string;
  lookupUrl: string;
  jobsUrl: string;
}

/** Any number will do as long as it stays the same: two releases must wait for each other. */
const LOCK = 7_275_539;

/**
 * Brings a database to this release: roles, logins, migrations. May be repeated and may run in several processes at
 * once; the second waits and finds nothing to do. Each migration is a transaction of its own.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const owner = new pg.Client({ connectionString: options.ownerUrl, application_name: 'parley-migrate' });
  await owner.connect();
  try {
    await owner.query('select pg_advisory_lock($1)', [LOCK]);
    checkLogins(options);
    await createGroups(owner);
    await ensureLogin(owner, options.appUrl, 'parley_app');
    await ensureLogin(owner, options.lookupUrl, 'parley_lookup');
    await ensureLogin(owner, options.jobsUrl, 'parley_jobs');
    const applied = await runMigrations(options.ownerUrl);
    await owner.query('revoke create on schema public from public');
    await owner.query('grant select on knex_migrations to parley_app, parley_lookup, parley_jobs');
    return { applied };
  } finally {
    // Its end gives the lock back.
    await owner.end();
  }
}

/** Who could be two of them would have the rights of both. */
function checkLogins({ appUrl, lookupUrl, jobsUrl }: MigrateOptions): void {
  const names = new Set([appUrl, lookupUrl, jobsUrl].map((url) => new URL(url).username));
  if (names.size < 3) throw new Error('the application, the look-up and the jobs need a login each');
}

async function runMigrations(ownerUrl: string): Promise<string[]> {
  const knex = Knex({
    client: 'pg',
    connection: { connectionString: ownerUrl, application_name: 'parley-migrate' },
    pool: { min: 0, max: 2 },
    migrations: { migrationSource: forwardOnly },
    // Its errors reach us as errors.
    log: { error() {}, warn() {} },
  });
  try {
    // Ours is the only migration under way, so a lock that knex finds was left by a killed one.
    await knex.migrate.forceFreeMigrationsLock();
    const [, applied] = (await knex.migrate.latest()) as [number, string[]];
    return applied;
  } finally {
    await knex.destroy();
  }
}

/** The files of migrations/, which say how to go forward only: back is a backup, or the next migration. */
const forwardOnly: KnexTypes.MigrationSource<string> = {
  getMigrations: () => listMigrations(),
  getMigrationName: (file) => file,
  async getMigration(file) {
    const { up } = (await import(pathToFileURL(join(MIGRATIONS, file)).href)) as Pick<
      KnexTypes.Migration,
      'up'
    >;
    return { up, down: () => Promise.reject(new Error(`${file} goes forward only`)) };
  },
};
