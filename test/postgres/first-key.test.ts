import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Caller } from '../../api/ports.ts';
import { openGatewayStores } from '../../adapters/postgres/index.ts';
import type { GatewayStores } from '../../adapters/postgres/index.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { freePort } from '../../dev/ports.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { runCommand } from './run-command.ts';
import type { Ended } from './run-command.ts';

const PROGRAM = 'workers/first-key.ts';
const KEY = /parley_[0-9a-f]{16}_[A-Za-z0-9_-]{43}/g;

describe('the command that makes the first keys', () => {
  let database: TestDatabase;
  let stores: GatewayStores;

  beforeEach(async () => {
    database = await openTestDatabase();
    stores = await openGatewayStores({
      url: database.appUrl,
      lookupUrl: database.lookupUrl,
      poolSize: 2,
      clock: { now: () => new Date() },
      secrets: openSecrets(`k:${Buffer.alloc(32).toString('base64')}`),
    });
  });
  afterEach(() => stores.close());

  const environment = () => ({ DATABASE_URL: database.appUrl, DATABASE_LOOKUP_URL: database.lookupUrl });
  const firstKey = (...args: string[]): Promise<Ended> => runCommand(PROGRAM, args, environment());
  const keysIn = ({ output }: Ended): string[] => output.match(KEY) ?? [];
  const every = { limit: 100, cursor: null };
  const rolesOf = (keys: string[]) =>
    Promise.all(keys.map(async (key) => (await stores.lookup.apiKey(key))?.role ?? null));

  async function callerWith(key = ''): Promise<Caller> {
    const caller = await stores.lookup.apiKey(key);
    assert.ok(caller !== null, 'the key is good');
    return caller;
  }

  it('TEN-2 makes the organisation with a key for the owner and one for the admin, and shows both', async () => {
    const made = await runCommand(
      'dev/bootstrap.mjs',
      ['first-key', '--organisation', ' Kopi & Teh "Senja" '],
      environment(),
    );
    assert.deepEqual([made.code, made.errors], [0, '']);
    const [owner, admin, ...more] = keysIn(made);
    assert.deepEqual(more, []);
    const [caller, other] = [await callerWith(owner), await callerWith(admin)];
    assert.deepEqual([caller.role, other.role], ['owner', 'admin']);
    assert.equal(caller.organisationId, other.organisationId);
    const { data: organisations } = await stores.installation.organisations(every);
    assert.deepEqual(
      organisations.map(({ id, name }) => [id, name]),
      [[caller.organisationId, 'Kopi & Teh "Senja"']],
    );
    assert.ok(made.output.includes(caller.organisationId), made.output);
    // What they are for: the owner goes on to make organisations, the admin keys.
    assert.match((await stores.installation.createOrganisation(caller, 'Next')).key, /^parley_/);
    assert.match((await stores.settings.createKey(other, { name: 'x', role: 'builder' })).key, /^parley_/);
  });

  it('OBS-5 leaves in the audit log what it made, and no key', async () => {
    const made = await firstKey('--organisation', 'Senja');
    const [, admin] = keysIn(made);
    const caller = await callerWith(admin);
    const { data: entries } = await stores.readers.audit(caller, every);
    assert.deepEqual(entries.map(({ actor, action, detail }) => [actor, action, detail]).reverse(), [
      ['command:first-key', 'organisation.created', {}],
      ['command:first-key', 'key.created', { role: 'owner' }],
      ['command:first-key', 'key.created', { role: 'admin' }],
    ]);
    for (const key of keysIn(made)) assert.ok(!JSON.stringify(entries).includes(key.slice(-43)));
  });

  it('TEN-2 refuses where there is an organisation, and of two at the same time one', async () => {
    const both = await Promise.all([firstKey('--organisation', 'Senja'), firstKey('--organisation', 'Pagi')]);
    assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1]);
    const [made, refused] = both[0].code === 0 ? both : both.toReversed();
    assert.match(refused?.errors ?? '', /already, so nothing was made:\n {2}[0-9a-f-]{36} {2}(Senja|Pagi)\n/);
    assert.equal(refused?.output, '');
    assert.equal((await stores.installation.organisations(every)).data.length, 1);
    assert.ok(made !== undefined);
    assert.deepEqual(await rolesOf(keysIn(made)), ['owner', 'admin']);
  });

  it('TEN-2 makes with --again another owner key where the lost one was, and revokes that', async () => {
    const [lost = '', admin = ''] = keysIn(await firstKey('--organisation', 'Senja'));
    const owner = await callerWith(lost);
    await stores.installation.createOrganisation(owner, 'A customer');
    const again = await firstKey('--again', '--organisation', 'Senja');
    assert.deepEqual([again.code, again.errors], [0, '']);
    assert.match(again.output, new RegExp(`new owner key was made for ${owner.organisationId} \\(Senja\\)`));
    const [found = '', ...more] = keysIn(again);
    assert.deepEqual(more, []);
    assert.deepEqual(await rolesOf([lost, admin, found]), [null, 'admin', 'owner']);
    assert.equal((await callerWith(found)).organisationId, owner.organisationId);
    const { data: entries } = await stores.readers.audit(owner, every);
    const [created, revoked] = entries;
    for (const [entry, action] of [
      [created, 'key.created'],
      [revoked, 'key.revoked'],
    ] as const) {
      assert.deepEqual([entry?.actor, entry?.action], ['command:first-key', action]);
      assert.deepEqual(entry?.detail, { role: 'owner' });
    }
    assert.equal(revoked?.subject, owner.keyId);
  });

  it('TEN-2 gives an owner key to no organisation that never had one, and asks which is meant', async () => {
    const [lost = ''] = keysIn(await firstKey('--organisation', 'Senja'));
    const owner = await callerWith(lost);
    const customer = await stores.installation.createOrganisation(owner, 'Pagi');
    for (const wanted of ['Pagi', customer.id, 'senja', randomUUID()]) {
      const refused = await firstKey('--again', '--organisation', wanted);
      assert.equal(refused.code, 1);
      assert.match(refused.errors, /^Nothing was made: say which of these/);
      assert.ok(refused.errors.includes(`${owner.organisationId}  Senja`), refused.errors);
      assert.ok(!refused.errors.includes(customer.id), refused.errors);
      assert.deepEqual(keysIn(refused), []);
    }
    assert.deepEqual(await rolesOf([lost]), ['owner']);
    const byId = await firstKey('--again', '--organisation', owner.organisationId);
    assert.deepEqual(await rolesOf(keysIn(byId)), ['owner']);
  });

  it('TEN-2 has nothing to make again in an empty installation', async () => {
    const refused = await firstKey('--again', '--organisation', 'Senja');
    assert.equal(refused.code, 1);
    assert.match(refused.errors, /There is no organisation yet: leave --again out/);
  });

  it('RUN-3 says how it is called, and which settings are missing, without a stack', async () => {
    const wrong = [
      [],
      ['--organisation', ' '],
      ['--organization', 'x'],
      ['--organisation', 'a\nb'],
      ['Senja'],
    ];
    for (const args of wrong) {
      const { code, output, errors } = await firstKey(...args);
      assert.deepEqual([code, output], [1, ''], args.join(' '));
      assert.match(errors, /usage: node workers\/first-key\.ts|is not readable text/);
      assert.doesNotMatch(errors, / at .*\.ts/);
    }
    const { code, errors } = await runCommand(PROGRAM, ['--organisation', 'x'], {});
    assert.equal(code, 1);
    assert.match(
      errors,
      /- DATABASE_URL is not set\n {2}- DATABASE_LOOKUP_URL is not set\nNothing was made\./,
    );
  });

  it('RUN-3 says that Postgres is away, refuses it, or was never migrated, and that nothing was made', async () => {
    const at = (url: string) =>
      runCommand(PROGRAM, ['--organisation', 'x'], { ...environment(), DATABASE_URL: url });
    const nowhere = new URL(database.appUrl);
    nowhere.port = String(await freePort());
    const empty = new URL(database.appUrl);
    empty.pathname = `/parley_test_${randomUUID().slice(0, 8)}`;
    const missing = await at(empty.href);
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    await client.query(`create database ${empty.pathname.slice(1)}`);
    await client.end();
    for (const [{ code, output, errors }, why] of [
      [await at(nowhere.href), /^Postgres is away \(.*ECONNREFUSED/],
      [missing, /^Postgres refuses \(Postgres: SQLSTATE 3D000/],
      [await at(empty.href), /^the database lacks 0001_organisations\.ts.*run npm run migrate first\n/],
    ] as const) {
      assert.deepEqual([code, output], [1, '']);
      assert.match(errors, why);
      assert.match(errors, /\nNothing was made\.\n$/);
      assert.doesNotMatch(errors, / at .*\.ts/);
    }
  });

  it('RUN-3 shows the keys although nobody knows whether they were stored, and says so', async () => {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      // Longer than any statement of the product may take.
      await client.query('select pg_advisory_lock(7275542)');
      const { code, output, errors } = await firstKey('--organisation', 'Senja');
      assert.equal(code, 1);
      assert.match(errors, /whether this happened is not known/);
      assert.equal(output.match(KEY)?.length, 2);
    } finally {
      await client.end();
    }
  });
});
