import { strict as assert } from 'node:assert';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('a repeated POST with an Idempotency-Key', () => {
  let stage: ApiStage;
  beforeEach(async () => (stage = await openApiStage()));
  afterEach(() => stage.close());

  const make = (key: string, body: unknown, path = '/v1/agents') =>
    call(stage.url, 'POST', path, {
      key: stage.here.keys.admin,
      body,
      headers: { 'idempotency-key': key },
    });
  const made = () => stage.world.agents.filter(({ name }) => name === 'Ann').length;

  it('TEN-2 makes one thing and answers the same each time', async () => {
    const first = await make('k1', { name: 'Ann' });
    const second = await make('k1', { name: 'Ann' });
    assert.equal(second.status, 201);
    assert.deepEqual(second.body, first.body);
    assert.equal(made(), 1);
    await make('k2', { name: 'Ann' });
    assert.equal(made(), 2);
  });

  it('TEN-2 refuses the key with another body or at another place', async () => {
    await make('k1', { name: 'Ann' });
    assert.equal((await make('k1', { name: 'Bo' })).status, 422);
    assert.equal((await make('k1', { name: 'Ann', role: 'viewer' }, '/v1/keys')).status, 422);
  });

  it('TEN-2 makes one thing of twenty at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => make('k1', { name: 'Ann' })));
    assert.equal(made(), 1);
    assert.ok(answers.every(({ status }) => status === 201 || status === 409));
    const ids = answers.filter(({ status }) => status === 201).map(({ body }) => body['id']);
    assert.equal(new Set(ids).size, 1);
  });

  it('TEN-2 says that the first request is under way while it is', async () => {
    const { settings } = stage.ports;
    const create = settings.createAgent;
    let begun = () => {};
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    settings.createAgent = async (...given) => {
      begun();
      await held;
      return create(...given);
    };
    const first = make('k1', { name: 'Ann' });
    await beginning;
    const second = await make('k1', { name: 'Ann' });
    assert.equal(second.status, 409);
    assert.equal(second.headers.get('retry-after'), '1');
    goOn();
    assert.equal((await first).status, 201);
  });

  it('TEN-2 lets a refused request be repeated', async () => {
    const path = `/v1/conversations/${stage.there.conversation}/take-over`;
    assert.equal((await make('k1', {}, path)).status, 404);
    assert.equal((await make('k1', {}, path)).status, 404);
    assert.equal((await make('k2', { name: '' })).status, 422);
    assert.equal((await make('k2', { name: 'Ann' })).status, 201);
  });

  it('TEN-2 keeps the keys of different callers apart', async () => {
    await make('k1', { name: 'Ann' });
    const other = await call(stage.url, 'POST', '/v1/agents', {
      key: stage.there.keys.admin,
      body: { name: 'Bo' },
      headers: { 'idempotency-key': 'k1' },
    });
    assert.equal(other.body['name'], 'Bo');
  });

  it('TEN-3 does not remember a new API key, unless it can be sealed', async () => {
    const body = { name: 'Watcher', role: 'viewer' };
    const first = await make('k1', body, '/v1/keys');
    const again = await make('k1', body, '/v1/keys');
    assert.equal(first.status, 201);
    assert.equal(again.status, 409);
    await stage.close();

    const seal = (text: string, place: string) => Buffer.from(place + text).toString('base64');
    const open = (text: string, place: string) => Buffer.from(text, 'base64').toString().slice(place.length);
    stage = await openApiStage({ sealAnswer: { seal, open } });
    const sealed = await make('k1', body, '/v1/keys');
    assert.deepEqual((await make('k1', body, '/v1/keys')).body, sealed.body);
  });
});
