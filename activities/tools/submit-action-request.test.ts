import { strict as assert } from 'node:assert';
import type { RequestOutcome } from '../ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { FLAGS, gateOf, NODE_TYPES } from '../../domain/tool.ts';
import { attemptWith, fakePorts, ready, resolve } from '../../test/actions/tool-situation.ts';
import { submitActionRequest } from './submit-action-request.ts';

const NODE_TYPE = 'submit_action_request';
const ASKED = { request_type: 'refund_request', request_details: 'Twelve euros back for order 7' };
const approval = { actionId: 'an-id', remindAt: null, expiresAt: Date.parse('2026-11-22T10:00:00Z') };

async function run(filed: () => RequestOutcome) {
  const fake = fakePorts({ filed });
  const executed = await submitActionRequest.execute(fake.ports, attemptWith(ready(NODE_TYPE, {}, ASKED)));
  assert.ok(executed.kind === 'ended');
  return { ...fake, outcome: executed.outcome };
}

function refusal(proposed: object): { code: string; message: string } {
  const resolved = resolve(NODE_TYPE, {}, { ...ASKED, ...proposed });
  assert.ok(resolved.kind === 'refused');
  return resolved;
}

describe('submit_action_request', () => {
  it('APR-1 (AC Insert) hands on what the model said, and tells it the id and that it is pending', async () => {
    const { requests, outcome } = await run(() => ({ kind: 'made', approval }));
    assert.deepEqual(requests, [
      {
        requestType: 'refund_request',
        requestDetails: 'Twelve euros back for order 7',
        priority: 'medium',
        requestData: null,
      },
    ]);
    assert.equal(outcome.state, 'succeeded');
    const { success, action_id, status, message } = outcome.result as Record<string, unknown>;
    assert.deepEqual([success, action_id, status], [true, 'an-id', 'pending']);
    assert.ok(typeof message === 'string' && message.length < 200);
  });

  it('APR-1 (AC Priority) takes low, medium and high, null for medium, and nothing else', () => {
    for (const [given, taken] of [
      ['low', 'low'],
      ['high', 'high'],
      [null, 'medium'],
    ] as const)
      assert.equal(
        (ready(NODE_TYPE, {}, { ...ASKED, priority: given }) as { priority: string }).priority,
        taken,
      );
    for (const priority of ['urgent', 'HIGH', '', 3])
      assert.match(refusal({ priority }).message, /priority must be one of low, medium, high/);
  });

  it('APR-1 (AC Limits) names the limit of what is too long, too large or no JSON', () => {
    assert.match(refusal({ request_type: 'x'.repeat(101) }).message, /request_type must be at most 100 char/);
    assert.match(refusal({ request_details: 'x'.repeat(2_001) }).message, /at most 2000 characters/);
    assert.match(refusal({ request_data: JSON.stringify('x'.repeat(10_240)) }).message, /at most 10 KB/);
    assert.match(refusal({ request_data: '{not json' }).message, /request_data is not valid JSON/);
    assert.match(refusal({ request_type: ' ' }).message, /request_type is empty/);
  });

  it('APR-1 (AC Context) takes no id, status or time from the model', () => {
    for (const name of ['contact_id', 'organisation_id', 'status', 'expires_at'])
      assert.match(refusal({ [name]: 'x' }).message, new RegExp(`${name} is not for the model`));
    const { parameters } = submitActionRequest.offer({
      nodeType: NODE_TYPE,
      fields: {},
      requiresConfirmation: false,
    });
    assert.deepEqual(Object.keys((parameters as { properties: object }).properties), [
      'request_type',
      'request_details',
      'priority',
      'request_data',
    ]);
  });

  it('APR-1 (AC db_error) says so where the store fails, and leaves the error to the log', async () => {
    const { outcome, failures } = await run(() => {
      throw new ParleyFailure('UNEXPECTED');
    });
    assert.equal(outcome.state, 'failed');
    assert.deepEqual(outcome.result, { success: false, error: 'db_error' });
    assert.deepEqual(
      failures.map(({ code, activity }) => [code, activity]),
      [['db_error', NODE_TYPE]],
    );
  });

  it('APR-6 (AC Limits) tells the model of the limit per customer', async () => {
    const { outcome } = await run(() => ({ kind: 'refused', code: 'limit_reached', most: 10 }));
    const { success, error } = outcome.result as Record<string, unknown>;
    assert.equal(success, false);
    assert.match(String(error), /at most 10 requests/);
    assert.equal(outcome.reason, 'limit_reached');
  });

  it('APR-1 is there with its own flag alone, which opens nothing else', () => {
    const gates = (...flags: string[]) => ({
      organisationFlags: new Set(flags),
      systemFlags: new Set<string>(),
      components: new Set<string>(),
      enabledNodeTypes: new Set<string>(NODE_TYPES),
    });
    assert.equal(gateOf(NODE_TYPE, gates(FLAGS.actions, FLAGS.api)), 'flag_off');
    const open = NODE_TYPES.filter((nodeType) => gateOf(nodeType, gates(FLAGS.actionsCenter)) === null);
    assert.deepEqual(open, [NODE_TYPE]);
  });
});
