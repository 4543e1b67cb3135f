import { strict as assert } from 'node:assert';
import pg from 'pg';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { restartTestServer } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { openChatReader } from '../../adapters/postgres/chat-reader.ts';
import { until } from '../../dev/until.ts';
import { look, makeIntegration, openInstallation, openRoom, textMessage } from './installation.ts';

describe('Postgres away', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;

  before(async () => {
    ({ pool, close, database } = await openInstallation());
  });
  after(() => close());

  const unavailable = (error: unknown) =>
    error instanceof ParleyFailure && error.code === 'STORE_UNAVAILABLE' && error.retryable;

  it('CONV-2 says that the store is unavailable when nothing listens there', async () => {
    const nowhere = openPool('postgres://a:b@127.0.0.1:1/c', { max: 1 });
    const { organisationId } = await makeIntegration(pool);
    await assert.rejects(
      asOrganisation(nowhere, organisationId, () => Promise.resolve()),
      unavailable,
    );
    await nowhere.end();
  });

  it('CONV-2 says so when all connections are in use for too long, and recovers', async () => {
    const one = openPool(database.appUrl, { max: 1 });
    const room = await openRoom(pool);
    const held = await one.connect();
    await assert.rejects(
      asOrganisation(one, room.ref.organisationId, () => Promise.resolve()),
      unavailable,
    );
    held.release();
    await asOrganisation(one, room.ref.organisationId, () => Promise.resolve());
    await one.end();
  });

  it('CONV-2 says so when a statement takes too long, and does not give the broken transaction to the next', async () => {
    const one = openPool(database.appUrl, { max: 1 });
    const room = await openRoom(pool);
    const sleep = { name: 'sleep', text: 'select pg_sleep(10)' };
    await assert.rejects(
      asOrganisation(one, room.ref.organisationId, (tenancy) => tenancy.rows(sleep, [])),
      unavailable,
    );
    assert.equal((await look(one, room.ref.organisationId, 'select 1 from inbox')).length, 1);
    await one.end();
  });

  it('CONV-2 destroys a connection that broke in the middle, and rolls its work back', async () => {
    const one = openPool(database.appUrl, { max: 1 });
    const room = await openRoom(pool);
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    const work = asOrganisation(one, room.ref.organisationId, async (tenancy) => {
      const update = {
        name: 'rename',
        text: `update contacts set name = 'changed' returning pg_backend_pid() as pid`,
      };
      const [row] = await tenancy.rows<{ pid: number }>(update, []);
      await owner.query('select pg_terminate_backend($1)', [row?.pid]);
      await tenancy.rows(update, []);
    });
    await assert.rejects(work, unavailable);
    await owner.end();
    assert.deepEqual(await look(one, room.ref.organisationId, 'select name from contacts'), [{ name: null }]);
    await one.end();
  });

  it('CONV-2 takes no broken transaction for a committed one, and none of its statements for done', async () => {
    const room = await openRoom(pool);
    const rename = { name: 'rename-all', text: `update contacts set name = 'changed'` };
    const broken = { name: 'broken', text: 'select 1 / 0' };
    const { organisationId } = room.ref;
    const swallowed = asOrganisation(pool, organisationId, async (tenancy) => {
      await tenancy.rows(rename, []);
      await tenancy.rows(broken, []).catch(() => undefined);
    });
    await assert.rejects(swallowed, /had failed before/);
    const together = asOrganisation(pool, organisationId, async (tenancy) => {
      await Promise.all([tenancy.rows(rename, []), tenancy.lastRows(broken, [])]);
    });
    await assert.rejects(together, { code: 'UNEXPECTED' });
    assert.deepEqual(await room.look('select name from contacts'), [{ name: null }]);
  });

  it('CONV-2 keeps over a restart what it had said yes to, and goes on by itself', async function () {
    if (process.env.DATABASE_URL) this.skip();
    const room = await openRoom(pool);
    const chat = openChatReader(pool, database.appUrl);
    try {
      let calls = 0;
      chat.watch(room.integration, 'r', () => calls++);
      assert.ok(await until(() => calls === 1, 5_000));
      const answered: string[] = [];
      let failed = 0;
      let writing = true;
      const writers = Array.from({ length: 5 }, async () => {
        while (writing) {
          try {
            answered.push((await room.say('m')).messageId);
          } catch (error) {
            assert.ok(unavailable(error), String(error));
            failed++;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      });
      assert.ok(await until(() => answered.length > 50, 10_000));
      await restartTestServer();
      const before = answered.length;
      assert.ok(await until(() => answered.length > before + 50, 10_000));
      writing = false;
      await Promise.all(writers);
      assert.ok(failed > 0);
      const rows = await room.look<{ id: string }>('select id from inbox');
      const stored = new Set(rows.map((row) => row.id));
      assert.deepEqual(
        answered.filter((id) => !stored.has(id)),
        [],
      );
      assert.ok(await until(() => calls >= 2, 10_000), 'the listener did not come back');
    } finally {
      await chat.close();
    }
  });

  it('CONV-2 takes what the customer’s bytes hold that Postgres cannot', async () => {
    const integration = await makeIntegration(pool);
    const { inbox } = await openRoom(pool);
    const strange = 'nul \0 and half \ud83d and \u202e';
    const message = textMessage(strange, {
      providerMessageId: `id\0${strange}`,
      room: `r\0${strange}`,
      customer: { ids: [`c\0${strange}`], name: strange, phone: strange },
    });
    const first = await inbox.receive(integration, message, new Date());
    const again = await inbox.receive(integration, message, new Date());
    assert.deepEqual([first.duplicate, again.duplicate], [false, true]);
    const rows = await look(pool, integration.organisationId, 'select body from inbox');
    assert.deepEqual(rows, [{ body: { kind: 'text', text: 'nul  and half \ufffd and \u202e' } }]);
  });
});
