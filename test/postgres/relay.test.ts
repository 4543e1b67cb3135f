import { strict as assert } from 'node:assert';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import { conversationWorkflowId } from '../../contract/ids.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import { runRelay } from '../../workers/relay.ts';
import { later, openInstallation, openRoom } from './installation.ts';

const INVALID_ARGUMENT = 3;

/** A Temporal that refuses one workflow whatever it is told, and notes who is signalled. */
function refusing(workflowId: string, signalled: string[]): Client {
  const signalWithStart = (_type: string, options: { workflowId: string }) => {
    signalled.push(options.workflowId);
    if (options.workflowId !== workflowId) return Promise.resolve();
    const cause = Object.assign(new Error('refused'), { code: INVALID_ARGUMENT });
    return Promise.reject(new Error('Failed to signalWithStart Workflow', { cause }));
  };
  const client = {
    withDeadline: (_at: number, work: () => Promise<void>) => work(),
    workflow: { signalWithStart },
  };
  return client as unknown as Client;
}

describe('the relay', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let database: TestDatabase;

  before(async () => {
    ({ pool, close, database } = await openInstallation());
  });
  after(() => close());

  it('CONV-2 backs off from a conversation that Temporal refuses for good, and signals the one behind it', async () => {
    const refused = await openRoom(pool);
    const behind = await openRoom(pool);
    await behind.look('update inbox set received_at = $1', [later(1)]);
    const store = openRelayStore({ url: database.jobsUrl });
    const [refusedId, behindId] = [refused, behind].map(({ ref }) =>
      conversationWorkflowId(ref.conversationId),
    );
    const signalled: string[] = [];
    const warned: string[] = [];
    let prepared = 0;
    const stop = new AbortController();
    const relay = runRelay(
      {
        // There is room for one conversation a pass: the refused one stands in the way until it is acknowledged.
        store: { ...store, due: (now) => store.due(now, 1) },
        client: refusing(refusedId ?? '', signalled),
        entrance: {
          workflowTaskTimeoutSeconds: 10,
          modelQueue: null,
          turnsPerRun: null,
          deliveryReportMs: 1,
        },
        prepareServer: () => Promise.resolve(void prepared++),
        namespace: () => Promise.resolve({ name: 'default', id: 'one' }),
        clock: { now: () => later(10) },
        log: { warn: (_fields, message) => warned.push(message), info: () => undefined },
      },
      stop.signal,
    );
    const marks = 'select signalled_at, signal_count from inbox';
    const marked = [{ signalled_at: later(10), signal_count: 1 }];
    try {
      const reached = async () => (await behind.look<{ signal_count: number }>(marks))[0]?.signal_count === 1;
      assert.ok(await until(reached, 10_000));
    } finally {
      stop.abort();
      await relay;
      await store.close();
    }
    assert.deepEqual(await refused.look(marks), marked);
    assert.deepEqual(await behind.look(marks), marked);
    // Once more in the same pass, after the server was prepared; then it waits its time.
    assert.deepEqual(signalled, [refusedId, refusedId, behindId]);
    assert.equal(prepared, 1);
    assert.deepEqual(warned, ['Temporal refuses a conversation; it is tried less and less often']);
  });
});
