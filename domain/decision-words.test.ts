import { strict as assert } from 'node:assert';
import { decisionWords } from './decision-words.ts';
import type { DecidedWords } from './decision-words.ts';
import { DEFAULT_EXTERNAL_ACTION } from './external-action.ts';
import type { ExternalAction } from './external-action.ts';

const REFUND: ExternalAction = {
  ...DEFAULT_EXTERNAL_ACTION,
  actionName: 'refund',
  displayName: 'Refund',
  trainingExamples: [],
  webhookUrl: 'https://shop.example/refunds',
  variables: [
    { name: 'amount', prompt: 'How much', type: 'number', required: true, defaultValue: null, options: [] },
  ],
  successMessage: '{{amount}} paid back.',
  failureMessage: '{{amount}} could not be paid back.',
};
const decided = (more: Partial<DecidedWords>): DecidedWords => ({
  status: 'approved',
  response: null,
  byCustomer: false,
  call: null,
  ...more,
});
const ran = { state: 'succeeded' as const, response: null };
const waiting = { state: 'cancelled' as const, response: null };
const action = { definition: REFUND, values: { amount: 150 } };

describe('the words of a decision', () => {
  it('APR-3 are the operator’s own, or a plain sentence; of a withdrawn request there are none', () => {
    assert.equal(decisionWords(decided({ response: ' Fine. ' }), null), 'Fine.');
    assert.equal(decisionWords(decided({ status: 'denied' }), null), 'Your request was not approved.');
    assert.equal(decisionWords(decided({ status: 'cancelled' }), null), null);
    assert.equal(decisionWords(decided({ status: 'pending' }), null), null);
  });

  it('APR-5 are the builder’s of an external action that ran, behind the operator’s', () => {
    assert.equal(decisionWords(decided({ call: ran }), action), '150 paid back.');
    const words = decided({ call: { ...ran, state: 'failed' }, response: 'I tried.' });
    assert.equal(decisionWords(words, action), 'I tried.\n\n150 could not be paid back.');
  });

  it('APR-5 say of a call that was not made that it was not, and who withdrew it', () => {
    for (const status of ['denied', 'expired'] as const)
      assert.match(decisionWords(decided({ status, call: waiting }), action) ?? '', /not carried out/);
    const withdrawn = decided({ status: 'cancelled', call: waiting, byCustomer: true });
    assert.match(decisionWords(withdrawn, action) ?? '', /^You wrote again .* not carried out\.$/);
  });

  it('APR-5 never say of a tool’s call that it happened, or did not, where nobody knows', () => {
    const of = (state: 'succeeded' | 'failed' | 'unknown') =>
      decisionWords(decided({ call: { state, response: null } }), null);
    assert.match(of('succeeded') ?? '', /carried out\.$/);
    assert.match(of('failed') ?? '', /could not be carried out/);
    assert.match(of('unknown') ?? '', /not certain yet/);
  });
});
