import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { ConversationState } from '../contract/conversation.ts';
import type { EnteredRow, RowKind } from '../contract/rows.ts';
import { farDeadline, nextStep, viewOf } from './next-step.ts';
import { newState } from './new-state.ts';
import { after } from './state.ts';
import type { Fact, OpenedFacts } from './fact.ts';

const settings = {
  waitMs: 8_000,
  capMs: 30_000,
  regroup: true,
  understand: false,
  confirmMs: 900_000,
  patienceMs: 15_000,
  placeholder: false,
  idleMs: [],
};

function open(change: Partial<OpenedFacts> = {}): ConversationState {
  return told(newState(), {
    fact: 'opened',
    now: 0,
    opened: { ...openedFacts(), ...change },
  });
}

function told(state: ConversationState, ...facts: Fact[]): ConversationState {
  return facts.reduce(after, state);
}

const quiet = (state: ConversationState): ConversationState => ({ ...state, toSettle: [] });

function row(kind: RowKind, seq: number, epoch = 1, about?: string): EnteredRow {
  return { id: `row-${seq}`, kind, seq, epoch, at: seq * 10, about };
}

function entered(kind: RowKind, seq: number, epoch = 1, now = seq * 1_000): Fact {
  return { fact: 'rowEntered', row: row(kind, seq, epoch), now };
}

function assigned(seq: number, epoch: number, assignee: string | null): Fact {
  return { fact: 'rowEntered', row: { ...row('assign', seq, epoch), assignee }, now: seq * 1_000 };
}

const bufferedSeqs = (state: ConversationState) => state.buffer.map((message) => message.seq);

