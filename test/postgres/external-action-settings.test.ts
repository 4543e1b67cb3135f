import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type {
  Caller,
  Executions,
  ExternalActionRecord,
  ExternalActionSettings,
  NewExternalAction,
  SavedExternalAction,
} from '../../api/ports.ts';
import { openCalls } from '../../adapters/postgres/calls.ts';
import { openExecutions } from '../../adapters/postgres/executions.ts';
import { openActionSecrets } from '../../adapters/postgres/external-action-secrets.ts';
import type { ActionSecrets } from '../../adapters/postgres/external-action-secrets.ts';
import { openExternalActionSettings } from '../../adapters/postgres/external-action-settings.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import { NOW, later, look, makeIntegration, openInstallation, openRoom } from './installation.ts';

const PAGE = { limit: 50, cursor: null };
const secrets = openSecrets(`k:${Buffer.alloc(32).toString('base64')}`);

describe('external actions in Postgres', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let now = NOW;
  let actions: ExternalActionSettings;
  let executions: Executions;
  let caller: Caller;
  let channel: string;

  before(async () => {
    ({ pool, close } = await openInstallation());
    const clock = { now: () => now };
    actions = openExternalActionSettings(pool, secrets, clock);
    executions = openExecutions(pool, clock);
  });
  after(() => close());

  beforeEach(async () => {
    now = NOW;
    const integration = await makeIntegration(pool);
    const { organisationId } = integration;
    caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'builder' };
    channel = integration.id;
  });

  const newAction = (
    actionName: string,
    more: Partial<Omit<NewExternalAction, 'definition'>> & { definition?: Partial<ExternalAction> } = {},
  ): NewExternalAction => ({
    channelIntegrationId: channel,
    isActive: true,
    secrets: { authentication: 'canary-value', signing_secret: 'canary-secret' },
    ...more,
    definition: {
      ...DEFAULT_EXTERNAL_ACTION,
      trainingExamples: [],
      variables: [],
      actionName,
      displayName: 'Order',
      webhookUrl: 'https://shop.example/orders',
      ...more.definition,
    },
  });
  const saved = (result: SavedExternalAction): ExternalActionRecord => {
    assert.equal(result.kind, 'saved');
    return (result as { record: ExternalActionRecord }).record;
  };
  const make = async (actionName: string, more = {}) =>
    saved(await actions.create(caller, newAction(actionName, more)));
  const versions = (id: string) =>
    look<{ version: number; secrets: ActionSecrets; definition: ExternalAction }>(
      pool,
      caller.organisationId,
      'select * from external_action_versions where external_action_id = $1 order by version',
      [id],
    );
  const change = (more: object) => ({ definition: null, secrets: {}, changed: [], ...more });
  const audited = async () =>
    (
      await look<{ action: string; detail: object }>(
        pool,
        caller.organisationId,
        `select action, detail from audit order by number`,
      )
    ).map(({ action }) => action);

  it('EXT-1 (EA Secrets) keeps what it was given, and seals the secrets for that version', async () => {
    const payloadTemplate = { z: '{{message_text}}', a: [1, { b: null }] };
    const made = await make('order', { definition: { payloadTemplate } });
    assert.deepEqual((await actions.read(caller, made.id))?.definition, made.definition);
    assert.deepEqual(made.definition.payloadTemplate, payloadTemplate);
    assert.deepEqual(made.secretsSet, ['authentication', 'signing_secret']);
    const [first] = await versions(made.id);
    assert.ok(first !== undefined && !JSON.stringify(first).includes('canary'));
    assert.deepEqual(openActionSecrets(secrets, made.id, 1, first.secrets), {
      authentication: 'canary-value',
      signing_secret: 'canary-secret',
    });
    assert.throws(() => openActionSecrets(secrets, made.id, 2, first.secrets));
  });

  it('EXT-1 makes a version of every change, carries secrets over, and leaves the old one as it was', async () => {
    const made = await make('order');
    const definition = { ...made.definition, displayName: 'Changed', priority: 7 };
    const second = saved(await actions.update(caller, made.id, 1, change({ definition })));
    assert.deepEqual([second.version, second.definition.displayName], [2, 'Changed']);
    const third = saved(
      await actions.update(caller, made.id, 2, change({ definition, secrets: { authentication: null } })),
    );
    assert.deepEqual(third.secretsSet, ['signing_secret']);
    const all = await versions(made.id);
    assert.deepEqual(
      all.map((row) => [
        row.definition.displayName,
        openActionSecrets(secrets, made.id, row.version, row.secrets),
      ]),
      [
        ['Order', { authentication: 'canary-value', signing_secret: 'canary-secret' }],
        ['Changed', { authentication: 'canary-value', signing_secret: 'canary-secret' }],
        ['Changed', { signing_secret: 'canary-secret' }],
      ],
    );
    assert.deepEqual(await actions.update(caller, made.id, 1, change({ definition })), { kind: 'overtaken' });
    assert.equal(saved(await actions.update(caller, made.id, 3, change({ isActive: false }))).version, 3);
  });

  it('EXT-1 lets one of many changes of a version win', async () => {
    const made = await make('order');
    const wish = (n: number) =>
      actions.update(caller, made.id, 1, change({ definition: { ...made.definition, priority: n } }));
    const results = await Promise.all(Array.from({ length: 8 }, (_, n) => wish(n)));
    assert.equal(results.filter(({ kind }) => kind === 'saved').length, 1);
    assert.equal(results.filter(({ kind }) => kind === 'overtaken').length, 7);
  });

  it('EXT-1 (EA Unique) gives a name once per channel integration, to one of many at once, and again after a delete', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => actions.create(caller, newAction('order'))),
    );
    assert.equal(results.filter(({ kind }) => kind === 'saved').length, 1);
    assert.equal(results.filter(({ kind }) => kind === 'name_taken').length, 7);
    const other = await make('other');
    const taken = { ...other.definition, actionName: 'order' };
    assert.equal(
      (await actions.update(caller, other.id, 1, change({ definition: taken }))).kind,
      'name_taken',
    );
    const [first] = (await actions.list(caller, {}, PAGE)).data.filter(
      ({ definition }) => definition.actionName === 'order',
    );
    assert.equal((await actions.remove(caller, first?.id ?? ''))?.isActive, false);
    assert.equal(await actions.read(caller, first?.id ?? ''), null);
    assert.equal((await actions.toggle(caller, first?.id ?? '', true)).kind, 'unknown');
    await make('order');
  });

  it('EXT-1 (EA Limit) lets at most 100 be active, however many are switched on at once', async () => {
    for (let n = 0; n < 98; n++) await make(`action_${n}`);
    const asleep = [];
    for (let n = 0; n < 6; n++) asleep.push(await make(`asleep_${n}`, { isActive: false }));
    const results = await Promise.all(asleep.map(({ id }) => actions.toggle(caller, id, null)));
    assert.equal(results.filter(({ kind }) => kind === 'saved').length, 2);
    assert.equal(results.filter(({ kind }) => kind === 'too_many_active').length, 4);
    assert.equal((await actions.create(caller, newAction('one_more'))).kind, 'too_many_active');
    assert.equal((await actions.list(caller, { isActive: false }, PAGE)).data.length, 4);
  });

  it('EXT-1 copies with the secrets, under the first name that is free, switched off', async () => {
    const made = await make('order');
    const names = [];
    for (let n = 0; n < 3; n++) {
      const copy = saved(await actions.duplicate(caller, made.id, {}));
      names.push(copy.definition.actionName);
      assert.deepEqual([copy.isActive, copy.version, copy.secretsSet], [false, 1, made.secretsSet]);
      const [row] = await versions(copy.id);
      assert.equal(openActionSecrets(secrets, copy.id, 1, row?.secrets ?? {}).authentication, 'canary-value');
    }
    assert.deepEqual(names, ['order_copy', 'order_copy_2', 'order_copy_3']);
    const long = saved(await actions.duplicate(caller, (await make('x'.repeat(100))).id, {}));
    assert.equal(long.definition.actionName.length, 100);
    const taken = await actions.duplicate(caller, made.id, { actionName: 'order' });
    assert.equal(taken.kind, 'name_taken');
  });

  it('TEN-1 knows neither actions nor channels of another organisation', async () => {
    const made = await make('order');
    const foreign = await makeIntegration(pool);
    const other: Caller = { ...caller, organisationId: foreign.organisationId };
    assert.equal(await actions.read(other, made.id), null);
    assert.deepEqual((await actions.list(other, {}, PAGE)).data, []);
    assert.equal((await actions.toggle(other, made.id, null)).kind, 'unknown');
    assert.equal((await actions.duplicate(other, made.id, {})).kind, 'unknown');
    assert.equal(await actions.remove(other, made.id), null);
    assert.equal(await executions.list(other, made.id, {}, PAGE), null);
    assert.equal(
      await executions.planTest(other, made.id, { mode: 'try', message: 'x', variables: {} }),
      null,
    );
    const there = newAction('x', { channelIntegrationId: foreign.id });
    assert.equal((await actions.create(caller, there)).kind, 'unknown_channel');
    const moved = change({ channelIntegrationId: foreign.id });
    assert.equal((await actions.update(caller, made.id, 1, moved)).kind, 'unknown_channel');
  });

  it('OBS-5 (EA Audit) audits every change, without a value of a secret', async () => {
    const made = await make('order');
    const secret = { signing_secret: 'canary-new' };
    await actions.update(caller, made.id, 1, change({ definition: made.definition, secrets: secret }));
    await actions.toggle(caller, made.id, null);
    await actions.duplicate(caller, made.id, {});
    const planned = await executions.planTest(caller, made.id, {
      mode: 'live',
      message: 'canary',
      variables: {},
    });
    assert.ok(planned !== null);
    await actions.remove(caller, made.id);
    assert.deepEqual(
      await audited(),
      ['created', 'updated', 'toggled', 'duplicated', 'tested', 'deleted'].map(
        (what) => `external_action.${what}`,
      ),
    );
    const all = await look(pool, caller.organisationId, 'select * from audit');
    assert.ok(!JSON.stringify(all).includes('canary'));
  });

  describe('and their log', () => {
    /** Calls as turns leave them behind. */
    async function logged() {
      const room = await openRoom(pool);
      const { organisationId } = room.ref;
      caller = { ...caller, organisationId };
      channel = room.integration.id;
      const made = await make('order');
      await room.look(`update contacts set phone = '+62 1'`);
      const add = async (state: string, seconds: number, more: Record<string, unknown> = {}) => {
        const id = randomUUID();
        const row: Record<string, unknown> = {
          origin: 'conversation',
          conversation_id: room.ref.conversationId,
          turn: 1,
          number: seconds,
          attempts: 0,
          ...more,
          organisation_id: organisationId,
          id,
          tool: 'external_action',
          external_action_id: made.id,
          external_action_version: 1,
          arguments: { product: 'lamp' },
          digest: 'd',
          reliability: 'keyed',
          state,
          message: 'A lamp',
          missing: [],
          round: 0,
          step: 0,
          needs_approval: false,
          idempotency_key: `key-${seconds}`,
          planned_at: later(seconds),
        };
        await room.look('insert into calls select * from json_populate_record(null::calls, $1)', [
          JSON.stringify(row),
        ]);
        return id;
      };
      const called = (seconds: number, ms: number) => ({
        began_at: later(seconds),
        ended_at: new Date(later(seconds).getTime() + 2 * ms),
        response_ms: ms,
        attempts: 2,
      });
      return { room, made, add, called };
    }

    it('EXT-7 counts what was called, and lists with phone, times and retries, newest first', async () => {
      const { made, add, called } = await logged();
      await add('succeeded', 1, { ...called(1, 100), response: { order_id: 1 }, status_code: 200 });
      await add('failed', 2, { ...called(2, 301), reason: 'status_500' });
      await add('timed_out', 3, called(3, 1000));
      await add('awaiting_confirmation', 4, { reason: 'requires_confirmation' });
      await add('superseded', 5);
      await add('refused', 6, { reason: 'rate_limited' });
      await add('cancelled', 7, { origin: 'test', conversation_id: null, turn: null, number: null });
      const record = await actions.read(caller, made.id);
      assert.deepEqual(record?.statistics, {
        executions: 3,
        successes: 1,
        failures: 2,
        lastExecutedAt: later(3),
        averageResponseTimeMs: 467,
      });
      const rows = (await executions.list(caller, made.id, {}, PAGE))?.data ?? [];
      assert.deepEqual(
        rows.map(({ state, error, durationMs, attempts, phone }) => [
          state,
          error,
          durationMs,
          attempts,
          phone,
        ]),
        [
          ['refused', 'rate_limited', null, 0, '+62 1'],
          ['awaiting_confirmation', null, null, 0, '+62 1'],
          ['timed_out', null, 2000, 2, '+62 1'],
          ['failed', 'status_500', 602, 2, '+62 1'],
          ['succeeded', null, 200, 2, '+62 1'],
        ],
      );
      assert.deepEqual(
        [rows.at(-1)?.response, rows.at(-1)?.arguments],
        [{ order_id: 1 }, { product: 'lamp' }],
      );
    });

    it('EXT-7 filters by state, time and conversation, and turns pages without a gap', async () => {
      const { room, made, add, called } = await logged();
      const ids: string[] = [];
      for (let n = 1; n <= 5; n++)
        ids.unshift(await add(n % 2 === 0 ? 'failed' : 'succeeded', n, called(n, 1)));
      const find = async (filter: object) =>
        (await executions.list(caller, made.id, filter, PAGE))?.data.map(({ id }) => ids.indexOf(id));
      assert.deepEqual(await find({ states: ['failed', 'refused'] }), [1, 3]);
      assert.deepEqual(await find({ from: later(2), to: later(4) }), [2, 3]);
      assert.deepEqual((await find({ conversation: room.ref.conversationId }))?.length, 5);
      assert.deepEqual(await find({ conversation: randomUUID() }), []);
      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await executions.list(caller, made.id, {}, { limit: 2, cursor });
        paged.push(...(page?.data ?? []).map(({ id }) => id));
        cursor = page?.nextCursor ?? null;
      } while (cursor !== null);
      assert.deepEqual(paged, ids);
    });

    it('EXT-7 replays under the same key what was called and has ended, as the version it was', async () => {
      const { made, add, called } = await logged();
      const failed = await add('failed', 1, called(1, 10));
      const definition = { ...made.definition, displayName: 'New' };
      await actions.update(caller, made.id, 1, change({ definition }));
      now = later(60);
      const replay = await executions.planReplay(caller, made.id, failed);
      assert.equal(replay.kind, 'planned');
      const id = replay.kind === 'planned' ? replay.callId : '';
      const row = await executions.read(caller, made.id, id);
      assert.deepEqual(
        [row?.origin, row?.state, row?.idempotencyKey, row?.version, row?.replayOf, row?.arguments],
        ['replay', 'planned', 'key-1', 1, failed, { product: 'lamp' }],
      );
      assert.equal((await executions.planReplay(caller, made.id, id)).kind, 'not_replayable');
      assert.equal((await executions.planReplay(caller, made.id, randomUUID())).kind, 'unknown');
      for (const state of ['calling', 'cancelled', 'superseded'] as const)
        assert.deepEqual(
          await executions.planReplay(
            caller,
            made.id,
            await add(state, (now.getTime() % 1e6) + state.length),
          ),
          {
            kind: 'not_replayable',
            state,
          },
        );
      const calls = openCalls(pool);
      const ref = { organisationId: caller.organisationId, callId: id };
      const fence = await calls.begin(ref, { regroup: false, answersSeq: 0, now, holdMs: 1 });
      assert.deepEqual(fence.kind === 'ready' && fence.context.contact.phone, '+62 1');
    });

    it('EXT-8 plans a test of the current version, and takes it back as long as nothing began', async () => {
      const made = await make('order', { isActive: false });
      const test = { mode: 'live', message: 'A lamp', variables: { product: 'lamp' } } as const;
      const first = await executions.planTest(caller, made.id, test);
      const second = await executions.planTest(caller, made.id, test);
      const calls = openCalls(pool);
      const ref = { organisationId: caller.organisationId, callId: second?.callId ?? '' };
      const fence = await calls.begin(ref, { regroup: false, answersSeq: 0, now, holdMs: 1 });
      assert.equal(fence.kind, 'ready');
      for (const planned of [first, second])
        await executions.abandon(caller, planned?.callId ?? '', 'not_started');
      const states = [];
      for (const planned of [first, second])
        states.push((await executions.read(caller, made.id, planned?.callId ?? ''))?.state);
      assert.deepEqual(states, ['cancelled', 'calling']);
      assert.deepEqual(
        (await executions.list(caller, made.id, {}, PAGE))?.data.map(({ id }) => id),
        [second?.callId],
      );
    });
  });
});
