import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { APPROVAL_STATUSES, approvalRuleProblems, decide, needsApproval, remindersOf } from './approval.ts';
import type { ApprovalStatus } from './approval.ts';
import type { Json } from './external-action.ts';

const CREATED = new Date('2026-03-02T10:00:00Z');
const EXPIRES = new Date('2026-03-05T10:00:00Z');
const before = new Date(EXPIRES.getTime() - 1);

describe('the life of an approval', () => {
  const pending = { status: 'pending', expiresAt: EXPIRES } as const;

  it('APR-2 moves from pending to every end, and from no end', () => {
    for (const to of ['approved', 'denied', 'cancelled'] as const)
      assert.deepEqual(decide(pending, to, before), { kind: 'moves', to });
    assert.deepEqual(decide(pending, 'expired', EXPIRES), { kind: 'moves', to: 'expired' });
  });

  it('APR-4 tells a second decision that it lost, and to what', () => {
    for (const status of ['approved', 'denied'] as const)
      for (const to of ['approved', 'denied', 'cancelled', 'expired'] as const)
        assert.deepEqual(decide({ status, expiresAt: EXPIRES }, to, before), { kind: 'lost', status });
  });

  it('APR-4 refuses a decision after expiry, noted or not, and after a withdrawal', () => {
    assert.deepEqual(decide(pending, 'approved', EXPIRES), { kind: 'too_late', status: 'expired' });
    assert.deepEqual(decide(pending, 'cancelled', EXPIRES), { kind: 'too_late', status: 'expired' });
    for (const status of ['cancelled', 'expired'] as const)
      assert.deepEqual(decide({ status, expiresAt: null }, 'approved', CREATED), {
        kind: 'too_late',
        status,
      });
  });

  it('APR-3 does not expire before its time, nor without one', () => {
    assert.deepEqual(decide(pending, 'expired', before), { kind: 'not_yet', at: EXPIRES });
    const endless = { status: 'pending', expiresAt: null } as const;
    assert.deepEqual(decide(endless, 'expired', EXPIRES), { kind: 'not_yet', at: null });
    assert.deepEqual(decide(endless, 'approved', EXPIRES), { kind: 'moves', to: 'approved' });
  });

  it('APR-4 has one end, whatever is asked in whatever order', () => {
    const ends = APPROVAL_STATUSES.filter((status) => status !== 'pending');
    const asked = fc.array(fc.tuple(fc.constantFrom(...ends), fc.integer({ min: -2, max: 2 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(asked, (all) => {
        let status: ApprovalStatus = 'pending';
        let moves = 0;
        for (const [to, offset] of all) {
          const decision = decide({ status, expiresAt: EXPIRES }, to, new Date(EXPIRES.getTime() + offset));
          if (decision.kind !== 'moves') continue;
          status = decision.to;
          moves += 1;
        }
        assert.ok(moves <= 1);
      }),
    );
  });
});

describe('the reminders of an approval', () => {
  const hoursAfter = (sla: number, expires: Date | null) =>
    remindersOf(sla * 3600, CREATED, expires).map((at) => (at.getTime() - CREATED.getTime()) / 3_600_000);

  it('APR-3 come at the SLA and after twice as long each time, before it expires', () => {
    assert.deepEqual(hoursAfter(4, EXPIRES), [4, 8, 16, 32, 64]);
    assert.deepEqual(hoursAfter(72, EXPIRES), []);
    assert.deepEqual(hoursAfter(71.9, EXPIRES), [71.9]);
  });

  it('APR-3 are ten at most, and none without an SLA', () => {
    assert.equal(hoursAfter(1, null).length, 10);
    for (const sla of [0, -1, Number.NaN]) assert.deepEqual(hoursAfter(sla, null), []);
    assert.deepEqual(hoursAfter(1e300, null), []);
  });
});

describe('which calls wait for an operator', () => {
  it('APR-5 none without a rule, all with always, else those that fulfil the condition', () => {
    assert.equal(needsApproval(null, { amount: 1e9 }), false);
    for (const always of ['always', ' Always ']) assert.equal(needsApproval(always, {}), true);
    assert.equal(needsApproval('amount > 100', { amount: 100 }), false);
    assert.equal(needsApproval('amount > 100', { amount: '100.01' }), true);
    assert.equal(needsApproval('customer.tier != "gold"', { customer: { tier: 'gold' } }), false);
  });

  it('APR-5 asks a person where the condition cannot be told', () => {
    const unclear: Record<string, Json>[] = [
      {},
      { amount: 'a lot' },
      { amount: null },
      { amount: '1,500' },
      { amount: [500] },
    ];
    for (const args of unclear) assert.equal(needsApproval('amount > 100', args), true, JSON.stringify(args));
    assert.equal(needsApproval('amount >', { amount: 1 }), true);
    assert.equal(needsApproval('__proto__.amount > 1', { amount: 1 }), true);
  });

  it('APR-5 refuses a rule that cannot be read, or speaks of arguments that the call does not have', () => {
    assert.deepEqual(approvalRuleProblems(null), []);
    assert.deepEqual(approvalRuleProblems('always', []), []);
    assert.deepEqual(
      approvalRuleProblems('amount > 100 and customer.tier == "gold"', ['amount', 'customer']),
      [],
    );
    assert.deepEqual(
      approvalRuleProblems('amuont > 100 or customer.tier == "x"', ['amount']).map(({ at }) => at),
      [1, 17],
    );
    assert.equal(approvalRuleProblems('sometimes maybe').length, 1);
  });
});
