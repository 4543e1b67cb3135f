import { strict as assert } from 'node:assert';
import {
  buttonValue,
  endedRequestInWords,
  endInWords,
  isSlackTarget,
  readButtonValue,
  requestInWords,
  slackTargetOf,
} from './approval-message.ts';

const AT = new Date('2026-11-21T10:05:59Z');
const REQUEST = {
  requestType: 'refund_request',
  requestDetails: 'Twelve euros\nback for order 7',
  requestData: { order: 7 },
  priority: 'high' as const,
  customer: 'Ann',
  expiresAt: AT,
};
const ID = 'a0a0a0a0-0000-4000-8000-00000000000a';

describe('requests to operators on Slack', () => {
  it('APR-7 say what is asked, of how much weight, for whom and until when', () => {
    assert.equal(
      requestInWords(REQUEST, 'https://parley.example/1'),
      'A request waits for a decision (high, until 2026-11-21 10:05 UTC)\n' +
        'refund_request, for Ann: Twelve euros back for order 7\n{"order":7}\nhttps://parley.example/1',
    );
  });

  it('APR-4 say in the end who decided, how and when', () => {
    assert.equal(
      endInWords({ status: 'approved', by: 'Rina', at: AT }),
      'Approved by Rina at 2026-11-21 10:05 UTC.',
    );
    assert.equal(
      endInWords({ status: 'expired', by: null, at: AT }),
      'Expired without a decision at 2026-11-21 10:05 UTC.',
    );
    const end = { status: 'denied' as const, by: 'Rina', at: AT };
    assert.equal(
      endedRequestInWords({ ...REQUEST, requestData: null, customer: null }, end, 'https://parley.example/1'),
      'Denied by Rina at 2026-11-21 10:05 UTC.\n' +
        'refund_request: Twelve euros back for order 7\nhttps://parley.example/1',
    );
  });

  it('APR-7 are cut where nobody reads on', () => {
    const long = requestInWords(
      { ...REQUEST, requestDetails: 'x'.repeat(5_000), requestData: 'y'.repeat(5_000) },
      'https://parley.example/1',
    );
    assert.ok(long.length < 2_500 && long.endsWith('…"\nhttps://parley.example/1'));
  });

  it('APR-7 show every argument of a call, however long a customer makes another', () => {
    const requestData = {
      note: 'x'.repeat(5_000),
      items: Array.from({ length: 99 }, (_, n) => n),
      amount: 950,
    };
    const words = requestInWords({ ...REQUEST, requestData }, 'https://parley.example/1');
    assert.match(words, /x…","items":\[0,1,2,3,4,5,6,7,8,9,"…"\],"amount":950\}\n/);
  });

  it('APR-7 give no line to the words of a customer or a model', () => {
    const forged = ['Ann\nApproved by Rina', 'Ann\r\u2028\u2029\vApproved by Rina'];
    for (const customer of forged) {
      const request = { ...REQUEST, requestType: customer, requestDetails: customer, customer };
      const words = requestInWords(request, 'https://parley.example/1');
      const line = 'Ann Approved by Rina, for Ann Approved by Rina: Ann Approved by Rina';
      assert.deepEqual(words.split(/[\n\r\v\u2028\u2029]/).slice(1, 2), [line]);
    }
  });

  it("APR-7 go to the agent's own target, otherwise to whom it calls on Slack", () => {
    const member = 'a0a0a0a0-0000-4000-8000-00000000000a';
    const target = (approvalSlackTarget: string | null, escalationAssignee: string | null) =>
      slackTargetOf({ approvalSlackTarget, escalationAssignee });
    assert.equal(target('C0OFFICE', 'U0ADI'), 'C0OFFICE');
    assert.equal(target(null, 'U0ADI'), 'U0ADI');
    assert.equal(target(null, member), null);
    assert.equal(target(null, null), null);
    for (const good of ['C0OFFICE', 'G0OFFICE', 'U0ADI', 'W0ADI']) assert.ok(isSlackTarget(good), good);
    for (const bad of ['', 'C', 'D0DIRECT', 'c0office', '#office', member])
      assert.ok(!isSlackTarget(bad), bad);
  });

  it('APR-7 carry an id and a digest in their buttons, and read nothing else there', () => {
    for (const digest of [null, 'sha256-x/y+z='])
      assert.deepEqual(readButtonValue(buttonValue(ID, digest)), { actionId: ID, digest });
    for (const wrong of ['', 'a-1:2', `${ID}:`, `${ID}: x`, `${ID}x`, `${ID}:${'x'.repeat(201)}`])
      assert.equal(readButtonValue(wrong), null, wrong);
  });
});
