import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openInstallation as openSwitches } from '../../adapters/postgres/installation.ts';
import { openSettings } from '../../adapters/postgres/settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import type { Caller, Settings } from '../../api/ports.ts';
import { DEFAULT_ESCALATION_NOTICES } from '../../domain/escalation-notices.ts';
import type { IdleRule } from '../../domain/idle-rule.ts';
import { look, makeIntegration, NOW, openInstallation } from './installation.ts';

const secrets = openSecrets(`test:${Buffer.alloc(32, 7).toString('base64')}`);
const clock = { now: () => NOW };

const nudge = { action: 'follow_up', duration: 600, message: 'Are you still there?' } as const;
const close = { action: 'resolve', duration: 600, message: 'Closing for now.' } as const;
const SEQUENCE: IdleRule = { steps: [nudge, nudge, close] };
const LEGACY: IdleRule = { action: 'follow_up', follow_up: { duration: 60, message: 'Hello?' } };

describe('an agent’s settings in Postgres', () => {
  let pool: pg.Pool;
  let closePool: () => Promise<void>;
  let settings: Settings;
  let caller: Caller;

  before(async () => {
    ({ pool, close: closePool } = await openInstallation());
    settings = openSettings(pool, secrets, clock);
  });
  after(() => closePool());
  beforeEach(async () => {
    const { organisationId } = await makeIntegration(pool);
    caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'admin' };
  });

  const turnFlag = (ai_agent_sequential_idle: boolean) =>
    openSwitches(pool, pool, clock).setOrganisationFlags(caller, { ai_agent_sequential_idle });
  const make = async (idleRule: IdleRule, more = {}) =>
    (await settings.createAgent(caller, { name: 'Ada', settings: { idleRule, ...more } })).id;
  const save = (id: string, idleRule: IdleRule | null) =>
    settings.updateAgent(caller, id, { settings: { idleRule } });
  const stored = async (id: string) => (await settings.agent(caller, id))?.settings.idleRule;
  const told = () =>
    look<{ properties: Record<string, unknown> }>(
      pool,
      caller.organisationId,
      `select properties from events where name = 'ai_agent_idle_sequence_saved' order by number`,
    );

  it('IDLE-1 (IDLE-S01 AC-1) keeps three steps in their order, and tells of them as it saves them', async () => {
    await turnFlag(true);
    const id = await make(SEQUENCE);
    const numbered = [nudge, nudge, close].map((step, n) => ({ ...step, order: n + 1 }));
    assert.deepEqual(await stored(id), { steps: numbered });
    assert.deepEqual(await told(), [
      {
        properties: {
          ai_agent_id: id,
          org_id: caller.organisationId,
          step_count: 3,
          actions: ['follow_up', 'follow_up', 'resolve'],
          has_terminal_step: true,
        },
      },
    ]);
  });

  it('OBS-1 tells of a legacy action as of one step, and of no rule that does nothing or was not named', async () => {
    await turnFlag(true);
    const id = await make(LEGACY);
    for (const nothing of [null, {}, { action: 'none' } as const]) await save(id, nothing);
    await settings.updateAgent(caller, id, { name: 'Eve', settings: { prompt: 'Other.' } });
    const counts = (await told()).map(({ properties }) => [
      properties['step_count'],
      properties['has_terminal_step'],
    ]);
    assert.deepEqual(counts, [[1, false]]);
  });

  it('IDLE-2 (IDLE-S04 NEG-1) stores and tells nothing of steps while the flag is off', async () => {
    const id = await make(SEQUENCE);
    assert.deepEqual(await stored(id), {});
    await save(id, LEGACY);
    assert.deepEqual(await stored(id), LEGACY);
    assert.deepEqual(await told(), []);
  });

  it('IDLE-2 leaves stored steps untouched while the flag is off, whatever is saved', async () => {
    await turnFlag(true);
    const id = await make(SEQUENCE);
    const { steps } = (await stored(id)) ?? {};
    await turnFlag(false);
    await save(id, LEGACY);
    assert.deepEqual(await stored(id), { ...LEGACY, steps });
    await save(id, null);
    assert.deepEqual(await stored(id), { steps });
    await turnFlag(true);
    await save(id, LEGACY);
    assert.deepEqual(await stored(id), LEGACY);
  });

  it('IDLE-2 goes by the agent’s own override before the flag, also one that comes with the rule', async () => {
    const id = await make(SEQUENCE, { sequentialIdle: true });
    assert.equal((await stored(id))?.steps?.length, 3);
    await turnFlag(true);
    const off = await make(SEQUENCE, { sequentialIdle: false });
    assert.deepEqual(await stored(off), {});
    assert.equal((await told()).length, 1);
  });

  it('ESC-3 fills the notices that were never set with the default ones', async () => {
    const { id, settings: made } = await settings.createAgent(caller, { name: 'Ada', settings: {} });
    assert.deepEqual(made.escalationNotices, DEFAULT_ESCALATION_NOTICES);
    const changed = await settings.updateAgent(caller, id, {
      settings: { escalationNotices: { offer: 'Shall I?' } },
    });
    assert.deepEqual(changed?.settings.escalationNotices, {
      ...DEFAULT_ESCALATION_NOTICES,
      offer: 'Shall I?',
    });
  });
});
