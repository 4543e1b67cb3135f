import { strict as assert } from 'node:assert';
import { makeFireIdle } from './fire-idle.ts';
import type { DueStep, IdleVerdict } from './ports.ts';

const REF = { organisationId: 'o', conversationId: 'c' };
const ORDER = { ...REF, step: 1, seenSeq: 7, since: 1_000 };

/** What the store was asked, and what it says. */
function fireWith(clockMs: number, verdict: IdleVerdict) {
  const asked: { due: DueStep; now: Date }[] = [];
  const idle = {
    fire: (_ref: object, due: DueStep, now: Date) => {
      asked.push({ due, now });
      return Promise.resolve(verdict);
    },
    noteNudge: () => Promise.resolve(),
    noteReset: () => Promise.resolve(),
  };
  return { asked, fire: makeFireIdle({ idle, clock: { now: () => new Date(clockMs) } }) };
}

describe('fireIdle', () => {
  it("IDLE-4 judges by the workflow's clock where the worker's lags, so that nothing due is put off", async () => {
    const { asked, fire } = fireWith(59_000, { kind: 'reset' });
    assert.deepEqual(await fire({ ...ORDER, now: 60_000 }), { kind: 'reset' });
    const due = { step: 1, seenSeq: 7, since: new Date(1_000) };
    assert.deepEqual(asked, [{ due, now: new Date(60_000) }]);
  });

  it("IDLE-10 judges by the worker's clock where the workflow's task is an old one", async () => {
    const { asked, fire } = fireWith(600_000, { kind: 'off' });
    await fire({ ...ORDER, now: 60_000 });
    assert.deepEqual(asked[0]?.now, new Date(600_000));
  });

  it('IDLE-10 tells the workflow in milliseconds when to ask again', async () => {
    const { fire } = fireWith(0, { kind: 'not_yet', at: new Date(90_000) });
    assert.deepEqual(await fire({ ...ORDER, now: 60_000 }), { kind: 'not_yet', at: 90_000 });
  });
});
