import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { makeAcknowledged } from '../../adapters/postgres/acknowledge.ts';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import type { RelayStore } from '../../adapters/postgres/relay-store.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { NOW, fill, later, openInstallation, openRoom } from './installation.ts';
import type { Room } from './installation.ts';

describe('the relay’s store', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;
  let store: RelayStore;

  beforeEach(async () => {
    ({ pool, close, database } = await openInstallation());
    store = openRelayStore({ url: database.jobsUrl });
  });
  afterEach(() => Promise.all([store.close(), close()]));

  const dueAt = async (seconds: number) => {
    const due = await store.due(later(seconds), 100);
    return due.map(({ rows }) => rows.map((row) => row.seq));
  };
  const acknowledge = (room: Room, rowId: string, seconds: number) =>
    makeAcknowledged(pool)([{ organisationId: room.ref.organisationId, rowId }], later(seconds));

  it('CONV-2 finds a row that nobody acknowledged after two seconds, of any organisation, with all a start needs', async () => {
    const room = await openRoom(pool);
    const other = await openRoom(pool, 'whatsapp');
    await room.say('m2', {}, later(1));
    assert.deepEqual(await dueAt(2), []);
    assert.deepEqual(await dueAt(2.5), [[1], [1]]);
    const due = await store.due(later(4), 100);
    assert.deepEqual(
      due.map(({ ref }) => ref.organisationId).sort(),
      [room.ref.organisationId, other.ref.organisationId].sort(),
    );
    const { rows, ...start } = due.find(({ channel }) => channel === 'generic') ?? { rows: [] };
    assert.deepEqual(start, {
      ref: room.ref,
      agentId: room.integration.agentId,
      channelIntegrationId: room.integration.id,
      channel: 'generic',
    });
    assert.deepEqual(rows[0], room.first.signal?.row);
    assert.equal(rows.length, 2);
  });

  it('CONV-2 finds an acknowledged row that no turn took after 60 s, then 60, 120 … up to 64 minutes', async () => {
    const room = await openRoom(pool);
    await acknowledge(room, room.first.messageId, 0);
    assert.deepEqual([await dueAt(60), await dueAt(61)], [[], [[1]]]);
    let now = 61;
    for (const minutes of [2, 4, 8, 16, 32, 64, 64]) {
      await store.due(later(now), 100);
      await store.acknowledged([room.first.messageId], later(now));
      assert.deepEqual([await dueAt(now + minutes * 60), await dueAt(now + minutes * 60 + 1)], [[], [[1]]]);
      now += minutes * 60 + 1;
    }
  });

  it('CONV-2 finds a row that a turn took and did not end after 60 s, and backs off for it too', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 1, later(10));
    assert.deepEqual([await dueAt(70), await dueAt(71)], [[], [[1]]]);
    await store.acknowledged([room.first.messageId], later(71));
    assert.deepEqual([await dueAt(131), await dueAt(132)], [[], [[1]]]);
  });

  it('CONV-2 lets an acknowledgement that comes late change nothing for a taken row', async () => {
    const room = await openRoom(pool);
    await room.transcript.take(room.ref, 1, NOW);
    await acknowledge(room, room.first.messageId, 30);
    assert.deepEqual(await room.look('select signal_count from inbox'), [{ signal_count: 0 }]);
  });

  it('CONV-2 finds nothing that is settled, and settles what needs a workflow that is not there', async () => {
    const room = await openRoom(pool);
    const taking = await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    const rowId = taking.kind === 'done' ? taking.signal.row.id : '';
    await room.transcript.settle(room.ref, [{ id: room.first.messageId, reason: 'operator_has_it' }], NOW);
    assert.deepEqual(await dueAt(10), [[2]]);
    await store.settleNotRunning([rowId], later(10));
    assert.deepEqual(await dueAt(10_000), []);
    const rows = await room.look('select settled_reason from inbox order by seq');
    assert.deepEqual(rows, [
      { settled_reason: 'operator_has_it' },
      { settled_reason: 'conversation_not_running' },
    ]);
  });

  it('CONV-2 brings at most as many conversations as asked for, those that wait longest first', async () => {
    const rooms = [];
    for (let n = 0; n < 4; n++) {
      const room = await openRoom(pool);
      await room.look('update inbox set received_at = $1', [later(-n)]);
      rooms.push(room);
    }
    const due = await store.due(later(10), 3);
    assert.deepEqual(
      due.map(({ ref }) => ref.conversationId),
      rooms
        .slice(1)
        .reverse()
        .map(({ ref }) => ref.conversationId),
    );
  });

  it('CONV-2 finds who is due behind conversations whose rows are more than one look brings', async () => {
    const busy = await openRoom(pool);
    const quiet = await openRoom(pool);
    await quiet.look('update inbox set received_at = $1', [later(1)]);
    await fill(busy, 6_000);
    const due = await store.due(later(10), 2);
    assert.deepEqual(
      due.map(({ ref, rows }) => [ref.conversationId, rows.length]),
      [
        [busy.ref.conversationId, 500],
        [quiet.ref.conversationId, 1],
      ],
    );
    assert.equal((await store.due(later(10), 1))[0]?.ref.conversationId, busy.ref.conversationId);
  });

  it('CONV-2 does not let rows that back off hide who is due behind them', async () => {
    const busy = await openRoom(pool);
    const quiet = await openRoom(pool);
    await quiet.look('update inbox set received_at = $1', [later(1)]);
    await fill(busy, 6_000);
    await busy.look('update inbox set signalled_at = $1, signal_count = 1', [later(5)]);
    const due = await store.due(later(10), 1);
    assert.deepEqual(
      due.map(({ ref }) => ref),
      [quiet.ref],
    );
  });

  it('CONV-2 brings the oldest 500 rows of a conversation at once, and the others once these back off', async () => {
    const room = await openRoom(pool);
    await fill(room, 700);
    const seqs = async () =>
      (await store.due(later(10), 1)).flatMap(({ rows }) => rows.map((row) => row.seq));
    const [due] = await store.due(later(10), 1);
    assert.deepEqual(
      await seqs(),
      [...Array(500).keys()].map((n) => n + 1),
    );
    await store.acknowledged(due?.rows.map((row) => row.id) ?? [], later(10));
    assert.deepEqual(
      await seqs(),
      [...Array(200).keys()].map((n) => n + 501),
    );
  });

  it('CONV-2 lets one process lead at a time, and another as soon as that one ends', async () => {
    const second = openRelayStore({ url: database.jobsUrl });
    const stops = [new AbortController(), new AbortController()];
    const leads: string[] = [];
    const lead = (relay: RelayStore, name: string, stop: AbortController | undefined) =>
      relay.withLeadership(stop?.signal ?? AbortSignal.abort(), async (leading) => {
        leads.push(name);
        await new Promise<void>((resolve) =>
          leading.addEventListener('abort', () => resolve(), { once: true }),
        );
        leads.push(`${name} ended`);
      });
    try {
      const first = lead(store, 'a', stops[0]);
      assert.ok(await until(() => leads.length === 1, 5_000));
      const other = lead(second, 'b', stops[1]);
      stops[0]?.abort();
      await first;
      assert.ok(await until(() => leads.includes('b'), 5_000));
      assert.deepEqual(leads, ['a', 'a ended', 'b']);
      stops[1]?.abort();
      await other;
    } finally {
      await second.close();
    }
  });

  it('CONV-2 stops leading when its connection is cut, and stands in line again', async () => {
    const stop = new AbortController();
    let leads = 0;
    const leading = store.withLeadership(stop.signal, async (still) => {
      leads++;
      await new Promise<void>((resolve) => still.addEventListener('abort', () => resolve(), { once: true }));
    });
    assert.ok(await until(() => leads === 1, 5_000));
    const { default: pgPackage } = await import('pg');
    const owner = new pgPackage.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'parley-relay' and datname = current_database()`,
    );
    await owner.end();
    assert.ok(await until(() => leads === 2, 5_000));
    stop.abort();
    await leading;
  });

  it('TEN-1 shows the relay no word, and lets it change nothing but marks', async () => {
    const room = await openRoom(pool);
    const { default: pgPackage } = await import('pg');
    const jobs = new pgPackage.Client({ connectionString: database.jobsUrl });
    await jobs.connect();
    try {
      for (const statement of [
        'select body from inbox',
        'select provider_message_id from inbox',
        'select room from conversations',
        'select * from contacts',
        'select text from outbound',
        'select secrets from channel_integrations',
        'update inbox set turn = 1',
        'update conversations set epoch = 1',
        'delete from inbox',
      ]) {
        await assert.rejects(jobs.query(statement), { code: '42501' }, statement);
      }
      const set = 'update inbox set settled_at = now(), settled_reason =';
      await assert.rejects(jobs.query(`${set} 'answered' where settled_at is null`), { code: '42501' });
    } finally {
      await jobs.end();
    }
    assert.deepEqual(await room.messages(), [[1, null, null]]);
  });
});
