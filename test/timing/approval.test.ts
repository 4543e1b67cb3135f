import { strict as assert } from 'node:assert';
import { HOUR, MINUTE, openSkippedWorld, punctual, says, SECOND } from './skipped-world.ts';
import type { SkippedWorld } from './skipped-world.ts';

const ASK = {
  request_type: 'refund_request',
  request_details: 'Twelve euros back for order 7',
  priority: 'high',
  request_data: null,
};
/** Four hours to the first reminder, three days to the end. */
const PATIENT = {
  tools: [{ nodeType: 'submit_action_request' as const, fields: {}, requiresConfirmation: false }],
  approvalReminderSeconds: 14_400,
  approvalExpirySeconds: 259_200,
};

describe('a request to operators in its real durations', function () {
  this.timeout(60_000);
  let world: SkippedWorld;

  before(async function () {
    const opened = await openSkippedWorld();
    if (opened === null) return this.skip();
    world = opened;
  });
  after(() => world?.close());

  /** A customer whose request waits for a decision, as the customer has heard. */
  async function waiting() {
    const customer = await world.customer(PATIENT);
    world.answers(says(null, [{ id: 'a', name: 'submit_action_request', arguments: JSON.stringify(ASK) }]));
    await customer.says('May I have my money back?');
    await world.sleep(8 * SECOND);
    await customer.hears(1);
    const [request] = await customer.requests();
    assert.ok(request, 'it is asked');
    return { customer, ...request };
  }

  it('APR-3 reminds after 4 hours and each time after twice as long, and expires after 72', async () => {
    const { customer, created_at, expires_at } = await waiting();
    assert.equal(expires_at.getTime() - created_at.getTime(), 72 * HOUR);
    await world.sleep(71 * HOUR);
    const reminders = await customer.times('approval_reminder');
    // Each pause is twice the one before, which began when the request's workflow did: a moment after the request.
    const hours = reminders.map((at) => Math.round((at.getTime() - created_at.getTime()) / MINUTE) / 60);
    assert.deepEqual(hours, [4, 8, 16, 32, 64]);
    await customer.hears(1);

    await world.sleep(HOUR);
    const [, told] = await customer.hears(2);
    punctual(told?.at, created_at, 72 * HOUR);
    assert.match(told?.text ?? '', /could decide/);
    assert.equal((await customer.requests())[0]?.status, 'expired');
    assert.deepEqual((await customer.view()).openApprovals, []);
    await world.sleep(72 * HOUR);
    assert.equal((await customer.times('approval_reminder')).length, 5);
  });

  it('APR-3 tells a decision of the third day at once, and reminds of it no more', async () => {
    const { customer, id } = await waiting();
    await world.sleep(50 * HOUR);
    world.answers(says('It was approved.'));
    const decided = await customer.decides(id, 'approve');
    const [, told] = await customer.hears(2);
    punctual(told?.at, decided, 0);
    assert.match(told?.text ?? '', /approved/);
    await world.sleep(48 * HOUR);
    await customer.hears(2);
    assert.equal((await customer.times('approval_reminder')).length, 4);
    assert.equal((await customer.requests())[0]?.status, 'approved');
  });
});
