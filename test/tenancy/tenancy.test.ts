import { strict as assert } from 'node:assert';
import { randomInt, randomUUID } from 'node:crypto';
import pg from 'pg';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { routes } from '../../api/routes.ts';
import { walkRoute } from '../api/walk.ts';
import { openJourney, type Journey } from '../journey/open-journey.ts';
import { columns, foreignKeys, NOBODYS, someRow, tables, type Column, type ForeignKey } from './catalogue.ts';
import { makeOrganisation, people, type Peopled } from './second-organisation.ts';

const FOREIGN_KEY_VIOLATION = '23503';
const NOT_ALLOWED = '42501';

/** Name a member, or the key of a program that took the conversation over: no one table. */
const NAMES_NO_ONE_TABLE = ['conversations.operator_id', 'inbox.operator_id'];

describe('tenancy on the running product', () => {
  let journey: Journey;
  let here: Peopled;
  let there: Peopled;
  let app: pg.Client;
  before(async () => {
    journey = await openJourney();
    const { organisation, keys } = journey.stage.dev();
    here = await people(journey, organisation, keys);
    const other = await makeOrganisation(journey);
    there = await people(journey, other.id, other.keys);
    app = new pg.Client({ connectionString: journey.stage.database.appUrl });
    await app.connect();
  });
  after(async () => {
    await app?.end();
    await journey?.close();
  });
  beforeEach(() => app.query("select set_config('parley.organisation', '', false)"));

  const actAs = (organisation: string) =>
    app.query("select set_config('parley.organisation', $1, false)", [organisation]);

  /** What Postgres says to a statement of the application's login: a code, or how many rows it touched. */
  async function attempt(text: string, values: unknown[] = []): Promise<string | number> {
    await app.query('begin');
    try {
      return (await app.query(text, values)).rowCount ?? 0;
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await app.query('rollback');
    }
  }

  for (const route of routes) {
    it(`TEN-1 keeps ${route.method.toUpperCase()} ${route.path} for ${route.who} and to one's own`, async () => {
      // What its own operators answer on the walk may stand there.
      const words = async () =>
        (await journey.messages(here.ids.conversation)).filter(({ from }) => from !== 'operator');
      const standing = await words();
      const walking = { url: journey.api, here: here.ids, there: there.ids, keys: here.keys };
      assert.deepEqual(await walkRoute(route, walking), []);
      assert.deepEqual(
        (await words()).map(({ id }) => id),
        standing.map(({ id }) => id),
      );
    });
  }

  it('TEN-1 has changed nothing of the other organisation on its walk', async () => {
    const as = { key: there.keys.admin };
    const read = async (path: string) => (await journey.call('GET', path, { as })).body;
    const conversation = await read(`/v1/conversations/${there.ids.conversation}`);
    assert.deepEqual(
      [conversation['status'], conversation['owner'], conversation['epoch']],
      ['waiting_approval', 'agent', 1],
    );
    assert.equal((await read(`/v1/agents/${there.ids.agent}`))['version'], 1);
    assert.equal((await read(`/v1/channels/${there.ids.generic}`))['name'], 'Scratch');
    const keys = (await read('/v1/keys'))['data'] as { revoked_at: string | null }[];
    assert.ok(keys.length === 7 && keys.every(({ revoked_at }) => revoked_at === null));
    const [inbox] = await journey.sql('select count(*)::int as count from inbox where organisation_id = $1', [
      there.ids.organisation,
    ]);
    assert.deepEqual(inbox, { count: 1 });
  });

  it('TEN-1 shows each organisation its own on every list, and nothing of the other', async () => {
    const lists = routes.filter(
      ({ method, path, who, operation }) =>
        method === 'get' &&
        path.startsWith('/v1/') &&
        !path.includes('{') &&
        who !== 'owner' &&
        operation?.answer.safeParse({ data: [], next_cursor: null }).success,
    );
    assert.ok(lists.length >= 9);
    const theirs = (
      await journey.sql<{ id: string }>(
        `select id::text from agents where organisation_id = $1 union all
       select id::text from channel_integrations where organisation_id = $1 union all
       select id::text from conversations where organisation_id = $1 union all
       select id::text from members where organisation_id = $1 union all
       select id::text from divisions where organisation_id = $1 union all
       select id::text from external_actions where organisation_id = $1 union all
       select id::text from api_keys where organisation_id = $1`,
        [there.ids.organisation],
      )
    ).map(({ id }) => id);
    assert.ok(theirs.length > 8);
    for (const { path } of lists) {
      const [mine, other] = await Promise.all([
        journey.call('GET', `${path}?limit=100`, { as: { key: here.keys.admin } }),
        journey.call('GET', `${path}?limit=100`, { as: { key: there.keys.admin } }),
      ]);
      assert.deepEqual([mine.status, other.status], [200, 200], path);
      assert.ok((other.body['data'] as unknown[]).length > 0, `${path} shows the other organisation its own`);
      assert.deepEqual(
        theirs.filter((id) => mine.text.includes(id)),
        [],
        path,
      );
    }
  });

  it("TEN-1 refuses another organisation's cursor and its filters tell nothing", async () => {
    const list = (key: string, query: string) => journey.call('GET', `/v1/agents?${query}`, { as: { key } });
    await journey.call('POST', '/v1/agents', { as: { key: there.keys.builder }, body: { name: 'Another' } });
    const page = await list(there.keys.builder, 'limit=1');
    const cursor = page.body['next_cursor'];
    assert.equal(typeof cursor, 'string');
    const borrowed = await list(here.keys.builder, `limit=100&cursor=${encodeURIComponent(String(cursor))}`);
    assert.ok(!borrowed.text.includes(there.ids.agent));
    for (const filter of [`agent=${there.ids.agent}`, `channel=${there.ids.generic}`]) {
      const found = await journey.call('GET', `/v1/conversations?${filter}`, {
        as: { key: here.keys.viewer },
      });
      assert.deepEqual([found.status, found.body['data']], [200, []], filter);
    }
    const channel = { kind: 'webchat', name: 'Crossed', agent_id: there.ids.agent };
    const crossed = await journey.call('POST', '/v1/channels', {
      as: { key: here.keys.admin },
      body: channel,
    });
    assert.equal(crossed.status, 422);
  });

  describe('in the database', () => {
    let every: string[];
    let keys: ForeignKey[];
    let known: Column[];
    before(async () => {
      [every, keys, known] = await Promise.all([
        tables(journey.sql),
        foreignKeys(journey.sql),
        columns(journey.sql),
      ]);
      assert.ok(every.length >= 12 && keys.length >= 12, `${every.join()}; ${keys.length} foreign keys`);
    });

    it('TEN-1 (EA Tenancy) has row security enabled and forced on every table, with a policy', async () => {
      const rows = await journey.sql<{ name: string; enabled: boolean; forced: boolean; policies: number }>(
        `select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
         from pg_class c where c.relname = any ($1) and c.relnamespace = 'public'::regnamespace`,
        [every],
      );
      assert.equal(rows.length, every.length);
      for (const { name, enabled, forced, policies } of rows)
        assert.ok(enabled && forced && policies > 0, name);
      const owned = new Set(known.filter(({ name }) => name === 'organisation_id').map(({ table }) => table));
      assert.deepEqual(
        NOBODYS.filter((table) => owned.has(table)),
        [],
      );
      assert.deepEqual(
        every.filter((table) => !owned.has(table)),
        ['organisations'],
      );
    });

    it('TEN-1 lets no login of the product own anything or step over row security', async () => {
      const owners = await journey.sql<{ what: string }>(
        `select r.rolname || ' owns ' || o.what as what from (
           select relowner as owner, relname::text as what from pg_class union all
           select nspowner, nspname::text from pg_namespace union all
           select datdba, datname::text from pg_database) o
         join pg_roles r on r.oid = o.owner where r.rolname like 'parley%'`,
      );
      assert.deepEqual(owners, []);
      const roles = await journey.sql<{ name: string; free: boolean }>(
        `select rolname as name, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as free
         from pg_roles where rolname like 'parley%'`,
      );
      assert.ok(roles.length >= 6);
      assert.deepEqual(
        roles.filter(({ free }) => free),
        [],
      );
      assert.equal(await attempt('create table stolen (id int)'), NOT_ALLOWED);
      assert.equal(await attempt('alter table inbox disable row level security'), NOT_ALLOWED);
      assert.equal(await attempt('set role parley_jobs'), NOT_ALLOWED);
    });

    it('TEN-1 shows no row of any table while no organisation is set, and only its own where one is', async () => {
      for (const table of every) {
        const owner = table === 'organisations' ? 'id' : 'organisation_id';
        const [all] = await journey.sql<{ organisations: number }>(
          `select count(distinct ${owner})::int as organisations from ${table}`,
        );
        assert.ok((all?.organisations ?? 0) >= 2, `${table} holds rows of both organisations`);
        assert.equal(await attempt(`select from ${table}`), 0, table);
        for (const { ids } of [here, there]) {
          await actAs(ids.organisation);
          const seen = await app.query<{ owner: string }>(`select distinct ${owner} as owner from ${table}`);
          assert.deepEqual(seen.rows, [{ owner: ids.organisation }], table);
        }
        await actAs('');
      }
    });

    it('TEN-1 has every id that points at a row inside a foreign key that names the organisation', () => {
      const covered = new Set(
        keys
          .filter((key) => key.columns.includes('organisation_id'))
          .flatMap((key) => key.columns.map((column) => `${key.from}.${column}`)),
      );
      const pointing = known.filter(
        ({ name, type }) => type === 'uuid' && (name.endsWith('_id') || name === 'about'),
      );
      assert.ok(pointing.length > 20);
      const loose = pointing
        .map(({ table, name }) => `${table}.${name}`)
        .filter((column) => !covered.has(column) && !NAMES_NO_ONE_TABLE.includes(column));
      assert.deepEqual(loose, []);
      assert.deepEqual(
        keys.filter((key) => key.to !== 'organisations' && !key.referenced.includes('organisation_id')),
        [],
      );
    });

    it('TEN-1 refuses a row that points at a row of another organisation, for every foreign key', async () => {
      await actAs(here.ids.organisation);
      let tried = 0;
      for (const key of keys.filter(({ to }) => to !== 'organisations')) {
        const pointing = key.columns.filter((column) => column !== 'organisation_id');
        const pointed = await someRow(journey.sql, key.to, here.ids.organisation);
        const theirs = await someRow(journey.sql, key.to, there.ids.organisation);
        const pointingRow = await someRow(journey.sql, key.from, here.ids.organisation, pointing);
        const anyRow = await someRow(journey.sql, key.from, here.ids.organisation);
        assert.ok(pointed && theirs && anyRow, `${key.from} and ${key.to} have rows to try ${key.name} with`);
        const pointAt = (row: object, target: Record<string, unknown>) => ({
          ...row,
          ...Object.fromEntries(
            pointing.map((column) => [column, target[key.referenced[key.columns.indexOf(column)] ?? '']]),
          ),
        });
        const honest = freshCopy(known, key.from, pointingRow ?? pointAt(anyRow, pointed), keys);
        assert.equal(
          await insert(key.from, honest),
          1,
          `${key.name}: the same row without the crossing is taken`,
        );
        const crossed = pointAt(honest, theirs);
        assert.equal(await insert(key.from, crossed), FOREIGN_KEY_VIOLATION, key.name);
        tried += 1;
      }
      assert.ok(tried >= 9, `${tried} foreign keys`);
    });

    it("TEN-1 takes no row in another organisation's name, and gives none away", async () => {
      await actAs(here.ids.organisation);
      for (const table of every) {
        const owner = table === 'organisations' ? 'id' : 'organisation_id';
        const theirs = await someRow(journey.sql, table, there.ids.organisation);
        assert.ok(theirs, table);
        assert.equal(
          await insert(table, freshCopy(known, table, theirs, keys)),
          NOT_ALLOWED,
          `insert into ${table}`,
        );
        const giving = await attempt(`update ${table} set ${owner} = $1`, [there.ids.organisation]);
        assert.equal(giving, NOT_ALLOWED, `update ${table}`);
        const deleting = await attempt(`delete from ${table} where ${owner} = $1`, [there.ids.organisation]);
        assert.ok(deleting === NOT_ALLOWED || deleting === 0, `delete from ${table}: ${deleting}`);
      }
    });

    it('TEN-1 leaks nothing on one pooled connection that changes its organisation a thousand times', async () => {
      const pool = openPool(journey.stage.database.appUrl, { max: 1 });
      const read = {
        name: 'tenancy-read',
        text: 'select organisation_id, id, pg_backend_pid() as pid from conversations',
      };
      const pids = new Set<number>();
      try {
        await Promise.all(
          Array.from({ length: 1000 }, async (_, round) => {
            const { organisation } = (round % 2 === 0 ? here : there).ids;
            const work = asOrganisation(pool, organisation, async (tenancy) => {
              const rows = await tenancy.rows<{ organisation_id: string; pid: number }>(read, []);
              for (const row of rows) {
                assert.equal(row.organisation_id, organisation);
                pids.add(row.pid);
              }
              assert.ok(rows.length > 0);
              if (round % 7 === 0)
                await tenancy.rows({ name: 'tenancy-broken', text: 'select 1 / $1::int' }, [0]);
              if (round % 5 === 0) tenancy.undo();
            });
            if (round % 7 === 0) await assert.rejects(work);
            else await work;
          }),
        );
        assert.equal(pids.size, 1, 'it was one connection');
        assert.deepEqual((await pool.query('select * from conversations')).rows, []);
      } finally {
        await pool.end();
      }
    });

    it('TEN-1 lets the look-up read no table, and the jobs no word', async () => {
      const tries = async (url: string, statements: string[]) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        try {
          for (const statement of statements) {
            await assert.rejects(client.query(statement), { code: NOT_ALLOWED }, statement);
          }
        } finally {
          await client.end();
        }
      };
      const { lookupUrl, jobsUrl } = journey.stage.database;
      await tries(
        lookupUrl,
        [...every, ...NOBODYS].map((table) => `select from ${table}`),
      );
      const open = ['inbox', 'conversations', 'events'];
      await tries(jobsUrl, [
        ...every.filter((table) => !open.includes(table)).map((table) => `select from ${table}`),
        'select body from inbox',
        'select provider_message_id from inbox',
        'select room from conversations',
        'delete from inbox',
        'update conversations set owner = owner',
        'select properties from events',
        'select name from events',
        'update events set at = at',
        'delete from events',
      ]);
    });

    function insert(table: string, row: Record<string, unknown>): Promise<string | number> {
      const names = Object.keys(row).join(', ');
      // Its row is nothing but references: there is no second one to stand beside it.
      if (table === 'division_members') return replace(table, row);
      // One for each request: it is turned into the other row instead.
      if (table === 'approval_posts') return rewrite(table, row);
      const text = `insert into ${table} (${names}) select ${names} from jsonb_populate_record(null::${table}, $1)`;
      const trial = () => attempt(text, [JSON.stringify(row)]);
      return table === 'media' ? makingWay(row, trial) : trial();
    }

    /** A file's key is its message's: the one that is there makes way, and comes back. */
    async function makingWay<T>(row: Record<string, unknown>, trial: () => Promise<T>): Promise<T> {
      const key = [row['organisation_id'], row['message_id']];
      const remove = `delete from media where organisation_id = $1 and message_id = $2 returning to_jsonb(media) as row`;
      const [old] = await journey.sql<{ row: object }>(remove, key);
      try {
        return await trial();
      } finally {
        await journey.sql(remove, key);
        if (old !== undefined)
          await journey.sql('insert into media select * from jsonb_populate_record(null::media, $1)', [
            old.row,
          ]);
      }
    }

    function rewrite(table: string, row: Record<string, unknown>): Promise<string | number> {
      const names = Object.keys(row).join(', ');
      const text = `update ${table} set (${names}) = (select ${names} from jsonb_populate_record(null::${table}, $1))`;
      return attempt(text, [JSON.stringify(row)]);
    }

    async function replace(table: string, row: Record<string, unknown>): Promise<string | number> {
      const names = Object.keys(row).join(', ');
      await app.query('begin');
      try {
        await app.query(`delete from ${table}`);
        const text = `insert into ${table} (${names}) select ${names} from jsonb_populate_record(null::${table}, $1)`;
        return (await app.query(text, [JSON.stringify(row)])).rowCount ?? 0;
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await app.query('rollback');
      }
    }
  });
});

/** A row like this one that could stand beside it: what must be unique is new, what Postgres gives is left out. */
function freshCopy(
  known: readonly Column[],
  table: string,
  row: Record<string, unknown>,
  keys: readonly ForeignKey[],
): Record<string, unknown> {
  const pointing = new Set(keys.filter(({ from }) => from === table).flatMap((key) => key.columns));
  const fresh: Record<string, unknown> = {};
  for (const column of known.filter((candidate) => candidate.table === table && !candidate.generated)) {
    const { name, type, unique } = column;
    fresh[name] =
      unique && !pointing.has(name) && row[name] !== null ? freshValue(type, row[name]) : row[name];
  }
  return fresh;
}

function freshValue(type: string, value: unknown): unknown {
  switch (type) {
    case 'uuid':
      return randomUUID();
    case 'text':
      return `${String(value)}-${randomUUID()}`;
    case 'smallint':
      return value;
    case 'date':
      return new Date(randomInt(1, 10_000) * 86_400_000).toISOString().slice(0, 10);
    default:
      return randomInt(1_000_000, 2_000_000);
  }
}
