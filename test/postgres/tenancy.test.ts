import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { storeFailure } from '../../adapters/postgres/store-failure.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { NOW, look, openInstallation, openRoom } from './installation.ts';

/** Columns that name a row of another table, with a value of the foreign room for each. */
const REFERENCES = ['conversation_id', 'contact_id', 'channel_integration_id', 'agent_id', 'api_key_id'];

/** The installation's own switches (ACT-7): nobody's tenant, the same for all. */
const NOBODYS = ['installation_flags', 'node_registries', 'temporal_namespace'];

describe('tenancy', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;
  let owner: pg.Client;

  before(async () => {
    ({ pool, close, database } = await openInstallation());
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
  });
  after(async () => {
    await owner.end();
    await close();
  });

  const tables = async () => {
    const { rows } = await owner.query<{ name: string; forced: boolean }>(
      `select relname as name, relrowsecurity and relforcerowsecurity as forced from pg_class
       where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like 'knex%'
         and relname <> all ($1) order by 1`,
      [NOBODYS],
    );
    return rows;
  };

  it('TEN-1 forces row-level security on every table, the owner included', async () => {
    const all = await tables();
    assert.ok(all.length >= 13, `only ${all.length} tables`);
    assert.deepEqual(
      all.filter((table) => !table.forced),
      [],
    );
  });

  it('TEN-1 names the organisation in every unique key and every foreign key', async () => {
    const { rows } = await owner.query<{ name: string; definition: string }>(
      `select conrelid::regclass || '.' || conname as name, pg_get_constraintdef(oid) as definition
       from pg_constraint
       where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f') and conrelid::regclass::text not like 'knex%'
       union all
       select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
       where indisunique and indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace and relname not like 'knex%')`,
    );
    const without = rows.filter(
      ({ name, definition }) =>
        !/organisation_id/.test(definition) &&
        !/^organisations/.test(name) &&
        !NOBODYS.some((own) => name.startsWith(own)),
    );
    assert.deepEqual(without, []);
  });

  it('TEN-1 shows every table’s rows to their organisation alone', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'hello');
    for (const { name } of await tables()) {
      const key = name === 'organisations' ? 'id' : 'organisation_id';
      const seen = await look(pool, randomUUID(), `select ${key} from ${name}`);
      assert.deepEqual(seen, [], name);
      const changed = await asOrganisation(pool, randomUUID(), (tenancy) =>
        tenancy.rows({ name: `own-${name}`, text: `select * from ${name} where ${key} = $1` }, [
          room.ref.organisationId,
        ]),
      );
      assert.deepEqual(changed, [], name);
    }
  });

  it('TEN-1 shows nothing at all outside a transaction of an organisation', async () => {
    await openRoom(pool);
    for (const { name } of await tables()) {
      assert.equal((await pool.query(`select * from ${name}`)).rowCount, 0, name);
    }
  });

  it('TEN-1 refuses rows of one organisation that point at another’s, in the database itself', async () => {
    const room = await openRoom(pool);
    await room.reply(1, 'hello');
    const foreign = await openRoom(pool);
    const theirs: Record<string, string> = {
      conversation_id: foreign.ref.conversationId,
      channel_integration_id: foreign.integration.id,
      agent_id: foreign.integration.agentId,
      contact_id: (await foreign.look<{ id: string }>('select id from contacts'))[0]?.id ?? '',
      api_key_id: randomUUID(),
    };
    const { rows: columns } = await owner.query<{ table: string; column: string }>(
      `select table_name as table, column_name as column from information_schema.columns
       where table_schema = 'public' and column_name = any ($1) and table_name not like 'knex%'`,
      [REFERENCES],
    );
    assert.ok(columns.length >= 12, `only ${columns.length} references`);
    let tried = 0;
    for (const { table, column } of columns) {
      const rows = await room.look<Record<string, unknown>>(`select * from ${table} limit 1`);
      const row = rows[0];
      if (row === undefined) continue;
      tried++;
      // A copy of a good row, new keys, one reference bent across the wall.
      const copied = Object.entries(row).filter(([name]) => !['id', 'number', 'published'].includes(name));
      const values = copied.map(([name, value]) => {
        if (name === column) return theirs[column];
        if (['room', 'external_id', 'provider_message_id', 'cause'].includes(name)) return randomUUID();
        if (name === 'seq') return 999;
        return value !== null &&
          typeof value === 'object' &&
          !(value instanceof Date) &&
          !Array.isArray(value)
          ? JSON.stringify(value)
          : value;
      });
      const names = copied.map(([name]) => name).join(', ');
      const marks = copied.map((_, n) => `$${n + 1}`).join(', ');
      const attempt = raw(
        room.ref.organisationId,
        `insert into ${table} (${names}) values (${marks})`,
        values,
      );
      await assert.rejects(attempt, { code: '23503' }, `${table}.${column}`);
    }
    assert.ok(tried >= 10, `only ${tried} references were tried`);
  });

  it('TEN-1 refuses to write a row of another organisation', async () => {
    const room = await openRoom(pool);
    const foreign = await openRoom(pool);
    const insert = `insert into agents (organisation_id, name, settings, created_at, updated_at)
      values ($1, 'x', '{}', now(), now())`;
    await assert.rejects(raw(room.ref.organisationId, insert, [foreign.ref.organisationId]), {
      code: '42501',
    });
    const moved = raw(room.ref.organisationId, 'update agents set organisation_id = $1', [
      foreign.ref.organisationId,
    ]);
    await assert.rejects(moved, { code: '42501' });
  });

  it('OBS-5 lets the application add to the audit log and change nothing in it', async () => {
    const room = await openRoom(pool);
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    for (const statement of ['delete from audit', `update audit set actor = 'nobody'`, 'truncate audit'])
      await assert.rejects(raw(room.ref.organisationId, statement), { code: '42501' });
  });

  it('TEN-1 leaves nothing of one organisation on a connection that another borrows', async () => {
    const one = openPool(database.appUrl, { max: 1 });
    try {
      const rooms = [await openRoom(pool), await openRoom(pool)];
      for (let n = 0; n < 200; n++) {
        const { organisationId } = rooms[n % 2]?.ref ?? { organisationId: '' };
        const work = asOrganisation(one, organisationId, async (tenancy) => {
          const seen = await tenancy.rows<{ organisation_id: string }>(
            { name: 'seen', text: 'select organisation_id from inbox' },
            [],
          );
          if (n % 5 === 0) throw new Error('something else went wrong');
          return seen;
        });
        if (n % 5 === 0) await assert.rejects(work, /something else/);
        else assert.deepEqual(await work, [{ organisation_id: organisationId }]);
        if (n % 7 === 0) assert.equal((await one.query('select 1 from inbox')).rowCount, 0);
      }
    } finally {
      await one.end();
    }
  });

  it('TEN-1 takes nothing but an id of ours for an organisation', async () => {
    for (const given of ['', `x'; drop table inbox; --`, randomUUID().toUpperCase(), `${randomUUID()}'`])
      await assert.rejects(
        asOrganisation(pool, given, () => Promise.resolve()),
        /not an organisation id/,
      );
  });

  it('TEN-3 lets no value out in a failure: Postgres quotes rows', async () => {
    const room = await openRoom(pool);
    const failure = await raw(room.ref.organisationId, `update outbound set state = 'secret words'`)
      .then(() =>
        asOrganisation(pool, room.ref.organisationId, (tenancy) =>
          tenancy.rows({ name: 'bad', text: 'insert into inbox (organisation_id, kind) values ($1, $2)' }, [
            room.ref.organisationId,
            'secret words',
          ]),
        ),
      )
      .catch((error: unknown) => error as Error);
    assert.ok(failure instanceof Error);
    const told = JSON.stringify([failure.message, failure.stack, String(failure.cause), failure]);
    assert.ok(!told.includes('secret words'), told);
    assert.equal(storeFailure(failure), failure);
  });

  /** A statement as the application’s login without our translation of failures. */
  async function raw(organisationId: string, text: string, values: unknown[] = []): Promise<void> {
    const client = new pg.Client({ connectionString: database.appUrl });
    await client.connect();
    try {
      await client.query('begin');
      await client.query(`select set_config('parley.organisation', $1, true)`, [organisationId]);
      await client.query(text, values);
    } finally {
      await client.query('rollback');
      await client.end();
    }
  }
});
