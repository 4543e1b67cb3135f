import { strict as assert } from 'node:assert';
import type { ConversationState } from '../contract/conversation.ts';
import type { RowKind } from '../contract/rows.ts';
import type { Fact, OpenedFacts } from './fact.ts';
import { farDeadline, nextStep, viewOf } from './next-step.ts';
import { newState } from './new-state.ts';
import { after } from './state.ts';
import { whyWaiting } from './why-waiting.ts';

const RESPONSE = 900_000;
const OLDER = { ...newState().settings };
const settings = { ...OLDER, responseMs: RESPONSE };

const told = (state: ConversationState, ...facts: Fact[]) => facts.reduce(after, state);

function open(change: Partial<OpenedFacts> = {}): ConversationState {
  return told(newState(), { fact: 'opened', now: 0, opened: { ...openFacts(), epoch: 1, ...change } });
}

/** A row, received `seq` seconds after the beginning. */
function entered(kind: RowKind, seq: number, epoch = 1, assignee?: string | null): Fact {
  const row = { id: `row-${seq}`, kind, seq, epoch, at: seq * 1_000 };
  return {
    fact: 'rowEntered',
    row: { ...row, ...(assignee === undefined ? {} : { assignee }) },
    now: seq * 1_000,
  };
}

/** Everything noted and sent that does not matter here. */
const quiet = (state: ConversationState): ConversationState => ({ ...state, toSettle: [], toSend: [] });
const due = (state: ConversationState) => farDeadline(quiet(state));

const answered = (seq: number): Fact[] => [{ fact: 'turnBegan' }, { fact: 'turnAnswered', answeredSeq: seq }];
const escalated: Fact = { fact: 'escalated', epoch: 1, at: 5_000 };
const reminded = (at: number): Fact => ({ fact: 'watchStageDone', at });

