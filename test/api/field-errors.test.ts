import { strict as assert } from 'node:assert';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

describe('what a refusal says of each field', () => {
  let stage: ApiStage;
  before(async () => (stage = await openApiStage()));
  after(() => stage.close());

  const errors = async (method: string, path: string, body?: object) => {
    const answer = await call(stage.url, method, path, { key: stage.here.keys.admin, body });
    assert.equal(answer.status, 422);
    return answer.body['errors'];
  };

  it('TEN-2 says that a member is missing, whatever it would have been', async () => {
    assert.deepEqual(await errors('POST', '/v1/keys', {}), [
      { field: 'name', message: 'is missing' },
      { field: 'role', message: 'is missing' },
    ]);
    assert.deepEqual(await errors('POST', '/v1/channels', {}), [{ field: 'kind', message: 'is missing' }]);
  });

  it('TEN-2 says one thing of a field with several faults, and what would be taken', async () => {
    assert.deepEqual(await errors('POST', '/v1/keys', { name: '\0'.repeat(300), role: 'king' }), [
      { field: 'name', message: 'must be at most 255 characters' },
      { field: 'role', message: 'must be one of owner, admin, builder, operator, viewer, gateway' },
    ]);
    assert.deepEqual(await errors('POST', '/v1/keys', { name: 5, role: 'viewer' }), [
      { field: 'name', message: 'must be of type string' },
    ]);
  });

  it('TEN-2 names the kinds where a filter is neither a kind nor an id of a channel', async () => {
    const message = "must be generic, webchat, whatsapp, slack or a channel's id";
    for (const query of ['channel=fax', 'channel=generic&channel=slack'])
      assert.deepEqual(await errors('GET', `/v1/conversations?${query}`), [{ field: 'channel', message }]);
  });
});
