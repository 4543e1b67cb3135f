import { strict as assert } from 'node:assert';
import type { ConversationState } from '../contract/conversation.ts';
import type { Fact } from './fact.ts';
import { newState } from './new-state.ts';
import { after } from './state.ts';
import { viewOf } from './next-step.ts';
import { whyWaiting } from './why-waiting.ts';

const T0 = Date.parse('2026-11-01T10:00:00Z');
const MINUTE = 60_000;
const settings = { ...newState().settings, idleMs: [MINUTE, MINUTE], responseMs: 15 * MINUTE };

const told = (...facts: Fact[]): ConversationState =>
  facts.reduce(after, { ...newState(), epoch: 1, settings, lastCustomerAt: T0 });
const asked = (actionId: string, expiresAt: number): Fact => ({
  fact: 'approvalAsked',
  approval: { actionId, expiresAt },
});
const message: Fact = {
  fact: 'rowEntered',
  row: { id: 'm', kind: 'message', seq: 1, epoch: 1, at: T0 },
  now: T0,
};
const answered: Fact[] = [message, { fact: 'turnBegan' }, { fact: 'turnAnswered', answeredSeq: 1 }];
const given: Fact = {
  fact: 'gaveAway',
  epoch: 2,
  owner: 'operator',
  resolved: false,
  assignee: 'olga',
};

describe('what a conversation says it waits for', () => {
  it('CONV-8 is the decision of an operator, until the first of the requests lapses', () => {
    const state = told(asked('b', T0 + 9 * MINUTE), asked('a', T0 + 5 * MINUTE));
    assert.equal(
      whyWaiting(state, null),
      'waiting for a message, and for the decision of an operator until 2026-11-01T10:05:00.000Z',
    );
    const taken = { ...state, owner: 'operator' as const };
    assert.equal(
      whyWaiting(taken, null),
      'silent: an operator has it, and owes a decision until 2026-11-01T10:05:00.000Z',
    );
  });

  it('CONV-8 is the idle step that comes behind the one which gave the conversation to a person', () => {
    const state = told(...answered, given, { fact: 'idleStepDone', at: T0 + MINUTE, ownEpoch: 2 });
    assert.equal(
      whyWaiting(state, null),
      'silent: an operator has it; idle step 2 at 2026-11-01T10:02:00.000Z',
    );
  });

  it('CONV-8 is the person whom the customer waits for, since when, and when they are reminded', () => {
    const state = told(message, { fact: 'turnBegan' }, given);
    const { watch } = state;
    assert.ok(watch);
    const { since, due } = watch;
    assert.deepEqual(viewOf(state, '').watch, { stage: 0, since, due });
    assert.match(whyWaiting(state, null), /^silent: an operator has it, and is looked after at /);
    assert.equal(viewOf(told(...answered), '').watch, null);
  });
});
