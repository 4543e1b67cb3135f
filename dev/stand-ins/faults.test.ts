import { strict as assert } from 'node:assert';
import { openFaults, json, type Fault } from './faults.ts';
import { openLocalServer, type LocalServer } from './local-http-server.ts';

describe('the fault switches of a stand-in', () => {
  let server: LocalServer;
  let done = 0;
  const faults = openFaults<Fault & { code?: number }>(['code']);

  before(async () => {
    server = await openLocalServer(0, (call, response) => {
      faults.answer(call, response, () => json(200, { done: ++done }));
    });
  });
  beforeEach(() => {
    faults.reset();
    done = 0;
  });
  after(() => server.close());

  const call = (body = ''): Promise<Response> => fetch(server.url, { method: 'POST', body });

  it('CHAN-4 answers a status as often as told and then honestly again', async () => {
    faults.set({ fail: [{ status: 429, times: 2, headers: { 'retry-after': '2' } }] });
    const answers = [await call(), await call(), await call()];
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [429, 429, 200],
    );
    assert.equal(answers[0]?.headers.get('retry-after'), '2');
    assert.equal(done, 1);
  });

  it('CHAN-5 drops a request before doing it, or after', async () => {
    faults.set({ fail: [{ drop: true }, { drop: true, when: 'after' }] });
    await assert.rejects(call());
    assert.equal(done, 0);
    await assert.rejects(call());
    assert.equal(done, 1);
  });

  it('CHAN-5 does the thing and still answers 500 when told to fail after doing', async () => {
    faults.set({ fail: [{ status: 500, when: 'after', body: { sorry: true } }] });
    const answer = await call();
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), { sorry: true });
    assert.equal(done, 1);
  });

  it('CHAN-4 leaves a caller without an answer, or with the head of one', async () => {
    faults.set({ fail: [{ hang: true }, { hang: 'body', when: 'after' }] });
    const signal = (): AbortSignal => AbortSignal.timeout(100);
    await assert.rejects(fetch(server.url, { signal: signal() }), { name: 'TimeoutError' });
    assert.equal(done, 0);
    const answer = await fetch(server.url, { signal: signal() });
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text(), { name: 'TimeoutError' });
    assert.equal(done, 1);
  });

  it('CHAN-4 cuts an answer in half, openly or quietly', async () => {
    faults.set({ fail: [{ malformed: true }, { cut: true }] });
    await assert.rejects((await call()).json(), SyntaxError);
    await assert.rejects(async () => (await call()).text());
  });

  it('CHAN-4 keeps a fault for the request it is meant for', async () => {
    faults.set({ fail: [{ status: 500, match: 'second', times: -1 }] });
    const statuses = [];
    for (const body of ['first', 'second', 'third', 'second']) statuses.push((await call(body)).status);
    assert.deepEqual(statuses, [200, 500, 200, 500]);
  });

  it('CHAN-4 names a fault it does not know', () => {
    assert.throws(() => faults.set({ fail: [{ statsu: 500 } as Fault] }), /statsu/);
    assert.throws(() => faults.set({ fail: [{ status: 500, times: 0 }] }), /times/);
    assert.doesNotThrow(() => faults.set({ fail: [{ code: 1 }] }));
  });
});
