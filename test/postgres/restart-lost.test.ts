import { strict as assert } from 'node:assert';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import type { RelayStore } from '../../adapters/postgres/relay-store.ts';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { until } from '../../dev/until.ts';
import { restartLost } from '../../workers/restart-lost.ts';
import { later, NOW, openInstallation, openRoom } from './installation.ts';

const HERE = { name: 'default', id: 'one' };
const EMPTY = { name: 'default', id: 'two' };

describe('conversations that Temporal has lost', function () {
  this.timeout(30_000);
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let store: RelayStore;
  let ids: string[];

  before(async () => {
    const installation = await openInstallation();
    ({ pool, close } = installation);
    store = openRelayStore({ url: installation.database.jobsUrl });
    const rooms = await Promise.all(Array.from({ length: 5 }, () => openRoom(pool)));
    const [resolved] = rooms;
    await resolved?.look(`update conversations set status = 'resolved'`);
    ids = rooms
      .slice(1)
      .sort((one, other) => (one.ref.organisationId < other.ref.organisationId ? -1 : 1))
      .map(({ ref }) => ref.conversationId);
  });
  after(async () => {
    await store?.close();
    await close();
  });

  it('CONV-2 are none in the first Temporal that is seen, nor in the same one', async () => {
    assert.equal(await store.isLost(HERE, NOW), false);
    assert.equal(await store.isLost(HERE, later(1)), false);
    assert.deepEqual(await store.lost(10), []);
  });

  it('CONV-2 are all that are open, in an order in which a new leader goes on', async () => {
    assert.equal(await store.isLost(EMPTY, NOW), true);
    const [first, second] = await store.lost(2);
    assert.deepEqual([first?.ref.conversationId, second?.ref.conversationId], ids.slice(0, 2));
    assert.deepEqual([first?.channel, typeof first?.agentId], ['generic', 'string']);
    await store.restarted(second?.ref ?? null, NOW);
    assert.equal(await store.isLost(EMPTY, NOW), true, 'not all of them have been started');
    assert.deepEqual(
      (await store.lost(10)).map(({ ref }) => ref.conversationId),
      ids.slice(2),
    );
    await store.restarted(null, NOW);
    assert.equal(await store.isLost(EMPTY, NOW), false);
    assert.deepEqual(await store.lost(10), []);
  });

  it('CONV-2 are started again once each, whether they run or not, until a Temporal is away', async () => {
    const started: string[] = [];
    let fails = 1;
    const start = (_type: string, options: { workflowId: string }) => {
      const { workflowId } = options;
      if (fails-- > 0)
        return Promise.reject(new Error('away', { cause: Object.assign(new Error(), { code: 14 }) }));
      started.push(workflowId);
      if (started.length > 1) return Promise.resolve();
      const runs = new WorkflowExecutionAlreadyStartedError('runs', workflowId, 'conversation');
      return Promise.reject(runs);
    };
    const client = { withDeadline: (_at: number, work: () => Promise<void>) => work(), workflow: { start } };
    const warned: string[] = [];
    const options = {
      store,
      client: client as unknown as Client,
      entrance: { workflowTaskTimeoutSeconds: 10, modelQueue: null, turnsPerRun: null, deliveryReportMs: 1 },
      prepareServer: () => Promise.resolve(),
      namespace: () => Promise.resolve(HERE),
      clock: { now: () => NOW },
      log: { warn: (_fields: object, message: string) => warned.push(message), info: () => undefined },
    };
    const stop = new AbortController();
    const restarting = restartLost(options, stop.signal);
    assert.ok(
      await until(async () => started.length > ids.length && !(await store.isLost(HERE, NOW)), 15_000),
    );
    stop.abort();
    await restarting;
    const all = ids.map(conversationWorkflowId);
    assert.deepEqual([...new Set(started)].sort(), [...all].sort());
    assert.ok(
      warned.every((message) => message.startsWith('Temporal has lost')),
      warned.join(),
    );
  });
});
