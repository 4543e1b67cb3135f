import { strict as assert } from 'node:assert';
import { judgeAnswer } from './judge-answer.ts';
import type { WebhookAnswer } from './ports.ts';

function answered(status: number, body = '', retryAfterMs: number | null = null): WebhookAnswer {
  return { kind: 'answered', status, body, truncated: false, retryAfterMs, durationMs: 1 };
}

function silent(code: string, mayHaveArrived: boolean): WebhookAnswer {
  return { kind: 'no_answer', code, mayHaveArrived, durationMs: 1 };
}

describe('what a receiver answers', () => {
  it('EXT-5 takes 2xx for success and reads its JSON', () => {
    assert.deepEqual(judgeAnswer(answered(201, '{"order_id": 7}'), true), {
      kind: 'ended',
      state: 'succeeded',
      reason: null,
      response: { order_id: 7 },
    });
  });

  it('EXT-5 takes an answer that is no JSON, or was too long to read, for a success without a response', () => {
    for (const answer of [
      answered(200, '<html>'),
      { ...answered(200, '{'), truncated: true } as WebhookAnswer,
    ]) {
      const judged = judgeAnswer(answer, true);
      assert.deepEqual(judged, { kind: 'ended', state: 'succeeded', reason: null, response: null });
    }
  });

  it('EXT-5 tries 408, 429 and 5xx again while attempts are left, as late as the receiver asks', () => {
    for (const status of [408, 429, 500, 503])
      assert.deepEqual(judgeAnswer(answered(status, '', 2_000), true), {
        kind: 'again',
        code: `http_${status}`,
        afterMs: 2_000,
      });
    assert.equal(judgeAnswer(answered(500), false).kind, 'ended');
  });

  it('EXT-5 ends a call whose receiver asks for an hour of patience', () => {
    const judged = judgeAnswer(answered(429, '', 3_600_000), true);
    assert.deepEqual(judged, { kind: 'ended', state: 'failed', reason: 'http_429', response: null });
  });

  it('EXT-5 does not repeat what another 4xx refused, what is gone, or what was redirected', () => {
    const reasons = [400, 404, 410, 422, 302, 307].map((status) => judgeAnswer(answered(status), true));
    assert.deepEqual(
      reasons.map((judged) => (judged.kind === 'ended' ? [judged.state, judged.reason] : judged)),
      [
        ['failed', 'http_400'],
        ['failed', 'http_404'],
        ['failed', 'gone'],
        ['failed', 'http_422'],
        ['failed', 'redirected'],
        ['failed', 'redirected'],
      ],
    );
  });

  it('EXT-6 never tries a blocked destination again', () => {
    const judged = judgeAnswer(silent('blocked_destination', false), true);
    assert.deepEqual(judged, {
      kind: 'ended',
      state: 'failed',
      reason: 'blocked_destination',
      response: null,
    });
  });

  it('EXT-5 says of the last attempt what is known: too late, never sent, or nobody knows', () => {
    const states = [
      silent('timed_out', true),
      silent('nothing_sent', false),
      silent('connection_lost', true),
    ].map((answer) => judgeAnswer(answer, false));
    assert.deepEqual(
      states.map((judged) => judged.kind === 'ended' && judged.state),
      ['timed_out', 'failed', 'unknown'],
    );
  });
});
