import { strict as assert } from 'node:assert';
import { innerUrls } from '../actions/ssrf-matrix.ts';
import { closedPort, openSink } from '../channels/local-sink.ts';
import type { Sink } from '../channels/local-sink.ts';
import { actingCustomer, script } from './acting-customer.ts';
import { openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

/** So many proposals of one answer are looked at. */
const AT_ONCE = 8;

describe('the api action and what lies inside', () => {
  let journey: Journey;
  let sink: Sink;
  before(async () => {
    [journey, sink] = await Promise.all([openJourney(), openSink()]);
  });
  after(async () => {
    await sink?.close();
    await journey?.close();
  });
  afterEach(() => journey.model('POST', '/control', { reset: true }));

  const tool = (n: number, url: string, method = 'POST') => ({
    node_type: 'api',
    fields: { name: `call_${n}`, description: 'Calls it', method, url },
  });

  it('ACT-9 reaches nothing inside by any spelling: refused on save, or blocked when it is called', async () => {
    const agent = await journey.makeAgent();
    const savable: string[] = [];
    for (const url of innerUrls(sink.port)) {
      const saved = await journey.call('PATCH', `/v1/agents/${agent}`, {
        as: 'builder',
        body: { tools: [tool(0, url)] },
      });
      assert.ok(saved.status === 200 || saved.status === 422, `${url}: ${saved.text}`);
      if (saved.status === 200) savable.push(url);
    }
    assert.ok(savable.length >= AT_ONCE);
    const customer = await actingCustomer(journey, []);
    for (let from = 0; from < savable.length; from += AT_ONCE) {
      const some = savable.slice(from, from + AT_ONCE);
      await customer.setTools(some.map((url, n) => tool(n, url, n % 2 === 0 ? 'POST' : 'GET')));
      await script(journey, customer, { calls: some.map((_, n) => ({ name: `api_call_${n}` })) });
      assert.match(await customer.asks('call them all'), /Nothing was done\.$/);
    }
    const calls = await customer.calls();
    assert.equal(calls.length, savable.length);
    for (const { state, reason, arguments: given } of calls)
      assert.deepEqual([state, reason], ['failed', 'blocked_destination'], String(given?.['url']));
    assert.equal(sink.connections, 0);
  });

  it('ACT-9 lets no value of the model choose where a call goes', async () => {
    const fields = {
      name: 'look',
      description: 'Looks something up',
      method: 'GET',
      url: `${journey.stage.standIns}/sink/looks/{{path}}?q={{q}}`,
      parameters: [{ name: 'path' }, { name: 'q' }],
    };
    const customer = await actingCustomer(journey, [{ node_type: 'api', fields }]);
    const inner = `127.0.0.1:${sink.port}`;
    const look = (path: string, q = '1') => ({ name: 'api_look', arguments: { path, q } });
    await script(
      journey,
      customer,
      {
        calls: [
          look(`@${inner}/`),
          look(`http://${inner}/`),
          look('..'),
          look('%2e%2e'),
          look('a', `&host=${inner}#`),
          look('a\r\nHost: inner', 'x'),
        ],
      },
      { reply: 'Done.' },
    );
    await customer.asks('look there');
    assert.equal(sink.connections, 0);
    const { entries } = await journey.standIn('GET', '/sink/looks/journal');
    for (const { path, headers } of entries as { path: string; headers: Record<string, string> }[]) {
      assert.ok(path.startsWith('/sink/looks/'), path);
      assert.equal(headers['host'], new URL(journey.stage.standIns ?? '').host);
    }
    const refused = (await customer.calls()).filter(({ state }) => state === 'refused');
    assert.ok(refused.length >= 1 && refused.every(({ reason }) => reason === 'unusable_value'));
  });

  it('ACT-9 follows no redirect inside', async () => {
    const url = `${journey.stage.standIns}/sink/redirector`;
    const closed = await closedPort();
    const customer = await actingCustomer(journey, [tool(0, url, 'GET'), tool(1, url)]);
    for (const location of [`http://127.0.0.1:${sink.port}/`, `//127.0.0.1:${closed}/`, '/crm/journal']) {
      await journey.standIn('POST', '/sink/redirector/control', {
        answer: { status: 307, headers: { location }, body: { see: location } },
      });
      await script(
        journey,
        customer,
        { calls: [{ name: 'api_call_0' }, { name: 'api_call_1' }] },
        { reply: 'No.' },
      );
      await customer.asks('call it');
      const last = (await customer.calls()).slice(-2);
      for (const { state, reason } of last) assert.deepEqual([state, reason], ['failed', 'redirected']);
    }
    assert.equal(sink.connections, 0);
  });
});
