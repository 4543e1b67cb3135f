import { strict as assert } from 'node:assert';
import { EgressFailure } from '../../egress/egress-failure.ts';
import { troubleOf } from './web-api-trouble.ts';

const said = (error: string | null, status = 200, afterMs: number | null = null) =>
  troubleOf({ status, error, afterMs });

describe("troubles of Slack's Web API", () => {
  for (const error of [
    'channel_not_found',
    'is_archived',
    'token_revoked',
    'invalid_auth',
    'not_in_channel',
    'missing_scope',
    'msg_too_long',
    'an_error_of_tomorrow',
  ])
    it(`CHAN-4 takes ${error} for final`, () => {
      assert.deepEqual(said(error), { kind: 'never', code: error });
    });

  for (const error of ['ratelimited', 'service_unavailable', 'request_timeout'])
    it(`CHAN-4 takes ${error} for passing`, () => {
      assert.deepEqual(said(error), { kind: 'not_now', code: error, afterMs: null });
    });

  for (const error of ['fatal_error', 'internal_error'])
    it(`CHAN-5 takes ${error} for something that may have happened`, () => {
      assert.deepEqual(said(error), { kind: 'unknown', code: error });
    });

  it('CHAN-4 waits as long as Slack says, an hour at most', () => {
    assert.deepEqual(said(null, 429, 30_000), { kind: 'not_now', code: 'ratelimited', afterMs: 30_000 });
    assert.deepEqual(said(null, 429, 9e9), { kind: 'not_now', code: 'ratelimited', afterMs: 3_600_000 });
    assert.deepEqual(said(null, 429), { kind: 'not_now', code: 'ratelimited', afterMs: null });
  });

  it('CHAN-5 does not trust a status of something in front of Slack, nor an answer that it cannot read', () => {
    assert.deepEqual(said(null, 502), { kind: 'unknown', code: 'http_502' });
    assert.deepEqual(said(null, 408), { kind: 'unknown', code: 'http_408' });
    assert.deepEqual(said(null, 403), { kind: 'never', code: 'http_403' });
    assert.deepEqual(said('<html>The customer said: halo</html>'), {
      kind: 'unknown',
      code: 'answer_unreadable',
    });
    assert.deepEqual(said(null), { kind: 'unknown', code: 'answer_unreadable' });
  });

  it('CHAN-5 tells a call that never left from one that may have arrived', () => {
    const failed = (code: EgressFailure['code'], mayHaveArrived: boolean) =>
      troubleOf({ failure: new EgressFailure(code, 'x', { mayHaveArrived }) });
    assert.deepEqual(failed('nothing_sent', false), { kind: 'not_now', code: 'nothing_sent', afterMs: null });
    assert.deepEqual(failed('timed_out', true), { kind: 'unknown', code: 'outcome_unknown' });
    assert.deepEqual(failed('bad_request', false), { kind: 'never', code: 'bad_bot_token' });
    assert.deepEqual(failed('blocked_destination', false), { kind: 'never', code: 'blocked_destination' });
  });
});
