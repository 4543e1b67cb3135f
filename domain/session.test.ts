import { strict as assert } from 'node:assert';
import { isToBeNoted, SESSION_IDLE_MS, SESSION_LASTS_MS, SESSION_SEEN_MS, standsAt } from './session.ts';

const BEGIN = new Date('2026-11-21T08:00:00Z');
const after = (ms: number) => new Date(BEGIN.getTime() + ms);
const life = { seenAt: BEGIN, expiresAt: after(SESSION_LASTS_MS), endedAt: null };

describe('sessions', () => {
  it('TEN-2 stand until they were idle for too long', () => {
    assert.ok(standsAt(life, after(SESSION_IDLE_MS - 1)));
    assert.ok(!standsAt(life, after(SESSION_IDLE_MS)));
  });

  it('TEN-2 end after their longest time, however much they are used', () => {
    const used = { ...life, seenAt: after(SESSION_LASTS_MS - 1) };
    assert.ok(standsAt(used, after(SESSION_LASTS_MS - 1)));
    assert.ok(!standsAt(used, after(SESSION_LASTS_MS)));
  });

  it('TEN-2 are over once they were ended', () => {
    assert.ok(!standsAt({ ...life, endedAt: BEGIN }, BEGIN));
  });

  it('TEN-2 note their use once in a while, not with each request', () => {
    assert.ok(!isToBeNoted(life, after(SESSION_SEEN_MS - 1)));
    assert.ok(isToBeNoted(life, after(SESSION_SEEN_MS)));
  });
});
