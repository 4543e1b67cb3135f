import { strict as assert } from 'node:assert';
import type { DueStage, WatchVerdict } from './ports.ts';
import { makeWatchPeople } from './watch-people.ts';

const REF = { organisationId: 'o', conversationId: 'c' };
const ORDER = { ...REF, epoch: 2, seq: 7, stage: 1, since: 1_000 };

/** What the store was asked, and what it says. */
function watchWith(clockMs: number, verdict: WatchVerdict) {
  const asked: { due: DueStage; now: Date }[] = [];
  const watches = {
    judge: (_ref: object, due: DueStage, now: Date) => {
      asked.push({ due, now });
      return Promise.resolve(verdict);
    },
  };
  return { asked, watch: makeWatchPeople({ watches, clock: { now: () => new Date(clockMs) } }) };
}

describe('watchPeople', () => {
  it('ESC-6 judges by the later of the two clocks, so that nothing due is put off', async () => {
    for (const [clock, now] of [
      [59_000, 60_000],
      [61_000, 60_000],
    ] as const) {
      const { asked, watch } = watchWith(clock, { kind: 'reminded' });
      assert.deepEqual(await watch({ ...ORDER, now }), { kind: 'reminded' });
      const due = { epoch: 2, seq: 7, stage: 1, since: new Date(1_000) };
      assert.deepEqual(asked, [{ due, now: new Date(Math.max(clock, now)) }]);
    }
  });

  it('ESC-6 tells the workflow in milliseconds when to ask again', async () => {
    const { watch } = watchWith(0, { kind: 'not_yet', at: new Date(90_000) });
    assert.deepEqual(await watch({ ...ORDER, now: 60_000 }), { kind: 'not_yet', at: 90_000 });
  });
});
