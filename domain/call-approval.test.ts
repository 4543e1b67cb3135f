import { strict as assert } from 'node:assert';
import type { Json } from './external-action.ts';
import { notApprovedResult, readWaitingResult, waitingResult } from './call-approval.ts';

const WAITING = {
  actionId: 'a',
  remindAt: Date.parse('2026-11-01T10:00:00Z'),
  expiresAt: Date.parse('2026-11-02T10:00:00Z'),
};

describe('what the model is told of a call that waits for an operator', () => {
  it('APR-5 says that nothing was done, and can be read again', () => {
    const result = waitingResult(WAITING);
    assert.equal(result['ok'], false);
    assert.match(String(result['waiting']), /Nothing was done yet/);
    assert.deepEqual(readWaitingResult(result), WAITING);
    const policy = { ...WAITING, remindAt: null, onNewMessage: 'withdraw' as const };
    assert.deepEqual(readWaitingResult(waitingResult(policy)), policy);
  });

  it('APR-5 is not read out of any other result', () => {
    const others: Json[] = [null, [], 'x', { ok: true }, { ok: false, action_id: 'a', expires_at: 'soon' }];
    for (const other of others) assert.equal(readWaitingResult(other), null);
    assert.equal(readWaitingResult(notApprovedResult('denied')), null);
  });
});
