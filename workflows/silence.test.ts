import { strict as assert } from 'node:assert';
import type { ConversationState } from '../contract/conversation.ts';
import { newState } from './new-state.ts';
import { farDeadline, nextStep } from './next-step.ts';
import { after } from './state.ts';

const silence = { step: 0, seenSeq: 1, since: 1_000, due: 2_000, ownEpoch: null };
const silent: ConversationState = {
  ...newState(),
  epoch: 1,
  turn: 1,
  answeredSeq: 1,
  lastCustomerAt: 1_000,
  settings: { ...newState().settings, idleMs: [1_000, 5_000] },
  silence,
};
const message = (now: number) => ({
  fact: 'rowEntered' as const,
  row: { id: 'm2', kind: 'message' as const, seq: 2, epoch: 1, at: now },
  now,
});
const takeOver = (now: number) => ({
  fact: 'rowEntered' as const,
  row: { id: 'c2', kind: 'take_over' as const, seq: 2, epoch: 2, at: now, assignee: 'ana' },
  now,
});

describe('the silence of a customer', () => {
  it('IDLE-5 leaves no doubt where somebody comes before the step is due', () => {
    assert.equal(after(silent, message(1_999)).stepInDoubt, null);
    assert.equal(after(silent, takeOver(1_999)).stepInDoubt, null);
  });

  it('IDLE-5 asks what became of a step that was due when somebody came, before anything else is done', () => {
    const written = after(silent, message(2_000));
    assert.deepEqual(written.stepInDoubt, { step: 0, brokenByCustomer: true });
    assert.deepEqual(nextStep(written, 2_000), { step: 'conclude_idle' });
    const heard = after(written, { fact: 'idleConcluded', fired: true });
    assert.deepEqual([heard.stepInDoubt, heard.brokenAt], [null, 1]);
    const unheard = after(written, { fact: 'idleConcluded', fired: false });
    assert.deepEqual([unheard.stepInDoubt, unheard.brokenAt], [null, null]);
    assert.equal(nextStep(unheard, 2_000).step, 'turn');
  });

  it('IDLE-5 tells no break of a sequence that a person ended', () => {
    const taken = after(silent, takeOver(2_000));
    assert.deepEqual(taken.stepInDoubt, { step: 0, brokenByCustomer: false });
    assert.equal(after(taken, { fact: 'idleConcluded', fired: true }).brokenAt, null);
  });

  it('IDLE-5 asks, too, where somebody came in a turn that took longer than the first step waits', () => {
    const answered = { fact: 'turnAnswered' as const, answeredSeq: 1 };
    const first = { id: 'm1', seq: 1, epoch: 1, at: 1_000 };
    const inTurn = { ...silent, silence: null, answeredSeq: 0, buffer: [first] };
    assert.equal(after(inTurn, answered).stepInDoubt, null);
    assert.equal(after(after(inTurn, message(1_999)), answered).stepInDoubt, null);
    const late = after(after(inTurn, message(2_000)), answered);
    assert.deepEqual(late.stepInDoubt, { step: 0, brokenByCustomer: true });
    assert.equal(farDeadline(late), null);
    const taken = after(after(inTurn, takeOver(2_000)), answered);
    assert.deepEqual(taken.stepInDoubt, { step: 0, brokenByCustomer: false });
  });

  it('IDLE-5 has no doubt where the run that fires says itself how that ended', () => {
    const written = after(silent, message(2_000));
    const done = { fact: 'idleStepDone' as const, at: 2_001, ownEpoch: null };
    assert.equal(after(written, done).stepInDoubt, null);
    assert.equal(after(written, { fact: 'idleStopped' }).stepInDoubt, null);
    assert.equal(after(written, { fact: 'idlePostponed', due: 9_000 }).stepInDoubt, null);
    assert.notEqual(after(written, { fact: 'idleUndecided', due: 9_000 }).stepInDoubt, null);
  });

  it('IDLE-9 has its whole time once more when operators owe nothing any more', () => {
    const { silence: again } = after(silent, { fact: 'waitEnded', at: 7_000 });
    assert.deepEqual(again, { ...silence, since: 7_000, due: 8_000 });
  });

  describe('while a person has the conversation', () => {
    const theirs = after({ ...silent, settings: { ...silent.settings, idleMs: [] } }, takeOver(1_500));
    const answered = { fact: 'personAnswered' as const, seenSeq: 3, at: 4_000, idleMs: [600, 700] };

    it('IDLE-9 begins with their reply, by the waits of that moment', () => {
      const begun = after(theirs, answered);
      assert.equal(farDeadline(begun), 4_600);
      assert.deepEqual(nextStep({ ...begun, toSettle: [] }, 4_600), { step: 'fire_idle' });
      assert.equal(farDeadline(after(begun, { fact: 'idleStepDone', at: 4_600, ownEpoch: null })), 5_300);
    });

    it('IDLE-9 does not begin where another reply waits, nothing is set, or the agent has it again', () => {
      const another = { ...theirs, toSend: [{ rowId: 'r', seq: 4 }] };
      assert.equal(after(another, answered).silence, null);
      assert.equal(after(theirs, { ...answered, idleMs: [] }).silence, null);
      assert.equal(after(silent, answered).silence, silence);
    });

    it('IDLE-5 notes a break at once, for no turn would', () => {
      const nudged = after(after(theirs, answered), { fact: 'idleStepDone', at: 4_600, ownEpoch: null });
      const broken = {
        ...after(nudged, { ...message(5_000), row: { ...message(5_000).row, seq: 4, epoch: 2 } }),
        toSettle: [],
      };
      assert.deepEqual(nextStep(broken, 5_000), { step: 'note_break', fromStep: 1 });
      assert.equal(broken.brokenAt, null);
      assert.equal(nextStep(after(broken, { fact: 'breakWithPersonNoted' }), 5_000).step, 'wait');
    });
  });

  it('IDLE-4 goes on with the silence that a lost run held, and asks what became of its nudge', () => {
    const facts = {
      epoch: 1,
      owner: 'agent' as const,
      resolved: false,
      lastTurn: 1,
      answeredSeq: 1,
      waiting: [],
      sending: [],
      queued: false,
      escalatedEpoch: null,
      assignee: null,
      openCall: null,
      settings: silent.settings,
    };
    const opened = (more: object) =>
      after(newState(), { fact: 'opened', opened: { ...facts, ...more }, now: 5_000 });
    assert.equal(farDeadline(opened({ silence })), 2_000);
    assert.deepEqual(opened({ stepLeft: 1 }).stepInDoubt, { step: 1, brokenByCustomer: false });
    const before = opened({});
    assert.deepEqual([before.silence, before.stepInDoubt], [null, null]);
  });
});
