import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { freePort } from '../../dev/ports.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { look } from './installation.ts';
import { runCommand, startCommand } from './run-command.ts';
import type { Ended } from './run-command.ts';
import { sealedWorld, tablesNaming } from './sealed-world.ts';
import type { SealedWorld } from './sealed-world.ts';

const PROGRAM = 'workers/reseal.ts';
const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const ROTATED = `${K2},${K1}`;
/** Rows of one organisation's world. */
const ROWS = {
  channel_integrations: 1,
  external_action_versions: 2,
  idempotency_keys: 1,
  organization_connections: 2,
};

describe('the command that seals anew with a new key', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let owner: pg.Client;
  /** Holds rows in a transaction of its own: within one, Postgres shows the same activity for good. */
  let holder: pg.Client;

  beforeEach(async () => {
    database = await openTestDatabase();
    pool = openPool(database.appUrl, { max: 2 });
    owner = new pg.Client({ connectionString: database.ownerUrl });
    holder = new pg.Client({ connectionString: database.ownerUrl });
    await Promise.all([owner.connect(), holder.connect()]);
  });
  afterEach(() => Promise.all([pool.end(), owner.end(), holder.end()]));

  const environment = (secretsKey = ROTATED) => ({
    DATABASE_URL: database.appUrl,
    DATABASE_LOOKUP_URL: database.lookupUrl,
    SECRETS_KEY: secretsKey,
  });
  const reseal = (secretsKey?: string): Promise<Ended> => runCommand(PROGRAM, [], environment(secretsKey));
  const waitsForLock = async (): Promise<boolean> => {
    const { rows } = await owner.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  };
  const sealedAnew = ({ output }: Ended): number[] =>
    [...output.matchAll(/, (\d+) sealed anew$/gm)].map(([, count]) => Number(count));

  it('TEN-3 seals everything of every organisation with the new key, and the old one may leave', async () => {
    const worlds = [await sealedWorld(pool, K1), await sealedWorld(pool, K1)];
    const twice = Object.fromEntries(Object.entries(ROWS).map(([table, rows]) => [table, 2 * rows]));
    assert.deepEqual(await tablesNaming(owner, 'k1'), twice);
    const rotated = await runCommand('dev/bootstrap.mjs', ['reseal'], environment());
    assert.deepEqual([rotated.code, rotated.errors], [0, '']);
    assert.equal(
      rotated.output,
      `channel_integrations: 6 values, 6 sealed anew
external_action_versions: 8 values, 8 sealed anew
organization_connections: 4 values, 4 sealed anew
idempotency_keys: 2 values, 2 sealed anew
Everything is sealed with k2 now. Run it once more before the other keys are removed.
`,
    );
    assert.deepEqual(await tablesNaming(owner, 'k1'), {});
    assert.deepEqual(await tablesNaming(owner, 'k2'), twice);
    for (const world of worlds) await world.opensWith(K2);
    for (const keys of [ROTATED, K2]) {
      const again = await reseal(keys);
      assert.deepEqual([again.code, sealedAnew(again)], [0, [0, 0, 0, 0]]);
      assert.match(again.output, /\nNothing is sealed with another key than k2: the others may be removed/);
    }
  });

  it('TEN-3 goes through more rows and organisations than it reads at once', async () => {
    const { externalAction } = await sealedWorld(pool, K1);
    // Within one millisecond, in which a Date cannot tell them apart.
    await owner.query(
      `insert into organisations (id, name, created_at)
       select gen_random_uuid(), 'many', timestamptz '2025-01-01' + n * interval '1 microsecond'
       from generate_series(1, 250) n`,
    );
    const { rows } = await owner.query<{ id: string }>(`select id from organisations where name = 'many'`);
    const secrets = openSecrets(K1);
    const place = { table: 'organization_connections', row: 'c', column: 'auth_data' };
    for (const { id } of rows)
      await owner.query(
        `insert into organization_connections (organisation_id, code, auth_data, created_at, updated_at)
         values ($1, 'c', $2, now(), now())`,
        [id, secrets.seal('{}', place)],
      );
    for (let version = 3; version <= 230; version++) {
      const row = `${externalAction}:${version}`;
      const sealed = secrets.seal('a', {
        table: 'external_action_versions',
        row,
        column: 'secrets.authentication',
      });
      await owner.query(
        `insert into external_action_versions
         select organisation_id, external_action_id, $2, definition, $3, created_at from external_action_versions
         where external_action_id = $1 and version = 1`,
        [externalAction, version, JSON.stringify({ authentication: sealed })],
      );
    }
    const rotated = await reseal();
    assert.deepEqual([rotated.code, sealedAnew(rotated)], [0, [3, 2 * 2 + 228, 2 + 250, 1]], rotated.errors);
    assert.deepEqual(await tablesNaming(owner, 'k1'), {});
  });

  it('TEN-3 goes on where it was killed, and meanwhile everything opens with both keys', async () => {
    const worlds = [await sealedWorld(pool, K1), await sealedWorld(pool, K1)];
    await holder.query('begin; select from organization_connections for update');
    const { child, ended } = startCommand(PROGRAM, [], environment());
    assert.ok(await until(waitsForLock, 20_000));
    child.kill('SIGKILL');
    assert.equal((await ended).code, null);
    await holder.query('rollback');
    assert.deepEqual(await tablesNaming(owner, 'k2'), {
      channel_integrations: 1,
      external_action_versions: 2,
    });
    for (const world of worlds) await world.opensWith(ROTATED);
    const rest = await reseal();
    assert.deepEqual([rest.code, sealedAnew(rest)], [0, [3, 4, 4, 2]], rest.errors);
    assert.deepEqual(await tablesNaming(owner, 'k1'), {});
    for (const world of worlds) await world.opensWith(K2);
  });

  it('TEN-3 overwrites nothing that is set meanwhile', async () => {
    const { organisationId } = await sealedWorld(pool, K1);
    const place = { table: 'organization_connections', row: 'shop', column: 'auth_data' };
    // By a process that knows the old key only.
    const later = openSecrets(K1).seal('{"value":"later"}', place);
    await holder.query('begin');
    await holder.query(`update organization_connections set auth_data = $1 where code = 'shop'`, [later]);
    const { ended } = startCommand(PROGRAM, [], environment());
    assert.ok(await until(waitsForLock, 20_000));
    await holder.query('commit');
    const { code, errors } = await ended;
    assert.equal(code, 0, errors);
    const [row] = await look<{ auth_data: string }>(
      pool,
      organisationId,
      `select auth_data from organization_connections where code = 'shop'`,
    );
    assert.equal(openSecrets(K2).open(row?.auth_data ?? '', place), '{"value":"later"}');
  });

  it('TEN-3 comes back to a row that is held for longer than a statement may wait', async () => {
    const world = await sealedWorld(pool, K1);
    await holder.query(`begin; select from organization_connections where code = 'shop' for update`);
    const { ended } = startCommand(PROGRAM, [], environment());
    assert.ok(await until(waitsForLock, 20_000));
    assert.ok(await until(async () => !(await waitsForLock()), 20_000), 'it gave up for now');
    await holder.query('rollback');
    const { code, errors } = await ended;
    assert.equal(code, 0, errors);
    await world.opensWith(K2);
  });

  describe('where a value does not open', () => {
    const strange = openSecrets(`k9:${Buffer.alloc(32, 9).toString('base64')}`);
    const setToken = (world: SealedWorld, sealed: string) =>
      owner.query(`update channel_integrations set secrets = secrets || $2::jsonb where id = $1`, [
        world.channel,
        JSON.stringify({ access_token: sealed }),
      ]);

    it('TEN-3 names the row, seals all the others anew, and ends as failed until it is put right', async () => {
      const world = await sealedWorld(pool, K1);
      const { organisationId, channel } = world;
      const place = { table: 'channel_integrations', row: channel, column: 'secrets.access_token' };
      await setToken(world, strange.seal('token', place));
      for (let time = 1; time <= 2; time++) {
        const { code, output, errors } = await reseal();
        assert.equal(code, 1);
        assert.equal(
          errors,
          `the sealed value in channel_integrations.secrets.access_token names no key that is known here ` +
            `(row ${channel}, organisation ${organisationId})
1 values do not open. Bring back the keys they name, or set them again.
`,
        );
        assert.match(
          output,
          time === 1 ? /^channel_integrations: 3 values, 2 sealed anew/ : /, 0 sealed anew/,
        );
        assert.doesNotMatch(output, /Everything|Nothing/);
      }
      assert.deepEqual(await tablesNaming(owner, 'k1'), {});
      await setToken(world, openSecrets(K1).seal('token', place));
      assert.equal((await reseal()).code, 0);
      await world.opensWith(K2);
    });

    it('TEN-3 finds what was moved here from another row, or never sealed, and quotes neither', async () => {
      const [world, other] = [await sealedWorld(pool, K1), await sealedWorld(pool, K1)];
      const [row] = await look<{ secrets: Record<string, string> }>(
        pool,
        other.organisationId,
        'select secrets from channel_integrations where id = $1',
        [other.channel],
      );
      const moved = row?.secrets['access_token'] ?? '';
      await setToken(world, moved);
      await owner.query(
        `update organization_connections set auth_data = 'plain-canary' where code = 'shop' and organisation_id = $1`,
        [other.organisationId],
      );
      const { code, output, errors } = await reseal();
      assert.equal(code, 1);
      const sentences = errors.split('\n').slice(0, 2).sort();
      assert.match(sentences[0] ?? '', /channel_integrations.*is altered or belongs elsewhere \(row /);
      assert.ok(sentences[0]?.includes(world.channel));
      assert.match(sentences[1] ?? '', /organization_connections\.auth_data names no key .*\(row shop, /);
      for (const value of [moved, 'plain-canary']) assert.ok(!`${output}${errors}`.includes(value));
    });

    it('TEN-3 does not mind an answer that nobody can ask for any more', async () => {
      const { organisationId } = await sealedWorld(pool, K1);
      await owner.query(
        `insert into idempotency_keys (organisation_id, api_key_id, key, request_hash, status, body, begun_at)
         select organisation_id, api_key_id, 'old', '', 201, $2, now() - interval '25 h' from idempotency_keys
         where organisation_id = $1`,
        [
          organisationId,
          JSON.stringify({ sealed: strange.seal('x', { table: 't', row: 'r', column: 'c' }) }),
        ],
      );
      const rotated = await reseal();
      assert.deepEqual([rotated.code, sealedAnew(rotated)], [0, [3, 4, 2, 1]], rotated.errors);
    });
  });

  it('EXT-1 lets the application seal a saved version anew and change nothing else of it', async () => {
    const { organisationId } = await sealedWorld(pool, K1);
    for (const change of [`definition = '{}'`, 'version = 7', 'created_at = now()'])
      await assert.rejects(
        look(pool, organisationId, `update external_action_versions set ${change}`),
        { code: 'UNEXPECTED', cause: new Error('Postgres: SQLSTATE 42501 (aclcheck_error)') },
        change,
      );
  });

  it('RUN-3 says which settings are missing, and that Postgres is away or was never migrated', async () => {
    const unset = await runCommand(PROGRAM, [], {});
    assert.equal(unset.code, 1);
    assert.match(
      unset.errors,
      /DATABASE_URL is not set\n.*DATABASE_LOOKUP_URL is not set\n.*SECRETS_KEY is not set/,
    );
    const nowhere = new URL(database.appUrl);
    nowhere.port = String(await freePort());
    const away = await runCommand(PROGRAM, [], { ...environment(), DATABASE_URL: nowhere.href });
    assert.equal(away.code, 1);
    assert.match(away.errors, /^Postgres is away \(.*ECONNREFUSED.*\nIt did not get to its end\./);
    const empty = new URL(database.appUrl);
    empty.pathname = `/parley_test_${randomUUID().slice(0, 8)}`;
    await owner.query(`create database ${empty.pathname.slice(1)}`);
    const old = await runCommand(PROGRAM, [], { ...environment(), DATABASE_URL: empty.href });
    assert.equal(old.code, 1);
    assert.match(old.errors, /^the database lacks 0001_organisations\.ts.*run npm run migrate first\n/);
  });
});