describe('conversation state', () => {
  it('CONV-3 waits for more messages, then begins a turn', () => {
    const state = told(open(), entered('message', 1));
    assert.deepEqual(nextStep(state, 1_000), { step: 'wait', until: 9_000 });
    assert.deepEqual(nextStep(state, 9_000), { step: 'turn' });
  });

  it('CONV-7 asks Postgres where a message waits behind a resolve, though a call is under way, and waits otherwise', () => {
    const called = told(open(), { fact: 'callOutlivedTurn', callId: 'c' });
    const gave = { fact: 'gaveAway', epoch: 2, owner: 'agent', resolved: true, assignee: null } as const;
    assert.deepEqual(nextStep(quiet(told(called, gave)), 0), { step: 'wait', until: null });
    // Its signal came first: the message's epoch tells that it opened the conversation again.
    const behind = quiet(told(called, entered('message', 1, 3), gave));
    assert.deepEqual(bufferedSeqs(behind), [1]);
    assert.deepEqual(nextStep(behind, 0), { step: 'close' });
  });

  it('CONV-1 counts a message once, whichever signal brings it again', () => {
    const once = told(open(), entered('message', 1));
    assert.equal(told(once, entered('message', 1)), once);
    const answered = told(once, { fact: 'turnBegan' }, { fact: 'turnAnswered', answeredSeq: 1 });
    assert.equal(told(answered, entered('message', 1)), answered);
  });

  it('CONV-4 leaves messages that came after the take for the next turn', () => {
    const state = told(
      open(),
      entered('message', 1),
      { fact: 'turnBegan' },
      entered('message', 2),
      entered('message', 3),
      { fact: 'turnAnswered', answeredSeq: 2 },
    );
    assert.deepEqual(bufferedSeqs(state), [3]);
    assert.equal(state.turn, 1);
  });

  it('CONV-1 keeps the rows that signals brought before Postgres was read', () => {
    const early = told(newState(), entered('message', 3), entered('message', 4));
    const state = after(early, {
      fact: 'opened',
      now: 5_000,
      opened: { ...openedFacts(), answeredSeq: 3, waiting: [row('message', 4), row('message', 5)] },
    });
    assert.deepEqual(bufferedSeqs(state), [4, 5]);
  });

  it('CONV-7 goes on with the next turn number when it is opened again', () => {
    const state = told(open({ lastTurn: 41 }), entered('message', 90), { fact: 'turnBegan' });
    assert.equal(state.turn, 42);
  });

  it('ESC-5 lets nothing be answered while a person has the conversation', () => {
    const state = told(open(), entered('message', 1), entered('take_over', 2, 2), entered('message', 3, 2));
    assert.deepEqual(bufferedSeqs(state), []);
    assert.deepEqual(
      state.toSettle.map((settle) => [settle.id, settle.reason]),
      [
        ['row-2', 'noted'],
        ['row-1', 'operator_has_it'],
        ['row-3', 'operator_has_it'],
      ],
    );
  });

  it('ESC-5 keeps a message that was committed after a hand-back whose signal is late', () => {
    const taken = told(open(), entered('take_over', 1, 2), entered('message', 3, 3));
    assert.deepEqual(bufferedSeqs(taken), [3]);
    assert.equal(nextStep({ ...taken, toSettle: [] }, 99_000).step, 'wait');
    const back = told(taken, entered('hand_back', 2, 3));
    assert.equal(nextStep({ ...back, toSettle: [] }, 99_000).step, 'turn');
  });

  it('ESC-5 ignores a command of an older epoch, and notes it', () => {
    const state = told(open(), entered('hand_back', 3, 3), entered('take_over', 2, 2));
    assert.equal(state.owner, 'agent');
    assert.equal(state.epoch, 3);
    assert.deepEqual(state.toSettle.at(-1), { id: 'row-2', reason: 'superseded' });
  });

  it('CONV-7 closes once resolved, after what is left is settled', () => {
    const state = told(open(), entered('message', 1), entered('resolve', 2, 2));
    assert.equal(nextStep(state, 0).step, 'settle');
    const settled = told(state, { fact: 'rowsSettled', ids: ['row-1', 'row-2'] });
    assert.equal(nextStep(settled, 0).step, 'close');
  });

  it('CONV-7 stays open for a message committed after the resolve, in whichever order they are signalled', () => {
    for (const order of [
      [entered('resolve', 2, 2), entered('message', 3, 3)],
      [entered('message', 3, 3), entered('resolve', 2, 2)],
    ]) {
      const state = told(open(), ...order);
      assert.equal(state.resolved, false);
      assert.deepEqual(bufferedSeqs(state), [3]);
    }
  });

  it('CONV-7 settles a message that lost its race with a resolve, in whichever order they are signalled', () => {
    for (const order of [
      [entered('resolve', 2, 2), entered('message', 1, 1)],
      [entered('message', 1, 1), entered('resolve', 2, 2)],
    ]) {
      const state = told(open(), ...order);
      assert.deepEqual(bufferedSeqs(state), []);
      assert.deepEqual(
        state.toSettle.find((settle) => settle.id === 'row-1'),
        { id: 'row-1', reason: 'resolved' },
      );
    }
  });

  it('ESC-5 leaves a message to the person whose take-over it overtook', () => {
    const state = told(open(), entered('message', 2, 2), entered('take_over', 1, 2));
    assert.deepEqual(bufferedSeqs(state), []);
    const back = told(state, entered('hand_back', 3, 3));
    assert.equal(nextStep({ ...back, toSettle: [] }, 99_000).step, 'wait');
  });

  it('ESC-5 leaves what is buffered to the person whom a take found in charge', () => {
    const taken = { throughSeq: 1, epoch: 2, owner: 'operator' as const, resolved: false };
    const state = told(open(), entered('message', 2, 2), { fact: 'nothingTaken', ...taken });
    assert.deepEqual(bufferedSeqs(state), []);
  });

  it('CHAN-5 stops waiting for a delivery once the channel reported it', () => {
    const awaiting = told(open(), { fact: 'deliveryAwaited', outboundId: 'out-1', due: 60_000 });
    assert.equal(farDeadline(awaiting), 60_000);
    const reported = told(awaiting, {
      fact: 'rowEntered',
      row: row('delivery_settled', 5, 1, 'out-1'),
      now: 0,
    });
    assert.equal(farDeadline(reported), null);
    assert.equal(nextStep(awaiting, 60_000).step, 'give_up_delivery');
  });

  it('CONV-5 begins an abandoned turn again under its own number', () => {
    const state = told(open(), entered('message', 1), { fact: 'turnBegan' }, { fact: 'turnAbandoned' });
    assert.equal(told(state, entered('message', 1), { fact: 'turnBegan' }).turn, 1);
  });

  const decision: Fact = {
    fact: 'rowEntered',
    row: { ...row('approval_outcome', 9), action: { id: 'a', status: 'denied' } },
    now: 9_000,
  };

  it('CONV-5 (APR-3) lets no turn about a decision use up the number of an abandoned turn', () => {
    const abandoned: Fact[] = [entered('message', 1), { fact: 'turnBegan' }, { fact: 'turnAbandoned' }];
    const waits = told(open(), ...abandoned, decision);
    assert.equal(nextStep(waits, 9_000).step, 'wait');
    const again = told(waits, entered('message', 1, 1, 70_000));
    assert.equal(nextStep(again, 78_000).step, 'turn');
    const answered = told(again, { fact: 'turnBegan' }, { fact: 'turnAnswered', answeredSeq: 1 });
    assert.equal(nextStep(answered, 78_000).step, 'tell_decision');
    const taken = quiet(told(waits, entered('take_over', 10, 2)));
    assert.equal(nextStep(taken, 10_000).step, 'tell_decision', 'a person tells what they decide');
    assert.equal(nextStep(quiet(told(taken, entered('hand_back', 11, 3))), 11_000).step, 'tell_decision');
    const left = { ...open(), turn: 1 };
    assert.equal(nextStep(told(left, { fact: 'turnAbandoned' }, decision), 9_000).step, 'tell_decision');
  });

  it('CONV-2 (APR-3) resumes a turn that took messages before a decision is told', () => {
    const waiting = [row('message', 1)];
    const lost = told(open({ waiting, resumes: true }), decision);
    assert.equal(nextStep(lost, 0).step, 'wait');
    assert.equal(nextStep(lost, 8_000).step, 'turn');
    assert.equal(nextStep(told(open({ waiting }), decision), 8_000).step, 'tell_decision');
  });

  it('EXT-4 asks once and cancels what was not answered in time', () => {
    const call = { callId: 'call', kind: 'awaiting_confirmation' as const, due: 50_000 };
    const asked = told(open(), { fact: 'callOpened', call });
    assert.equal(viewOf(asked, '').status, 'waiting_confirmation');
    assert.equal(farDeadline(asked), 50_000);
    assert.deepEqual(nextStep(asked, 50_000), { step: 'cancel_call', callId: 'call' });
    const closed = told(asked, { fact: 'callClosed', callId: 'call' });
    assert.deepEqual([viewOf(closed, '').status, farDeadline(closed)], ['active', null]);
  });

  it('EXT-4 cancels a question when a person came between, handed back at once or not', () => {
    const call = { callId: 'call', kind: 'awaiting_confirmation' as const, due: 50_000 };
    const asked = told(open(), { fact: 'callOpened', call });
    const taken = told(asked, entered('take_over', 5, 2));
    assert.equal(nextStep(told(taken, entered('hand_back', 6, 3)), 1_000).step, 'settle');
    const noted: Fact = { fact: 'rowsSettled', ids: ['row-5', 'row-6'] };
    for (const state of [told(taken, noted), told(taken, entered('hand_back', 6, 3), noted)])
      assert.deepEqual(nextStep(state, 1_000), { step: 'cancel_call', callId: 'call' });
  });

  it('EXT-4 keeps a newer question when an older one is closed', () => {
    const call = { callId: 'newer', kind: 'gathering' as const, due: 50_000 };
    const asked = told(open(), { fact: 'callOpened', call });
    assert.equal(told(asked, { fact: 'callClosed', callId: 'older' }), asked);
    assert.equal(viewOf(asked, '').status, 'active');
  });

  it('EXT-5 tells the outcome of a call that outlived its turn, before anything else', () => {
    const late = told(open(), { fact: 'callOutlivedTurn', callId: 'call' }, entered('message', 1));
    assert.equal(nextStep(late, 1_000).step, 'wait');
    const ended = told(late, { fact: 'callEnded', callId: 'call' });
    assert.deepEqual(nextStep(ended, 9_000), { step: 'tell_outcome', callId: 'call' });
    assert.equal(nextStep(told(ended, { fact: 'outcomeTold', callId: 'call' }), 9_000).step, 'turn');
  });

  it('EXT-5 does not close while a call is under way', () => {
    const resolved = told(open({ resolved: true }), { fact: 'callOutlivedTurn', callId: 'call' });
    assert.deepEqual(nextStep(resolved, 0), { step: 'wait', until: null });
    const heard = told(
      resolved,
      { fact: 'callEnded', callId: 'call' },
      { fact: 'outcomeTold', callId: 'call' },
    );
    assert.deepEqual(nextStep(heard, 0), { step: 'close' });
  });

  it('ACT-5 is silent once a tool has assigned the conversation', () => {
    const state = told(
      open(),
      entered('message', 1),
      { fact: 'turnBegan' },
      { fact: 'gaveAway', epoch: 2, owner: 'operator', resolved: false, assignee: null },
      { fact: 'turnAnswered', answeredSeq: 1 },
      entered('message', 2, 2),
    );
    assert.equal(viewOf(state, '').status, 'escalated');
    assert.deepEqual(bufferedSeqs(state), []);
    const taken = told(state, entered('take_over', 3, 3));
    assert.equal(viewOf(taken, '').status, 'assigned');
  });

  it('ACT-5 follows a conversation from a queue to a person, back into a queue, and back to the agent', () => {
    const stands = (state: ConversationState) => {
      const { status, queued, assignee } = viewOf(state, '');
      return [status, queued, assignee];
    };
    const queued = told(open(), assigned(1, 2, null));
    assert.deepEqual(stands(queued), ['escalated', true, null]);
    const given = told(queued, assigned(2, 3, 'olga'));
    assert.deepEqual(stands(given), ['assigned', false, 'olga']);
    const again = told(given, assigned(3, 4, null), entered('message', 4, 4));
    assert.deepEqual(stands(again), ['escalated', true, null]);
    assert.deepEqual(bufferedSeqs(again), []);
    assert.deepEqual(stands(told(again, assigned(2, 3, 'olga'))), ['escalated', true, null]);
    assert.deepEqual(stands(told(given, entered('hand_back', 3, 4))), ['active', false, null]);
    assert.deepEqual(stands(told(given, entered('resolve', 3, 4))), ['resolved', false, null]);
    const reopened = told(given, entered('resolve', 3, 4), entered('message', 4, 5));
    assert.deepEqual(stands(reopened), ['active', false, null]);
  });

  it('ACT-5 hears from the row who has the conversation, where a take has told of the change first', () => {
    const found: Fact = { fact: 'nothingTaken', throughSeq: 0, epoch: 3, owner: 'operator', resolved: false };
    const early = told(open(), assigned(1, 2, 'olga'), found);
    assert.deepEqual([early.owner, early.assignee], ['operator', null]);
    const heard = told(early, assigned(2, 3, null));
    assert.deepEqual([heard.epoch, heard.queued], [3, true]);
    assert.deepEqual(heard.toSettle.at(-1), { id: 'row-2', reason: 'noted' });
  });

  it('ACT-5 knows who has the conversation when it is opened, and what signals said meanwhile', () => {
    const opened: Fact = {
      fact: 'opened',
      now: 0,
      opened: { ...openedFacts(), epoch: 2, owner: 'operator', assignee: 'olga' },
    };
    assert.equal(told(newState(), opened).assignee, 'olga');
    const newer = told(newState(), assigned(3, 3, null), opened);
    assert.deepEqual([newer.queued, newer.assignee], [true, null]);
  });

  it('EXT-4 keeps a question asked since, when the hand-back before it is signalled again', () => {
    const call = { callId: 'call', kind: 'awaiting_confirmation' as const, due: 50_000 };
    const asked = told(open(), entered('hand_back', 1, 2), { fact: 'callOpened', call });
    assert.deepEqual(told(asked, entered('hand_back', 1, 2)).openCall, call);
  });

  it('ACT-6 closes once a tool has resolved the conversation', () => {
    const state = told(open(), {
      fact: 'gaveAway',
      epoch: 2,
      owner: 'agent',
      resolved: true,
      assignee: null,
    });
    assert.deepEqual(nextStep(state, 0), { step: 'close' });
  });

  describe('silence', () => {
    const idleMs = [600_000, 600_000, 600_000];
    const silent = (change: Partial<OpenedFacts> = {}) =>
      told(
        open({ settings: { ...settings, idleMs }, ...change }),
        entered('message', 1),
        { fact: 'turnBegan' },
        { fact: 'turnAnswered', answeredSeq: 1 },
      );
    const fired = (at: number): Fact => ({ fact: 'idleStepDone', at, ownEpoch: null });

    it('IDLE-4 counts step one from the last activity of the customer, later ones from the firing before', () => {
      const state = silent();
      assert.equal(farDeadline(state), 600_010);
      assert.deepEqual(nextStep(state, 600_010), { step: 'fire_idle' });
      const second = told(state, fired(600_500));
      assert.deepEqual(viewOf(second, '').idleStep, { step: 1, due: 1_200_500 });
    });

    it('IDLE-7 fires nothing behind the last step until the customer writes', () => {
      const state = told(silent(), fired(600_000), fired(1_200_000), fired(1_800_000));
      assert.equal(farDeadline(state), null);
      const answered = told(state, entered('message', 2), { fact: 'turnAnswered', answeredSeq: 2 });
      assert.equal(viewOf(answered, '').idleStep?.step, 0);
    });

    it('IDLE-5 resets to step one when the customer answers, and tells it only where a step had fired', () => {
      const answer: Fact[] = [entered('message', 2), { fact: 'turnAnswered', answeredSeq: 2 }];
      const early = told(silent(), ...answer);
      assert.deepEqual([early.brokenAt, early.silence?.step, early.silence?.seenSeq], [null, 0, 2]);
      const late = told(silent(), fired(600_000), ...answer);
      assert.deepEqual([late.brokenAt, late.silence?.step], [1, 0]);
      assert.equal(told(late, { fact: 'breakNoted' }).brokenAt, null);
    });

    it('IDLE-9 fires nothing while a message waits, a call is under way, or a person has the conversation', () => {
      const due = 600_010;
      assert.equal(nextStep(told(silent(), entered('message', 2)), due).step, 'turn');
      const calling = told(silent(), { fact: 'callOutlivedTurn', callId: 'call' });
      assert.deepEqual(nextStep(calling, due), { step: 'wait', until: null });
      const taken = told(silent(), entered('take_over', 2, 2), { fact: 'rowsSettled', ids: ['row-2'] });
      assert.deepEqual([nextStep(taken, due).step, farDeadline(taken)], ['wait', null]);
    });

    it('IDLE-9 goes on behind its own assign step, until a person answers', () => {
      const given: Fact = {
        fact: 'gaveAway',
        epoch: 2,
        owner: 'operator',
        resolved: false,
        assignee: 'olga',
      };
      const state = told(silent(), given, { fact: 'idleStepDone', at: 600_000, ownEpoch: 2 });
      assert.deepEqual(nextStep(state, 1_200_000), { step: 'fire_idle' });
      const answered = told(state, entered('reply', 2, 2));
      assert.equal(nextStep(told(answered, { fact: 'replySent', rowId: 'row-2' }), 1_200_000).step, 'wait');
    });

    it('IDLE-6 tries a step again in the next window, and does not go on to the one behind it', () => {
      const state = told(silent(), { fact: 'idlePostponed', due: 1_200_000 });
      assert.deepEqual(viewOf(state, '').idleStep, { step: 0, due: 1_200_000 });
    });

    it('IDLE-2 does nothing where no step is set', () => {
      assert.equal(silent({ settings }).silence, null);
    });
  });

  it('ESC-5 sends an operator’s replies one after the other, each once', () => {
    const state = told(open(), entered('take_over', 1, 2), entered('reply', 2, 2), entered('reply', 3, 2));
    const settled = told(state, { fact: 'rowsSettled', ids: ['row-1'] });
    assert.deepEqual(settled.toSend[0]?.rowId, 'row-2');
    const repeated = told(settled, entered('reply', 2, 2), { fact: 'replySent', rowId: 'row-2' });
    assert.deepEqual(repeated.toSend[0]?.rowId, 'row-3');
  });

  it("ESC-5 sends operators' replies in the order of their commit, whatever their signals did", () => {
    const opened = open();
    const signals = [entered('reply', 3, 2), entered('reply', 2, 2), entered('take_over', 1, 2)];
    const swapped = told(opened, ...signals, { fact: 'rowsSettled', ids: ['row-1'] });
    const inOrder = told(opened, ...signals.reverse(), { fact: 'rowsSettled', ids: ['row-1'] });
    assert.deepEqual(swapped, inOrder);
    assert.deepEqual(swapped.toSend[0]?.rowId, 'row-2');
  });

  it('ESC-5 loses no reply whose signal came while Postgres was being read', () => {
    const early = told(newState(), entered('reply', 2, 2));
    const facts = { ...openedFacts(), owner: 'operator' as const, epoch: 2 };
    const state = told(early, { fact: 'opened', now: 0, opened: facts });
    assert.deepEqual(state.toSend[0]?.rowId, 'row-2');
  });

  it('CONV-6 loses and doubles no message, whatever the order of signals, repeats and turns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 6 }),
        (seqs, turnsAt) => {
          let state = open();
          const answered = new Set<number>();
          seqs.forEach((seq, position) => {
            state = told(state, entered('message', seq));
            if (!turnsAt.includes(position)) return;
            // What the database would give a turn: every committed message up to the highest one seen.
            const through = Math.max(...seqs.slice(0, position + 1));
            for (let taken = 1; taken <= through; taken++) answered.add(taken);
            state = told(state, { fact: 'turnBegan' }, { fact: 'turnAnswered', answeredSeq: through });
          });
          const waiting = new Set(bufferedSeqs(state));
          assert.equal(waiting.size, state.buffer.length);
          for (const seq of seqs) assert.notEqual(answered.has(seq), waiting.has(seq));
        },
      ),
    );
  });
});

function openedFacts(): OpenedFacts {
  return {
    epoch: 1,
    owner: 'agent',
    resolved: false,
    lastTurn: 0,
    answeredSeq: 0,
    waiting: [],
    sending: [],
    queued: false,
    escalatedEpoch: null,
    assignee: null,
    openCall: null,
    settings,
  };
}
