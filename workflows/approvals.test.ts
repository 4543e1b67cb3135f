import { strict as assert } from 'node:assert';
import type { ConversationState } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Fact } from './fact.ts';
import { newState } from './new-state.ts';
import { nextStep, viewOf } from './next-step.ts';
import { after } from './state.ts';

const NOW = Date.parse('2026-11-01T10:00:00Z');
const OPEN = { actionId: 'a', expiresAt: NOW + 60_000 };
const ROW: EnteredRow = {
  id: 'r',
  kind: 'approval_outcome',
  seq: 3,
  epoch: 1,
  at: NOW,
  action: { id: 'a', status: 'approved' },
};
const DECISION = { actionId: 'a', rowId: 'r' };
const told = (...facts: Fact[]): ConversationState => facts.reduce(after, { ...newState(), epoch: 1 });
const entered: Fact = { fact: 'rowEntered', row: ROW, now: NOW };

describe('approvals in the state of a conversation', () => {
  it('CONV-8 make it wait for one until the decision is there', () => {
    const waiting = told(
      { fact: 'approvalAsked', approval: OPEN },
      { fact: 'approvalAsked', approval: OPEN },
    );
    assert.deepEqual(waiting.openApprovals, [OPEN]);
    assert.equal(viewOf(waiting, '').status, 'waiting_approval');
    assert.equal(viewOf(after(waiting, entered), '').status, 'active');
  });

  it('APR-3 make a decision the next thing to tell, once, however often its row is signalled', () => {
    const decided = told({ fact: 'approvalAsked', approval: OPEN }, entered, entered);
    assert.deepEqual(nextStep(decided, NOW), { step: 'tell_decision', ...DECISION });
    const done = after(decided, { fact: 'decisionTold', actionId: 'a' });
    assert.deepEqual(nextStep(done, NOW), { step: 'wait', until: null });
  });

  it('APR-5 make what came of an approved call the next thing to tell, and hold the silence back till then', () => {
    const running = told(
      entered,
      { fact: 'approvedCallBegan', callId: 'c' },
      { fact: 'decisionTold', actionId: 'a' },
    );
    assert.deepEqual([running.callsUnderWay, nextStep(running, NOW).step], [['c'], 'wait']);
    const ended = after(running, { fact: 'approvedCallEnded', callId: 'c', decision: DECISION });
    assert.deepEqual(ended.callsUnderWay, []);
    assert.deepEqual(nextStep(ended, NOW), { step: 'tell_decision', ...DECISION });
    const left = after(running, { fact: 'approvedCallEnded', callId: 'c', decision: null });
    assert.equal(nextStep(left, NOW).step, 'wait');
  });

  it('APR-5 do not let a resolved conversation close before an approved call has ended', () => {
    const resolve: EnteredRow = { id: 'x', kind: 'resolve', seq: 4, epoch: 2, at: NOW };
    const resolved = told(
      { fact: 'approvedCallBegan', callId: 'c' },
      { fact: 'rowEntered', row: resolve, now: NOW },
      { fact: 'rowsSettled', ids: ['x'] },
    );
    assert.equal(nextStep(resolved, NOW).step, 'wait');
    const ended = after(resolved, { fact: 'approvedCallEnded', callId: 'c', decision: null });
    assert.equal(nextStep(ended, NOW).step, 'close');
  });

  it('APR-2 are withdrawn with the end of a conversation, also where a customer opens it again', () => {
    const asked = told({ fact: 'approvalAsked', approval: OPEN });
    const entered = (kind: 'resolve' | 'message' | 'take_over', seq: number, epoch: number): Fact => {
      return { fact: 'rowEntered', row: { id: `x${seq}`, kind, seq, epoch, at: NOW }, now: NOW };
    };
    const resolved = after(asked, entered('resolve', 4, 2));
    assert.deepEqual(resolved.openApprovals, [OPEN], 'whoever waits for them is still to be told');
    assert.deepEqual(after(resolved, entered('message', 5, 3)).openApprovals, []);
    const swapped = [entered('message', 5, 3), entered('resolve', 4, 2)].reduce(after, asked);
    assert.deepEqual([swapped.resolved, swapped.openApprovals], [false, []]);
    assert.deepEqual(after(resolved, entered('take_over', 5, 3)).openApprovals, []);
    const found = { throughSeq: 0, epoch: 3, owner: 'agent' as const, resolved: false };
    assert.deepEqual(after(resolved, { fact: 'nothingTaken', ...found }).openApprovals, []);
  });

  it('APR-3 are read by a new run, less what was decided while it read, and none by code of before', () => {
    const read = {
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
      settings: newState().settings,
    };
    const both = {
      ...read,
      openApprovals: [OPEN, { ...OPEN, actionId: 'b', onNewMessage: 'withdraw' as const }],
    };
    const opened = told(entered, { fact: 'opened', opened: both, now: NOW });
    assert.deepEqual(opened.openApprovals, [
      { actionId: 'b', expiresAt: OPEN.expiresAt, onNewMessage: 'withdraw' },
    ]);
    assert.deepEqual(opened.decisions, [DECISION]);
    assert.deepEqual(told({ fact: 'opened', opened: read, now: NOW }).openApprovals, []);
  });
});
