import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { approvalRequestProblems, readApprovalRequest } from './approval-request.ts';

const REQUEST = { request_type: 'refund_request', request_details: 'Asks for 50 euros back.' };
const fields = (more: object) => approvalRequestProblems({ ...REQUEST, ...more }).map(({ field }) => field);
const said = (more: object) => approvalRequestProblems({ ...REQUEST, ...more })[0]?.message;

describe('a request for an operator', () => {
  it('APR-1 (AC Insert) reads what the model may say, of medium priority if it says none', () => {
    assert.deepEqual(readApprovalRequest({ ...REQUEST, request_data: '{"amount": 50}' }), {
      kind: 'request',
      request: {
        requestType: 'refund_request',
        requestDetails: 'Asks for 50 euros back.',
        priority: 'medium',
        requestData: { amount: 50 },
      },
    });
    for (const request_data of [undefined, null, '']) assert.deepEqual(fields({ request_data }), []);
  });

  it('APR-1 (AC Priority) takes low, medium and high, and nothing else', () => {
    for (const priority of ['low', 'medium', 'high']) assert.deepEqual(fields({ priority }), []);
    for (const priority of ['urgent', 'HIGH', '', null, 1, 'toString'])
      assert.deepEqual(fields({ priority }), ['priority'], String(priority));
    assert.match(said({ priority: 'urgent' }) ?? '', /low, medium, high/);
  });

  it('APR-1 (AC Insert) takes nothing from the model that the system fills in', () => {
    for (const name of ['organisation_id', 'contact_id', 'status', 'expires_at'])
      assert.deepEqual(fields({ [name]: 'x' }), [name]);
  });

  it('APR-1 (AC Unit) names the limit of a text that is too long, to the character', () => {
    assert.deepEqual(fields({ request_type: '😀'.repeat(100), request_details: 'é'.repeat(2000) }), []);
    assert.match(said({ request_type: 'x'.repeat(101) }) ?? '', /100 characters/);
    assert.match(said({ request_details: 'x'.repeat(2001) }) ?? '', /2000 characters/);
  });

  it('APR-1 (AC Unit) takes data of 10 KB, counted in bytes, and no more', () => {
    const ofBytes = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    assert.deepEqual(fields({ request_data: ofBytes(10_240) }), []);
    assert.match(said({ request_data: ofBytes(10_241) }) ?? '', /10 KB/);
    assert.deepEqual(fields({ request_data: `"${'é'.repeat(5119)}"` }), []);
    assert.deepEqual(fields({ request_data: `"${'é'.repeat(5120)}"` }), ['request_data']);
  });

  it('APR-1 (AC Negative) refuses data that is no JSON, without repeating it', () => {
    for (const request_data of ['{bad', '{"a": undefined}', ' ', "{'a': 1}", { amount: 50 }, 7])
      assert.deepEqual(fields({ request_data }), ['request_data']);
    assert.equal(said({ request_data: '{secret' }), 'is not valid JSON');
  });

  it('APR-1 refuses data that could not be kept: nested without end, or of characters that Postgres refuses', () => {
    assert.deepEqual(fields({ request_data: '['.repeat(4000) + ']'.repeat(4000) }), ['request_data']);
    assert.deepEqual(fields({ request_data: String.raw`{"a": "\u0000"}` }), ['request_data']);
    assert.deepEqual(fields({ request_data: String.raw`{"\ud800": 1}` }), ['request_data']);
    assert.deepEqual(fields({ request_type: 'a\0b' }), ['request_type']);
  });

  it('APR-1 (AC Unit) reports everything at once', () => {
    const wrong = {
      request_type: ' ',
      request_details: 7,
      priority: 'urgent',
      request_data: '{',
      user_id: 1,
    };
    const expected = ['request_type', 'request_details', 'priority', 'request_data', 'user_id'];
    assert.deepEqual(fields(wrong), expected);
    assert.deepEqual(
      approvalRequestProblems({}).map(({ field }) => field),
      ['request_type', 'request_details'],
    );
  });

  it('APR-1 reads anything at all without failing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.jsonValue(), (anything, json) => {
        for (const input of [anything, { ...REQUEST, request_data: anything }, { request_type: anything }]) {
          const read = readApprovalRequest(input);
          assert.equal(read.kind === 'request', approvalRequestProblems(input).length === 0);
        }
        const read = readApprovalRequest({ ...REQUEST, request_data: JSON.stringify(json) });
        if (read.kind === 'request')
          assert.deepEqual(read.request.requestData, JSON.parse(JSON.stringify(json)));
      }),
    );
  });
});
