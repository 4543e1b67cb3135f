import { strict as assert } from 'node:assert';
import { outcomeOfRefusal } from './graph-error.ts';

/** Code, a status that some table prints for it, and what must come of it. */
const CODES: [code: number, status: number, kind: string][] = [
  [131047, 400, 'failed'],
  [131026, 400, 'failed'],
  [131051, 400, 'failed'],
  [131048, 429, 'failed'],
  [131062, 400, 'failed'],
  [368, 403, 'failed'],
  [190, 401, 'failed'],
  [0, 401, 'failed'],
  [3, 500, 'failed'],
  [100, 400, 'failed'],
  [999999, 400, 'failed'],
  [130429, 429, 'try_again'],
  [130429, 400, 'try_again'],
  [4, 400, 'try_again'],
  [80007, 400, 'try_again'],
  [1, 400, 'try_again'],
  [2, 503, 'try_again'],
  [131000, 500, 'try_again'],
  [131057, 400, 'try_again'],
  [999999, 500, 'try_again'],
];

function refusal(status: number, error: unknown, more: { afterMs?: number; attempt?: number } = {}) {
  const body = Buffer.from(typeof error === 'string' ? error : JSON.stringify({ error }));
  return outcomeOfRefusal({ status, body, afterMs: more.afterMs ?? null, attempt: more.attempt ?? 1 });
}

describe('error answers of the Graph API', () => {
  for (const [code, status, kind] of CODES) {
    it(`CHAN-4 takes code ${code} with status ${status} for ${kind}`, () => {
      const outcome = refusal(status, { code, message: 'some words', fbtrace_id: 'x' });
      assert.equal(outcome.kind, kind);
      assert.equal('code' in outcome && outcome.code, String(code));
    });
  }

  it('CHAN-4 honours Retry-After and is_transient', () => {
    assert.deepEqual(refusal(400, { code: 777, is_transient: true }, { afterMs: 9000 }), {
      kind: 'try_again',
      afterMs: 9000,
      code: '777',
      mayHaveArrived: false,
    });
  });

  it('CHAN-4 waits four to the power of the attempt at the pair limit, an hour at most', () => {
    const waits = [1, 2, 3, 20].map((attempt) => refusal(400, { code: 131056 }, { attempt }));
    assert.deepEqual(
      waits.map((outcome) => outcome.kind === 'try_again' && outcome.afterMs),
      [4000, 16_000, 64_000, 3_600_000],
    );
  });

  it('CHAN-5 takes a gateway that heard nothing for an unknown outcome, without an error of Meta', () => {
    for (const body of ['', '<html>', '[]', '{"error":"x"}']) {
      for (const status of [502, 504])
        assert.deepEqual(refusal(status, body), { kind: 'unknown', code: `http_${status}` });
      for (const status of [408, 429, 500, 503]) assert.equal(refusal(status, body).kind, 'try_again');
      for (const status of [302, 400, 401, 404, 413]) assert.equal(refusal(status, body).kind, 'failed');
    }
  });
});
