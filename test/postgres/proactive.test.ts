import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { Caller } from '../../api/ports.ts';
import { openProactive } from '../../adapters/postgres/proactive.ts';
import { later, NOW, openInstallation } from './installation.ts';
import { CLOSE, GIVE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

const DAY = 86_400;

describe('the breaker for proactive messages', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  function breakerOf(silence: Silence, now = later(600)) {
    const admin: Caller = { ...silence.caller, role: 'admin' };
    const breaker = openProactive(pool, { now: () => now });
    return {
      read: () => breaker.read(admin),
      setLimit: (limit: number | null) => breaker.setLimit(admin, limit),
      resume: () => breaker.resume(admin),
    };
  }
  const plannedOn = (silence: Silence, day: string, planned: number) =>
    silence.look(
      `insert into proactive_counts (organisation_id, day, shard, planned) values ($1, $2::date, 7, $3)`,
      [silence.ref.organisationId, day, planned],
    );
  const told = async (silence: Silence) =>
    (await silence.events()).filter(([name]) => name.startsWith('proactive_'));

  it('IDLE-11 counts the nudges of the day, and nothing else', async () => {
    const silence = await openSilence(pool, [NUDGE, GIVE, CLOSE]);
    for (const step of [0, 0, 1, 2]) await silence.fire(step);
    assert.deepEqual(await breakerOf(silence).read(), {
      plannedToday: 1,
      forgiven: 0,
      peak: 0,
      set: null,
      stoppedAt: null,
    });
    assert.equal((await breakerOf(silence, later(DAY)).read()).plannedToday, 0);
  });

  it('IDLE-11 holds a nudge beyond the limit, tells so once, and goes on where it was when an admin resumes', async () => {
    const silence = await openSilence(pool, [NUDGE, CLOSE]);
    const breaker = breakerOf(silence);
    await plannedOn(silence, '2026-01-01', 1_000);
    const held = { kind: 'not_yet', at: later(1_200) };
    assert.deepEqual(await Promise.all([silence.fire(0), silence.fire(0), silence.fire(0)]), [
      held,
      held,
      held,
    ]);
    assert.deepEqual([await silence.planned(), await silence.firings()], [[], []]);
    assert.deepEqual(await told(silence), [
      ['proactive_limit_reached', { limit: 1_000, planned_today: 1_000 }],
    ]);
    assert.deepEqual((await breaker.read()).stoppedAt, later(600));

    assert.deepEqual((await breaker.resume()).stoppedAt, null);
    assert.equal((await silence.fire(0, 1_200)).kind, 'planned');
    const { plannedToday, forgiven } = await breaker.read();
    assert.deepEqual([plannedToday, forgiven], [1_001, 1_000]);
    await breaker.resume();
    assert.deepEqual((await told(silence)).at(-1), ['proactive_resumed', { planned_today: 1_000 }]);
    assert.equal((await told(silence)).length, 2);
  });

  it('IDLE-11 stays stopped on the next day, until an admin resumes', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await plannedOn(silence, '2026-01-01', 1_000);
    await silence.fire(0);
    assert.deepEqual(await silence.fire(0, 2 * DAY), { kind: 'not_yet', at: later(2 * DAY + 3_600) });
    await breakerOf(silence, later(2 * DAY)).resume();
    assert.equal((await silence.fire(0, 2 * DAY)).kind, 'planned');
  });

  it('IDLE-11 takes three times the peak of thirty days for the limit', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    await plannedOn(silence, '2025-12-02', 400);
    await plannedOn(silence, '2025-12-01', 9_000);
    await plannedOn(silence, '2026-01-01', 1_199);
    assert.equal((await breakerOf(silence).read()).peak, 400);
    assert.equal((await silence.fire(0)).kind, 'planned');
    await silence.say('m2');
    assert.equal((await silence.fire(0, 600, { seenSeq: 2 })).kind, 'not_yet');
    assert.deepEqual(await told(silence), [
      ['proactive_limit_reached', { limit: 1_200, planned_today: 1_200 }],
    ]);
  });

  it('IDLE-11 takes the limit of the admin, which resumes nothing by itself; all is audited', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    const breaker = breakerOf(silence);
    await breaker.setLimit(0);
    assert.equal((await silence.fire(0)).kind, 'not_yet');
    await breaker.setLimit(5);
    assert.equal((await silence.fire(0, 1_200)).kind, 'not_yet');
    await breaker.resume();
    assert.equal((await silence.fire(0, 1_200)).kind, 'planned');
    const audit = await silence.look<{ action: string }>(
      `select action from audit where action like 'proactive%' order by number`,
    );
    assert.deepEqual(
      audit.map(({ action }) => action),
      ['proactive.limit_set', 'proactive.limit_set', 'proactive.resumed'],
    );
  });

  it('IDLE-11 neither skips a nudge while it is held, nor holds what is no nudge', async () => {
    const silence = await openSilence(pool, [NUDGE, CLOSE], { channel: 'whatsapp' });
    await breakerOf(silence).setLimit(0);
    assert.equal((await silence.fire(0, 2 * DAY)).kind, 'not_yet', 'the window is over');
    assert.equal((await silence.fire(1)).kind, 'done');
  });

  it('IDLE-11 lets many nudges be planned at once, each counted', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    const rooms = await Promise.all(
      Array.from({ length: 40 }, (_, n) => silence.say('hello', { room: `room ${n}` })),
    );
    const verdicts = await Promise.all(
      rooms.map(({ conversationId }) =>
        silence.idle.fire({ ...silence.ref, conversationId }, silence.due(0), later(600)),
      ),
    );
    assert.ok(verdicts.every(({ kind }) => kind === 'planned'));
    assert.equal((await breakerOf(silence).read()).plannedToday, 40);
    const shards = await silence.look('select 1 from proactive_counts');
    assert.ok(shards.length > 10, `${shards.length} shards`);
  });

  it('IDLE-11 knows the nudges of its own organisation alone', async () => {
    const here = await openSilence(pool, [NUDGE]);
    const there = await openSilence(pool, [NUDGE]);
    await breakerOf(there).setLimit(0);
    await there.fire(0);
    assert.equal((await here.fire(0)).kind, 'planned');
    assert.deepEqual((await breakerOf(here, NOW).read()).plannedToday, 1);
  });
});
