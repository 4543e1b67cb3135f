import { strict as assert } from 'node:assert';
import { makeFireIdle } from './fire-idle.ts';
import type { ActivityPorts, DueStep, FenceVerdict, IdleVerdict, SendOutcome } from './ports.ts';

const REF = { organisationId: 'o', conversationId: 'c' };
const ORDER = { ...REF, step: 1, seenSeq: 7, since: 1_000 };
const DELIVERY = { outboundId: 'm', answersSeq: 7, repeat: false };
const SENT: SendOutcome = { kind: 'sent', providerMessageId: null };

const NUDGE: IdleVerdict = { kind: 'planned', cause: 'idle:7:1', last: false };

/** What the store was asked, what it says, and what the channel says to a nudge. */
function fireWith(clockMs: number, verdict: IdleVerdict, answers: SendOutcome | FenceVerdict = SENT) {
  const asked: { due: DueStep; now: Date }[] = [];
  const noted: unknown[] = [];
  const ports = {
    clock: { now: () => new Date(clockMs) },
    failpoint: () => undefined,
    idle: {
      fire: (_ref: object, due: DueStep, now: Date) => {
        asked.push({ due, now });
        return Promise.resolve(verdict);
      },
      noteNudge: (_ref: object, _due: DueStep, outcome: unknown) => Promise.resolve(void noted.push(outcome)),
      noteReset: () => Promise.resolve(),
    },
    ledger: {
      passFence: () =>
        Promise.resolve(answers.kind === 'refused' ? answers : { kind: 'ready', delivery: DELIVERY }),
      record: () => Promise.resolve(null),
    },
    channels: { send: () => Promise.resolve(answers) },
  } as unknown as ActivityPorts;
  return { asked, noted, fire: makeFireIdle(ports) };
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

  const ends: [string, SendOutcome | FenceVerdict, object, unknown[]][] = [
    ['was sent', SENT, { kind: 'sent', answersSeq: 7 }, ['fired']],
    [
      'may have arrived',
      { kind: 'unknown', code: 'x' },
      { kind: 'unknown', outboundId: 'm', answersSeq: 7 },
      ['fired'],
    ],
    ['failed for good', { kind: 'failed', code: 'x' }, { kind: 'failed', code: 'x' }, [{ failed: 'x' }]],
    [
      'is to be tried again',
      { kind: 'try_again', afterMs: 5, code: 'x', mayHaveArrived: false },
      { kind: 'try_again', afterMs: 5, code: 'x' },
      [],
    ],
    [
      'a message overtook',
      { kind: 'refused', reason: 'newer_message' },
      { kind: 'refused', reason: 'newer_message' },
      [],
    ],
  ];
  for (const [what, answer, sent, notes] of ends)
    it(`IDLE-6 sends a nudge where it is planned, and notes what is final of one that ${what}`, async () => {
      const { noted, fire } = fireWith(0, NUDGE, answer);
      assert.deepEqual(await fire({ ...ORDER, now: 60_000 }), { ...NUDGE, sent });
      assert.deepEqual(noted, notes);
    });
});
