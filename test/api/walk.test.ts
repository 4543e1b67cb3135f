import { strict as assert } from 'node:assert';
import { routes } from '../../api/routes.ts';
import { call, openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';
import type { FakeOrganisation } from './fake-world.ts';
import { storeFile } from './stored-message.ts';
import { walkRoute } from './walk.ts';
import type { WalkStage } from './walk.ts';

describe('every route, every role, another organisation', () => {
  let stage: ApiStage;
  let walking: WalkStage;
  before(async () => {
    stage = await openApiStage();
    for (const { id, conversation } of [stage.here, stage.there])
      stage.live.publish(id, 'conversation_changed', { organisation: id, conversation });
    const ids = async (organisation: FakeOrganisation) => ({
      session: await sessionOf(organisation.keys.viewer),
      organisation: organisation.id,
      agent: organisation.agent,
      conversation: organisation.conversation,
      ...organisation.channels,
      key: organisation.gatewayKeyId,
      member: organisation.member,
      division: organisation.division,
      external_action: organisation.externalAction,
      execution: organisation.execution,
      approval: organisation.approval,
      media: storeFile(stage.world, organisation.conversation),
    });
    walking = {
      url: stage.url,
      here: await ids(stage.here),
      there: await ids(stage.there),
      keys: stage.here.keys,
    };
  });
  after(() => stage.close());

  const sessionOf = async (key: string) =>
    String((await call(stage.url, 'POST', '/v1/session', { body: { key } })).body['id']);

  for (const route of routes) {
    it(`TEN-1 keeps ${route.method.toUpperCase()} ${route.path} for ${route.who} and to one's own`, async () => {
      assert.deepEqual(await walkRoute(route, walking), []);
    });
  }

  it('TEN-1 has left nothing in the other organisation', async () => {
    assert.ok(stage.world.stored.every(({ organisation }) => organisation === stage.here.id));
    const mine = await call(stage.url, 'GET', `/v1/conversations/${stage.there.conversation}`, {
      key: stage.there.keys.viewer,
    });
    assert.equal(mine.body['status'], 'active');
    assert.equal(mine.body['epoch'], 1);
  });

  it('TEN-1 notices a route that lets another organisation in', async () => {
    const route = routes.find(({ path }) => path === '/v1/agents/{id}');
    assert.ok(route?.operation !== undefined);
    const foreign = { ...walking, keys: stage.there.keys };
    assert.notDeepEqual(await walkRoute(route, foreign), []);
  });
});