describe('the watch over people', () => {
  it('ESC-6 begins with the call of a person, and is told when to look', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated);
    assert.equal(due(state), 5_000 + RESPONSE);
    assert.equal(nextStep(state, 4_999 + RESPONSE).step, 'wait');
    assert.equal(nextStep(state, 5_000 + RESPONSE).step, 'watch_people');
    assert.match(whyWaiting(state, null), /a person who was called, and is looked after at /);
  });

  it('ESC-6 begins where a person took it over before the call was written down, whichever is heard first', () => {
    const turn = [entered('message', 1), ...answered(1)];
    const takeOver = entered('take_over', 2, 2, 'olga');
    assert.equal(due(told(open(), ...turn, takeOver, escalated)), 5_000 + RESPONSE);
    assert.equal(due(told(open(), ...turn, escalated, takeOver)), 2_000 + RESPONSE);
  });

  it('ESC-6 begins where a tool gives the conversation away in the middle of a turn', () => {
    const given = { fact: 'gaveAway' as const, epoch: 2, owner: 'operator' as const, resolved: false };
    for (const assignee of ['olga', null]) {
      const state = told(
        open(),
        entered('message', 1),
        { fact: 'turnBegan' },
        { ...given, assignee, at: 7_000 },
        { fact: 'turnAnswered', answeredSeq: 1 },
      );
      assert.equal(due(state), 7_000 + RESPONSE);
    }
  });

  it('ESC-6 watches nobody for a customer whose message is answered, until they write again', () => {
    for (const command of [entered('assign', 2, 2, 'olga'), entered('take_over', 2, 2, 'olga')]) {
      const state = told(open(), entered('message', 1), ...answered(1), command);
      assert.equal(due(state), null);
      assert.equal(due(told(state, entered('message', 3, 2))), 3_000 + RESPONSE);
    }
    const idle: Fact = {
      fact: 'gaveAway',
      epoch: 2,
      owner: 'operator',
      resolved: false,
      assignee: 'olga',
      at: 9_000,
    };
    assert.equal(due(told(open(), entered('message', 1), ...answered(1), idle)), null);
  });

  it('ESC-6 counts from the first message that waits, not from the last', () => {
    const state = told(open(), entered('take_over', 1, 2, 'olga'), entered('message', 2, 2));
    assert.equal(due(told(state, entered('message', 9, 2), entered('message', 2, 2))), 2_000 + RESPONSE);
  });

  it('ESC-6 stops on the first answer, and begins anew with the next message', () => {
    const state = told(open(), entered('take_over', 1, 2, 'olga'), entered('message', 2, 2));
    const replied = told(state, reminded(1_000_000), entered('reply', 3, 2));
    assert.equal(due(replied), null);
    const again = told(replied, entered('message', 4, 2));
    assert.deepEqual([due(again), again.watch?.stage], [4_000 + RESPONSE, 0]);
  });

  it('ESC-6 goes on for a message behind the reply whose signal came late', () => {
    const state = told(open(), entered('take_over', 1, 2, 'olga'), entered('message', 2, 2));
    const swapped = told(state, entered('message', 4, 2), entered('reply', 3, 2));
    assert.notEqual(due(swapped), null);
  });

  it('ESC-6 asks what became of a stage that was due when the answer came: a dead worker may have given it away', () => {
    const waits = told(open(), entered('take_over', 1, 2), entered('message', 2, 2));
    const stage = due(waits) ?? 0;
    const reply = (now: number): Fact => {
      return { fact: 'rowEntered', row: { id: 'r', kind: 'reply', seq: 3, epoch: 3, at: now }, now };
    };
    assert.equal(due(told(waits, reply(stage - 1))), null);
    const answered = told(waits, reply(stage));
    assert.equal(nextStep({ ...answered, toSettle: [] }, stage).step, 'wait', 'the answer goes first');
    assert.equal(nextStep(quiet(answered), stage).step, 'watch_people');
    const given = told(answered, { fact: 'rerouted', at: stage, epoch: 3, assignee: 'olga' });
    assert.deepEqual([given.epoch, given.assignee], [3, 'olga']);
    assert.equal(given.watch, null);
    for (const fact of [{ fact: 'watchPostponed' as const, due: null }, reminded(stage)])
      assert.equal(due(told(answered, fact)), null);
    const again = told(answered, entered('message', 4, 2));
    assert.deepEqual([again.watch?.seq, again.watch?.stage], [4, 0], 'the next wait begins anew');
    assert.equal(told(answered, entered('assign', 4, 3)).watch, null);
  });

  it('ESC-6 stops on a hand-back and on a resolve', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated);
    for (const kind of ['hand_back', 'resolve'] as const)
      assert.equal(due(told(state, entered(kind, 2, 2))), null);
    const taken = told(state, entered('take_over', 2, 2, 'olga'));
    for (const kind of ['hand_back', 'resolve'] as const)
      assert.equal(due(told(taken, entered(kind, 3, 3))), null);
  });

  it('ESC-6 gives whoever is given it their own time, from the first stage on', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated, reminded(1_000_000));
    const taken = told(state, entered('take_over', 2_000, 2, 'olga'));
    assert.deepEqual([due(taken), taken.watch?.stage], [2_000_000 + RESPONSE, 0]);
    const queued = told(taken, entered('assign', 2_100, 3, null));
    assert.deepEqual([due(queued), queued.watch?.seq], [2_100_000 + RESPONSE, 1]);
  });

  it('ESC-6 goes from stage to stage, each counted from the one before', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated, reminded(1_000_000));
    assert.deepEqual([due(state), state.watch?.stage], [1_000_000 + RESPONSE, 1]);
    const rerouted = told(state, { fact: 'rerouted', at: 2_000_000, epoch: 2, assignee: 'olga' });
    assert.deepEqual(
      [due(rerouted), rerouted.watch?.stage, rerouted.watch?.epoch, rerouted.watch?.ownEpoch],
      [2_000_000 + RESPONSE, 2, 1, 2],
    );
    assert.deepEqual([viewOf(rerouted, '').status, rerouted.assignee], ['assigned', 'olga']);
    const offered = told(rerouted, { fact: 'offeredBack', epoch: 3 });
    assert.deepEqual(
      [due(offered), viewOf(offered, '').status, offered.owner, offered.assignee],
      [null, 'active', 'agent', null],
    );
    const asks = told(offered, entered('message', 3_000, 3));
    assert.equal(nextStep(asks, 4_000_000).step, 'turn');
  });

  it('ESC-6 leaves what a newer command said as it is', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated);
    const back = told(state, entered('hand_back', 2, 2), entered('take_over', 3, 3, 'olga'));
    assert.deepEqual(told(back, { fact: 'offeredBack', epoch: 2 }), back);
    assert.deepEqual(told(back, { fact: 'rerouted', at: 9_000, epoch: 2, assignee: 'budi' }), back);
  });

  it('ESC-6 looks again when it was told to, and no more where nobody waits', () => {
    const state = told(open(), entered('message', 1), ...answered(1), escalated);
    assert.equal(due(told(state, { fact: 'watchPostponed', due: 3_600_000 })), 3_600_000);
    assert.equal(due(told(state, { fact: 'watchPostponed', due: null })), null);
  });

  it('ESC-6 begins for the person whom a take has found in charge, before their row is heard', () => {
    const found: Fact = { fact: 'nothingTaken', throughSeq: 2, epoch: 2, owner: 'operator', resolved: false };
    const state = told(open(), entered('message', 2), found);
    assert.equal(due(state), 2_000 + RESPONSE);
    assert.equal(due(told(state, entered('take_over', 1, 2, 'olga'))), 2_000 + RESPONSE);
  });

  it('ESC-6 goes on in a new run where Postgres says it stands', () => {
    const watch = { epoch: 3, seq: 7, stage: 1, since: 50_000, ownEpoch: 4 };
    const opened = { epoch: 4, owner: 'operator' as const, assignee: 'olga', answeredSeq: 7, watch };
    assert.equal(due(open(opened)), 50_000 + RESPONSE);
    const early = told(newState(), entered('assign', 9, 5, 'budi'), {
      fact: 'opened',
      now: 60_000,
      opened: { ...openFacts(), ...opened },
    });
    assert.deepEqual([due(early), early.watch?.epoch, early.watch?.stage], [60_000 + RESPONSE, 5, 0]);
  });

  it('CONV-9 watches nobody by settings that older code has read, and tolerates a state without a watch', () => {
    const { watch: _, ...older } = told(open({ settings: OLDER }), entered('message', 1), ...answered(1));
    assert.equal(due(told(older, escalated)), null);
    assert.equal(due(told(older, entered('take_over', 2, 2, 'olga'), entered('message', 3, 2))), null);
    const read = told(older, { fact: 'settingsRead', settings }, entered('take_over', 2, 2, 'olga'));
    assert.equal(due(told(read, entered('message', 3, 2))), 3_000 + RESPONSE);
  });
});

function openFacts(): OpenedFacts {
  const { epoch, owner, resolved, queued, assignee, openCall, escalatedEpoch } = newState();
  const counts = { lastTurn: 0, answeredSeq: 0, waiting: [], sending: [] };
  return { epoch, owner, resolved, queued, assignee, openCall, escalatedEpoch, settings, ...counts };
}
