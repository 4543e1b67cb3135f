import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { openExternalActionReader } from '../../adapters/postgres/external-action-reader.ts';
import { openGates } from '../../adapters/postgres/gates.ts';
import { gateOf, NODE_TYPES } from '../../domain/tool.ts';
import { openScene } from './actions.ts';
import { NOW, openInstallation } from './installation.ts';

describe('what an organisation may use', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  it('ACT-7 has every node type in the registry, and every switch off at first', async () => {
    const scene = await openScene(pool);
    const gates = await openGates(pool).gates(scene.ref.organisationId);
    assert.deepEqual([...gates.enabledNodeTypes].sort(), [...NODE_TYPES].sort());
    assert.deepEqual(
      [gates.organisationFlags.size, gates.systemFlags.size, gates.components.size],
      [0, 0, 0],
    );
  });

  it('ACT-7 reads the organisation’s flags and components, the installation’s flags and its registry', async () => {
    const scene = await openScene(pool);
    const other = await openScene(pool);
    const { organisationId } = scene.ref;
    const deal = 'qontak_crm_deal_create';
    const gate = async (of = organisationId) => gateOf(deal, await openGates(pool).gates(of));
    const set = (text: string, ...values: unknown[]) => scene.look(text, values);

    await set('insert into feature_flags values ($1, $2, true, $3)', organisationId, 'ai_agent_action', NOW);
    assert.deepEqual([await gate(), await gate(other.ref.organisationId)], [null, 'flag_off']);
    await set('update feature_flags set enabled = false where organisation_id = $1', organisationId);
    assert.equal(await gate(), 'flag_off');
    await set(`insert into installation_flags values ('rollout_ai_agent_action', true, $1)`, NOW);
    assert.equal(await gate(), 'component_not_subscribed');
    await set(
      'insert into subscribed_components values ($1, $2, $3)',
      organisationId,
      'CP-QONTAKCRM-2025-0005',
      NOW,
    );
    assert.deepEqual(
      [await gate(), await gate(other.ref.organisationId)],
      [null, 'component_not_subscribed'],
    );
    await set('update node_registries set enabled = false where node_type = $1', deal);
    assert.equal(await gate(), 'node_type_disabled');
  });

  it('INT-2 offers a conversation the active external actions of its channel, highest priority first', async () => {
    const scene = await openScene(pool);
    const elsewhere = await openScene(pool);
    await elsewhere.externalAction();
    const { active } = openExternalActionReader(pool);
    assert.deepEqual(await active(scene.ref), []);
    const low = await scene.externalAction({ priority: 1, displayName: 'Low' });
    const high = await scene.externalAction({ priority: 5 });
    const off = await scene.externalAction({ priority: 9 });
    await scene.look('update external_actions set is_active = false where id = $1', [off.id]);
    const found = await active(scene.ref);
    assert.deepEqual(
      found.map(({ id, version, isActive, channelIntegrationId }) => [
        id,
        version,
        isActive,
        channelIntegrationId,
      ]),
      [
        [high.id, 1, true, scene.integration.id],
        [low.id, 1, true, scene.integration.id],
      ],
    );
    assert.deepEqual([found[1]?.displayName, found[1]?.confidenceThreshold], ['Low', 0.8]);
  });

  it('EXT-1 reads any version of an external action, also of one that is off, deleted or changed since', async () => {
    const scene = await openScene(pool);
    const { version } = openExternalActionReader(pool);
    const { id } = await scene.externalAction({ displayName: 'First' });
    const { organisationId } = scene.ref;
    await scene.look(
      `insert into external_action_versions
       select organisation_id, external_action_id, 2, definition || '{"displayName":"Second"}', secrets, created_at
       from external_action_versions where external_action_id = $1`,
      [id],
    );
    await scene.look('update external_actions set version = 2, deleted_at = now() where id = $1', [id]);
    const [first, second] = [await version(organisationId, id, 1), await version(organisationId, id, 2)];
    assert.deepEqual([first?.displayName, first?.isActive], ['First', false]);
    assert.deepEqual([second?.displayName, second?.version], ['Second', 2]);
    assert.equal(await version(organisationId, id, 3), null);
    assert.equal(await version(organisationId, 'x', 1), null);
    const foreign = (await openScene(pool)).ref.organisationId;
    assert.equal(await version(foreign, id, 1), null);
  });

  it('INT-4 tells a take and a new run whether there is an external action to choose', async () => {
    const scene = await openScene(pool);
    const seen = async () => {
      const taken = await scene.transcript.take(scene.ref, 1, NOW);
      const opened = await scene.transcript.open(scene.ref);
      return [taken.kind === 'taken' && taken.externalActions, opened?.externalActions];
    };
    assert.deepEqual(await seen(), [0, 0]);
    const { id } = await scene.externalAction();
    assert.deepEqual(await seen(), [1, 1]);
    await scene.look('update external_actions set is_active = false where id = $1', [id]);
    assert.deepEqual(await seen(), [0, 0]);
  });
});
