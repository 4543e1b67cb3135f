import { strict as assert } from 'node:assert';
import type pg from 'pg';
import { turnSettings } from '../../activities/turn-settings.ts';
import type { BusinessHours } from '../../domain/business-hours.ts';
import { later, NOW, openInstallation } from './installation.ts';
import { CLOSE, GIVE, NUDGE, openSilence } from './silence.ts';
import type { Silence } from './silence.ts';

const HOUR = 3_600;
const OFF = { kind: 'off' };
const PLANNED = { kind: 'planned', cause: 'idle:1:0', last: true };

/** NOW is a Thursday, at midnight in London; open from nine to five. */
const OFFICE: BusinessHours = {
  timeZone: 'Europe/London',
  weekly: { thu: [['09:00', '17:00']], fri: [['09:00', '17:00']] },
  holidays: ['2026-01-02'],
};

describe('idle rules as they fire', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  before(async () => {
    ({ pool, close } = await openInstallation());
  });
  after(() => close());

  /** How long a take and a new run say that the steps wait, in seconds. */
  async function waits(silence: Silence): Promise<number[]> {
    const taken = await silence.transcript.take(silence.ref, 1, NOW);
    const opened = await silence.transcript.open(silence.ref);
    assert.ok(taken.kind === 'taken' && opened !== null);
    const [inTurn, atOpening] = [turnSettings(taken).idleMs, turnSettings(opened).idleMs];
    assert.deepEqual(atOpening, inTurn);
    return inTurn.map((ms) => ms / 1000);
  }

  it('IDLE-4 (IDLE-S03 AC-3) fires no second early, counted from where the workflow says', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    assert.deepEqual(await silence.fire(0, 599), { kind: 'not_yet', at: later(600) });
    const since = later(60);
    assert.deepEqual(await silence.fire(0, 600, { since }), { kind: 'not_yet', at: later(660) });
    assert.deepEqual(await silence.firings(), []);
    assert.deepEqual(await silence.fire(0, 600), PLANNED);
  });

  it('IDLE-2 (IDLE-S04 NEG-1) runs steps with the flag on alone, and cancels what is pending when it goes off', async () => {
    const silence = await openSilence(pool, [NUDGE, { ...CLOSE, duration: 60 }]);
    assert.deepEqual(await waits(silence), [600, 60]);
    assert.equal((await silence.fire(0)).kind, 'planned');
    await silence.flag(false);
    assert.deepEqual([await silence.fire(1), await waits(silence)], [OFF, []]);
    await silence.configure({ sequentialIdle: true });
    assert.deepEqual(await waits(silence), [600, 60], 'an agent may differ from its organisation');
    await silence.flag(true);
    await silence.configure({ sequentialIdle: false });
    assert.deepEqual([await silence.fire(1), await waits(silence)], [OFF, []]);
  });

  it('IDLE-3 (IDLE-S04 AC-1) fires the legacy action with the flag off, and after it nothing', async () => {
    const idleRule = { action: 'resolve' as const, resolve: { duration: 300, message: 'Bye' } };
    const silence = await openSilence(pool, [], { settings: { idleRule } });
    await silence.flag(false);
    assert.deepEqual(await waits(silence), [300]);
    assert.deepEqual(await silence.fire(1, 9_000), OFF);
    const verdict = await silence.fire(0, 300);
    assert.deepEqual(verdict.kind === 'done' && [verdict.leaves?.resolved, verdict.last], [true, true]);
  });

  it('IDLE-3 (IDLE-S04 ERR-1) takes a malformed or empty rule for none', async () => {
    const malformed = { action: 'resolve', resolve: { duration: 'soon' } } as never;
    for (const idleRule of [null, {}, malformed, { steps: [] }, { action: 'none' as const }]) {
      const silence = await openSilence(pool, [], { settings: { idleRule } });
      assert.deepEqual([await silence.fire(0, 9_000), await waits(silence)], [OFF, []]);
    }
  });

  it('IDLE-3 (IDLE-S02 NEG-2) runs the first three steps of a rule that holds more', async () => {
    const silence = await openSilence(pool, [NUDGE, NUDGE, NUDGE, CLOSE]);
    assert.deepEqual(await waits(silence), [600, 600, 600]);
    assert.deepEqual(await silence.fire(2), { kind: 'planned', cause: 'idle:1:2', last: true });
    assert.deepEqual(await silence.fire(3, 9_000), OFF);
  });

  it('IDLE-4 reads the rule anew: longer waits, other words, fewer steps count at once', async () => {
    const silence = await openSilence(pool, [NUDGE, NUDGE]);
    await silence.configure({ idleRule: { steps: [{ ...NUDGE, duration: 900, message: 'Hello?' }] } });
    assert.deepEqual(await silence.fire(0, 600), { kind: 'not_yet', at: later(900) });
    assert.deepEqual(await silence.fire(0, 900), PLANNED);
    assert.deepEqual(
      (await silence.planned()).map(([, , text]) => text),
      ['Hello?'],
    );
    assert.deepEqual(await silence.fire(1), OFF);
    await silence.configure({ idleRule: { steps: [CLOSE, CLOSE] } });
    assert.deepEqual(await silence.fire(0, 5_000), PLANNED, 'what fired stays what it was');
  });

  it('IDLE-8 (IDLE-S02 NEG-1) uses no rule of the channel after its last step', async () => {
    const silence = await openSilence(pool, [NUDGE]);
    const rule = { default_idle_rule: { action: 'resolve', resolve: { duration: 1, message: 'Bye' } } };
    await silence.look('update channel_integrations set settings = $1', [JSON.stringify(rule)]);
    assert.deepEqual([await silence.fire(0), await silence.fire(1, 9_000)], [PLANNED, OFF]);
    assert.deepEqual([(await silence.conversation()).status, await waits(silence)], ['open', [600]]);
  });

  describe('business hours', () => {
    it('IDLE-10 waits for the opening, over a holiday too', async () => {
      const silence = await openSilence(pool, [NUDGE, GIVE], { settings: { businessHours: OFFICE } });
      const opening = later(9 * HOUR);
      assert.deepEqual(await silence.fire(0, 600), { kind: 'not_yet', at: opening });
      assert.equal((await silence.fire(0, 9 * HOUR)).kind, 'planned');
      const since = later(16 * HOUR + 3_540);
      const nextWeek = later(7 * 24 * HOUR + 9 * HOUR);
      assert.deepEqual(await silence.fire(1, 17 * HOUR, { since }), { kind: 'not_yet', at: nextWeek });
      assert.deepEqual(await waits(silence), [9 * HOUR, 600]);
    });

    it('IDLE-10 skips, once and with the reason, a step of an agent that never opens', async () => {
      const never = { ...OFFICE, weekly: {} };
      const silence = await openSilence(pool, [NUDGE, NUDGE], { settings: { businessHours: never } });
      assert.deepEqual(await silence.fire(0, 599), { kind: 'not_yet', at: later(600) });
      const skipped = { kind: 'skipped', reason: 'never_open', last: false };
      assert.deepEqual(await Promise.all([silence.fire(0), silence.fire(0)]), [skipped, skipped]);
      assert.deepEqual(await silence.firings(), [[1, 0, 'follow_up', 'skipped', 'never_open']]);
      assert.deepEqual(
        (await silence.events()).map(([name, properties]) => [name, properties['reason']]),
        [['ai_agent_idle_step_skipped', 'never_open']],
      );
    });
  });

  describe('the window of WhatsApp', () => {
    const day = { ...NUDGE, duration: 24 * HOUR };

    it('IDLE-10 brings a nudge forward that would miss it, and nobody else’s', async () => {
      const silence = await openSilence(pool, [day], { channel: 'whatsapp' });
      const [wait = 0] = await waits(silence);
      assert.ok(wait < 24 * HOUR && wait > 23.5 * HOUR, `it waits ${wait} s`);
      assert.equal((await silence.fire(0, wait - 60)).kind, 'not_yet');
      assert.deepEqual(await silence.fire(0, wait), PLANNED);
      const elsewhere = await openSilence(pool, [day]);
      assert.deepEqual(await waits(elsewhere), [24 * HOUR]);
    });

    it('IDLE-10 skips a nudge for which it is too late, and goes on with what needs no window', async () => {
      const silence = await openSilence(pool, [day, { ...CLOSE, duration: HOUR }], { channel: 'whatsapp' });
      assert.deepEqual(await silence.fire(0, 24 * HOUR + 1), {
        kind: 'skipped',
        reason: 'outside_window',
        last: false,
      });
      const since = later(24 * HOUR + 1);
      assert.equal((await silence.fire(1, 25 * HOUR + 1, { since })).kind, 'done');
    });

    it('IDLE-10 counts it from when the customer wrote, however late we heard of it', async () => {
      const silence = await openSilence(pool, [{ ...NUDGE, duration: 22 * HOUR }], { channel: 'whatsapp' });
      await silence.say('m2', { sentAt: NOW }, later(3 * HOUR));
      const due = { since: later(3 * HOUR), seenSeq: 2 };
      assert.equal((await silence.fire(0, 25 * HOUR, due)).kind, 'skipped');
    });
  });
});
