import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { openPublisher } from '../../adapters/postgres/publish-events.ts';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { publishEvents } from '../../workers/publish-events.ts';
import { look, makeIntegration, openInstallation } from '../postgres/installation.ts';
import { begin, happen, published } from './happenings.ts';

const SILENT = { warn: () => undefined };

describe('the publisher of events', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;
  let organisation: string;
  let leader: pg.Client;
  let publish: () => Promise<boolean>;

  beforeEach(async () => {
    ({ pool, close, database } = await openInstallation());
    organisation = (await makeIntegration(pool)).organisationId;
    leader = new pg.Client({ connectionString: database.jobsUrl });
    await leader.connect();
    publish = () => openPublisher(leader).publish();
  });
  afterEach(async () => {
    await leader.end();
    await close();
  });

  it('APR-7 numbers what commits late behind what was read before, though it was written first', async () => {
    const late = await begin(database, organisation);
    await late.happen('written first');
    await happen(pool, organisation, 'written second');
    await publish();
    assert.deepEqual(await published(pool, organisation), ['written second']);
    await late.commit();
    await publish();
    assert.deepEqual(await published(pool, organisation), ['written second', 'written first']);
  });

  it('APR-7 gives a number once, to events of all organisations, and none to what was rolled back', async () => {
    const other = (await makeIntegration(pool)).organisationId;
    const undone = await begin(database, organisation);
    await undone.happen('never');
    await undone.undo();
    for (const [who, name] of [
      [organisation, 'one'],
      [other, 'two'],
      [organisation, 'three'],
    ] as const)
      await happen(pool, who, name);
    await publish();
    const numbers = () =>
      look<{ published: string }>(pool, organisation, 'select published from events order by number');
    const before = await numbers();
    assert.equal(await publish(), false);
    assert.deepEqual(await numbers(), before);
    assert.deepEqual(await published(pool, organisation), ['one', 'three']);
    assert.deepEqual(await published(pool, other), ['two']);
  });

  it('APR-7 takes a backlog in parts, oldest first, and says when there may be more', async () => {
    await look(
      pool,
      organisation,
      `insert into events (organisation_id, name, properties, at)
       select $1, n::text, '{}', now() from generate_series(1, 1500) n`,
      [organisation],
    );
    assert.equal(await publish(), true);
    assert.equal((await published(pool, organisation)).length, 1000);
    assert.equal(await publish(), false);
    assert.deepEqual(
      await published(pool, organisation),
      Array.from({ length: 1500 }, (_, n) => String(n + 1)),
    );
  });

  it('APR-7 does not wait for an event that another transaction holds', async () => {
    await happen(pool, organisation, 'held');
    await happen(pool, organisation, 'free');
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(`select from events where name = 'held' for update`);
      await publish();
      assert.deepEqual(await published(pool, organisation), ['free']);
      await holder.query('rollback');
      await publish();
      assert.deepEqual(await published(pool, organisation), ['free', 'held']);
    } finally {
      await holder.end();
    }
  });

  it('APR-7 calls out the ids of organisations and nothing else, when it commits', async () => {
    const listener = new pg.Client({ connectionString: database.appUrl });
    await listener.connect();
    const heard: string[] = [];
    listener.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await listener.query('listen parley_live');
    await happen(pool, organisation, 'one');
    await happen(pool, organisation, 'two');
    await publish();
    await publish();
    assert.ok(await until(() => heard.length > 0, 5_000));
    await listener.query('select 1');
    assert.deepEqual(heard, [`parley_live ${organisation}`]);
    await listener.end();
  });

  it('TEN-1 lets the publisher read no word and number nothing twice', async () => {
    await happen(pool, organisation, 'happened');
    await publish();
    for (const statement of [
      'select properties from events',
      'select name from events',
      'select at from events',
      'select conversation_id from events',
      `update events set name = 'x'`,
      'delete from events',
    ])
      await assert.rejects(leader.query(statement), { code: '42501' }, statement);
    assert.equal((await leader.query('update events set published = 99')).rowCount, 0);
  });

  it('APR-7 looks row by row into the index of what waits, planned while the table was empty', async () => {
    await publish();
    const { rows } = await leader.query<{ 'QUERY PLAN': string }>('explain execute "publish-events"');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Scan using events_unpublished/);
    assert.match(plan, /Index Scan using events_pkey/);
    assert.doesNotMatch(plan, /Bitmap|Seq Scan/);
  });

  it('APR-7 goes on after its process was killed: another takes over, and no number goes back', async () => {
    const file = join(import.meta.dirname, 'leading-process.ts');
    const first = fork(file, [database.jobsUrl], { stdio: 'inherit' });
    await once(first, 'message');
    const stop = new AbortController();
    const second = openRelayStore({ url: database.jobsUrl });
    let leads = false;
    const standing = second.withLeadership(stop.signal, async (leading, publisher) => {
      leads = true;
      await publishEvents(publisher, SILENT, leading);
    });
    try {
      const names: string[] = [];
      const go = async (count: number) => {
        for (let n = 0; n < count; n++) {
          names.push(`event ${names.length + 1}`);
          await happen(pool, organisation, names.at(-1) ?? '');
        }
      };
      await go(30);
      const some = async () => (await published(pool, organisation)).length > 0;
      assert.ok(await until(some, 5_000));
      assert.equal(leads, false);
      const exited = once(first, 'exit');
      // In the middle of what it does.
      const going = go(100);
      first.kill('SIGKILL');
      await Promise.all([exited, going]);
      const all = async () => (await published(pool, organisation)).length === names.length;
      assert.ok(await until(all, 10_000), 'not everything was published');
      assert.equal(leads, true);
      assert.deepEqual(await published(pool, organisation), names);
    } finally {
      first.kill('SIGKILL');
      stop.abort();
      await standing;
      await second.close();
    }
  });

  it('APR-7 publishes only where it leads: a process that was stopped and goes on finds its session gone', async () => {
    const file = join(import.meta.dirname, 'leading-process.ts');
    const stopped = fork(file, [database.jobsUrl], { stdio: 'inherit' });
    await once(stopped, 'message');
    stopped.kill('SIGSTOP');
    const stop = new AbortController();
    const second = openRelayStore({ url: database.jobsUrl });
    let leads = false;
    const standing = second.withLeadership(stop.signal, async (leading, publisher) => {
      leads = true;
      await publishEvents(publisher, SILENT, leading);
    });
    try {
      await happen(pool, organisation, 'one');
      assert.ok(await until(() => leads, 20_000), 'nobody took over from a process that says nothing');
      stopped.kill('SIGCONT');
      await happen(pool, organisation, 'two');
      const both = async () => (await published(pool, organisation)).length === 2;
      assert.ok(await until(both, 5_000));
      assert.deepEqual(await published(pool, organisation), ['one', 'two']);
    } finally {
      stopped.kill('SIGCONT');
      stopped.kill('SIGKILL');
      stop.abort();
      await standing;
      await second.close();
    }
  });
});
