import { strict as assert } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { statementCount } from '../../adapters/postgres/as-organisation.ts';
import { openPublisher } from '../../adapters/postgres/publish-events.ts';
import { restartTestServer } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { look, makeIntegration, openInstallation } from '../postgres/installation.ts';
import { begin, happen } from './happenings.ts';
import { leadAndPublish, openConsole, openLiveStage } from './live-stage.ts';
import type { Console } from './live-stage.ts';

describe('the live stream over Postgres', () => {
  let pool: pg.Pool;
  let closePool: () => Promise<void>;
  let database: TestDatabase;
  let organisation: string;
  let stage: Awaited<ReturnType<typeof openLiveStage>>;
  let consoles: Console[];
  let leaders: ReturnType<typeof leadAndPublish>[];

  before(async () => {
    ({ pool, close: closePool, database } = await openInstallation());
  });
  after(() => closePool());
  beforeEach(async () => {
    organisation = (await makeIntegration(pool)).organisationId;
    stage = await openLiveStage(database, pool);
    consoles = [];
    leaders = [];
  });
  afterEach(async () => {
    await Promise.all([...consoles.map((each) => each.close()), ...leaders.map((each) => each.stop())]);
    await stage.close();
  });

  const open = async (who = organisation) => {
    const opened = openConsole(stage.url, stage.keyOf(who));
    consoles.push(opened);
    assert.ok(await until(opened.isReady, 5_000), 'the stream did not open');
    return opened;
  };
  const names = (reader: Console) => reader.seen().map(({ name }) => name);
  const hears = async (reader: Console, wanted: string[]) => {
    await until(() => names(reader).length >= wanted.length, 10_000, 10);
    assert.deepEqual(names(reader), wanted);
  };
  const lead = () => {
    const leader = leadAndPublish(database);
    leaders.push(leader);
    return leader;
  };
  const publishOnce = async () => {
    const leader = new pg.Client({ connectionString: database.jobsUrl });
    await leader.connect();
    await openPublisher(leader).publish();
    await leader.end();
  };

  it('APR-7 tells a reader who has read on of what committed late, though it was written before', async () => {
    const reader = await open();
    const late = await begin(database, organisation);
    await late.happen('late');
    await happen(pool, organisation, 'early');
    await publishOnce();
    await hears(reader, ['early']);
    reader.breakOff();
    await late.commit();
    await publishOnce();
    await hears(reader, ['early', 'late']);
    const [early, second] = reader.seen();
    assert.ok(early !== undefined && second !== undefined && early.position < second.position);
  });

  it('APR-7 goes on when its connection for notices is cut, with what was called out meanwhile', async () => {
    const reader = await open();
    await happen(pool, organisation, 'one');
    await publishOnce();
    await hears(reader, ['one']);
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    const listeners = `from pg_stat_activity where application_name = 'parley-listen' and datname = current_database()`;
    const cut = await owner.query(`select pg_terminate_backend(pid) ${listeners}`);
    await owner.end();
    assert.equal(cut.rowCount, 1);
    // Before it listens again, as far as we can be quick enough; either way it comes once.
    await happen(pool, organisation, 'two');
    await publishOnce();
    await hears(reader, ['one', 'two']);
    await happen(pool, organisation, 'three');
    await publishOnce();
    await hears(reader, ['one', 'two', 'three']);
    assert.equal(reader.connections(), 1);
  });

  it('APR-7 catches up over a restart of the API, and says nothing twice', async () => {
    const reader = await open();
    await happen(pool, organisation, 'before');
    await publishOnce();
    await hears(reader, ['before']);
    await stage.stop();
    for (let n = 0; n < 250; n++) await happen(pool, organisation, `while away ${n}`);
    await publishOnce();
    await stage.start();
    await hears(reader, ['before', ...Array.from({ length: 250 }, (_, n) => `while away ${n}`)]);
    assert.equal(reader.connections(), 2);
  });

  it('APR-7 has a reader who missed more than a thousand events load again', async () => {
    const reader = await open();
    await happen(pool, organisation, 'seen');
    await publishOnce();
    await hears(reader, ['seen']);
    await stage.stop();
    await look(
      pool,
      organisation,
      `insert into events (organisation_id, name, properties, at)
       select $1, 'missed', '{}', now() from generate_series(1, 1001)`,
      [organisation],
    );
    await publishOnce();
    await publishOnce();
    await stage.start();
    assert.ok(await until(() => reader.connections() === 2 && reader.isReady(), 5_000));
    await happen(pool, organisation, 'next');
    await publishOnce();
    await until(() => names(reader).includes('next'), 5_000);
    assert.deepEqual(
      reader.seen().map(({ event, name }) => [event, name]),
      [
        ['event', 'seen'],
        ['reset', 'undefined'],
        ['event', 'next'],
      ],
    );
  });

  it('TEN-1 tells each organisation its own and nothing of the other, at the same time', async () => {
    const other = (await makeIntegration(pool)).organisationId;
    const [here, there] = [await open(), await open(other)];
    lead();
    const wanted = (who: string) => Array.from({ length: 100 }, (_, n) => `${who} ${n}`);
    await Promise.all(
      [organisation, other].map(async (who) => {
        for (const name of wanted(who)) await happen(pool, who, name);
      }),
    );
    await hears(here, wanted(organisation));
    await hears(there, wanted(other));
  });

  it('APR-7 reads what is new once for all readers of an organisation', async () => {
    const readers = await Promise.all(Array.from({ length: 30 }, () => open()));
    const before = statementCount().transactions;
    await happen(pool, organisation, 'happened');
    await publishOnce();
    for (const reader of readers) await hears(reader, ['happened']);
    const asked = statementCount().transactions - before;
    assert.ok(asked < 10, `${asked} transactions for 30 readers`);
  });

  it('APR-7 misses nothing, repeats nothing and keeps the order while all break off, commit late and take over', async () => {
    let publishing = lead();
    const readers = await Promise.all(Array.from({ length: 4 }, () => open()));
    const writers = 8;
    const each = 40;
    let done = false;
    const write = async (writer: number) => {
      for (let n = 0; n < each; n++) {
        const transaction = await begin(database, organisation);
        await transaction.happen(`${writer}/${n}`);
        // Written early, committed late: after none to three looks of the publisher.
        await pause(((writer * 7 + n * 13) % 8) * 40);
        await (n % 10 === 9 ? transaction.undo() : transaction.commit());
      }
    };
    const trouble = async () => {
      for (let n = 0; !done; n++) {
        await pause(70);
        readers[n % readers.length]?.breakOff();
        if (n % 9 === 8) {
          const next = lead();
          await publishing.stop();
          publishing = next;
        }
      }
    };
    const troubling = trouble();
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    done = true;
    await troubling;
    const committed = await look<{ name: string }>(
      pool,
      organisation,
      'select name from events where organisation_id = $1',
      [organisation],
    );
    assert.equal(committed.length, writers * (each - each / 10));
    for (const reader of readers) {
      await until(() => names(reader).length >= committed.length, 10_000);
      assert.deepEqual(names(reader).toSorted(), committed.map(({ name }) => name).toSorted());
      const positions = reader.seen().map(({ position }) => position);
      assert.deepEqual(
        positions,
        positions.toSorted((one, other) => one - other),
      );
      assert.ok(reader.connections() > 3);
    }
  });

  it('APR-7 goes on by itself after a restart of Postgres', async function () {
    if (process.env.DATABASE_URL) this.skip();
    lead();
    const reader = await open();
    await happen(pool, organisation, 'before');
    await hears(reader, ['before']);
    await restartTestServer();
    const again = () =>
      happen(pool, organisation, 'after').then(
        () => true,
        () => false,
      );
    assert.ok(await until(again, 10_000));
    await hears(reader, ['before', 'after']);
  });
});
