import { strict as assert } from 'node:assert';
import { EgressFailure } from '../../adapters/egress/egress-failure.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import { declareSsrfMatrix } from '../actions/ssrf-matrix.ts';

describe('SSRF matrix of the guarded way out', () => {
  declareSsrfMatrix({
    open(way) {
      const egress = openEgress(way);
      return {
        close: () => egress.close(),
        async attempt(url) {
          try {
            const request = { method: 'POST', url, body: '{}', timeoutMs: 2000, maxResponseBytes: 100 };
            const { status } = await egress.request(request);
            return { outcome: `answered ${status}`, reason: null, mayHaveArrived: true };
          } catch (error) {
            assert.ok(error instanceof EgressFailure, String(error));
            assert.ok(!error.message.includes('127'), 'the message does not quote the URL');
            return { outcome: error.code, reason: error.reason, mayHaveArrived: error.mayHaveArrived };
          }
        },
      };
    },
  });
});
