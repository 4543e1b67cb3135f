import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../adapters/postgres/migrate.ts';
import { openGatewayStores } from '../../adapters/postgres/index.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { assertSchema, listMigrations } from '../../adapters/postgres/schema-version.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';

describe('migrate', () => {
  let database: TestDatabase;

  before(async () => {
    database = await openTestDatabase();
  });

  async function administer(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** An empty database and logins of its own, so that nothing is there yet. */
  async function emptyDatabase(ownerUrl = database.ownerUrl): Promise<TestDatabase> {
    const name = `parley_test_${randomUUID().slice(0, 8)}`;
    const owner = new URL(ownerUrl);
    await administer(`create database ${name} owner ${owner.username}`);
    owner.pathname = `/${name}`;
    const login = (role: string) => {
      const url = new URL(owner.href);
      url.username = `${name}_${role}`;
      url.password = `pass:w/rd'"é${role}`;
      return url.href;
    };
    return { ownerUrl: owner.href, appUrl: login('app'), lookupUrl: login('lookup'), jobsUrl: login('jobs') };
  }

  it('RUN-1 applies everything once, though several processes migrate at the same time', async () => {
    const empty = await emptyDatabase();
    const results = await Promise.all([1, 2, 3].map(() => migrate(empty)));
    assert.deepEqual(results.flatMap(({ applied }) => applied).sort(), await listMigrations());
    assert.deepEqual(await migrate(empty), { applied: [] });
    const pool = openPool(empty.appUrl, { max: 1 });
    await assertSchema(pool);
    await pool.end();
  });

  it('RUN-1 migrates several databases of one server at the same time, whose roles are the same', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => emptyDatabase()));
    const results = await Promise.all(databases.map((one) => migrate(one)));
    assert.ok(results.every(({ applied }) => applied.length > 0));
  });

  it('RUN-2 needs no superuser: an owner that may create roles is enough', async () => {
    const name = `owner_${randomUUID().slice(0, 8)}`;
    await administer(`create role ${name} login password 'x' createrole`);
    const url = new URL(database.ownerUrl);
    url.username = name;
    url.password = 'x';
    // Groups that another owner made are not this one's to give: as on a server with one installation.
    await administer(
      ...['parley_app', 'parley_lookup', 'parley_jobs', 'parley_definer'].map(
        (group) => `grant ${group} to ${name} with admin option`,
      ),
    );
    const empty = await emptyDatabase(url.href);
    await migrate(empty);
    assert.deepEqual(await migrate(empty), { applied: [] });
    const stores = await openGatewayStores({
      url: empty.appUrl,
      lookupUrl: empty.lookupUrl,
      poolSize: 2,
      clock: { now: () => new Date() },
      secrets: openSecrets(`k:${Buffer.alloc(32).toString('base64')}`),
    });
    assert.equal(await stores.health.postgres(), null);
    assert.equal(await stores.lookup.apiKey(`parley_${'0'.repeat(16)}_${'a'.repeat(43)}`), null);
    assert.equal(await stores.lookup.channelIntegration(randomUUID()), null);
    await stores.close();
  });

  it('TEN-1 gives the logins no right that would lift row-level security', async () => {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    const { rows } = await client.query<{ rolname: string }>(
      `select rolname from pg_roles
       where rolname like any (array['parley\\_%', '%\\_app', '%\\_lookup', '%\\_jobs'])
         and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`,
    );
    const { rows: owned } = await client.query(
      `select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname like 'parley\\_%'`,
    );
    await client.end();
    assert.deepEqual([rows, owned], [[], []]);
  });

  it('TEN-1 takes rights away that somebody gave a login by hand, and sets the password anew', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);
    const app = new URL(empty.appUrl);
    await administer(`alter role ${app.username} bypassrls`);
    app.password = 'another';
    await migrate({ ...empty, appUrl: app.href });
    const client = new pg.Client({ connectionString: app.href });
    await client.connect();
    const { rows } = await client.query('select rolbypassrls from pg_roles where rolname = current_user');
    await client.end();
    assert.deepEqual(rows, [{ rolbypassrls: false }]);
  });

  it('TEN-1 refuses to run the product as the owner of the schema', async () => {
    const empty = await emptyDatabase();
    await assert.rejects(migrate({ ...empty, appUrl: empty.ownerUrl }), /must not be the owner/);
    await assert.rejects(migrate({ ...empty, jobsUrl: empty.appUrl }), /a login each/);
  });

  it('RUN-1 recovers from a migration that was killed with its lock held', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);
    const client = new pg.Client({ connectionString: empty.ownerUrl });
    await client.connect();
    await client.query('update knex_migrations_lock set is_locked = 1');
    await client.end();
    assert.deepEqual(await migrate(empty), { applied: [] });
  });

  it('RUN-1 refuses to start on a schema older than the code, naming what is missing', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);
    const client = new pg.Client({ connectionString: empty.ownerUrl });
    await client.connect();
    const newest = (await listMigrations()).at(-1) ?? '';
    await client.query('delete from knex_migrations where name = $1', [newest]);
    await client.end();
    const pool = openPool(empty.appUrl, { max: 1 });
    await assert.rejects(assertSchema(pool), new RegExp(`lacks ${newest}`));
    await pool.end();
  });
});
