import { openEgress } from '../../adapters/egress/egress.ts';
import { openWebhooks } from '../../adapters/webhooks/open-webhooks.ts';
import { declareSsrfMatrix } from './ssrf-matrix.ts';

const unaborted = new AbortController().signal;

describe("SSRF matrix of builders' receivers", () => {
  declareSsrfMatrix({
    open(way) {
      const egress = openEgress(way);
      const webhooks = openWebhooks({
        egress,
        secretsOf: () => Promise.resolve({ authentication: { type: 'bearer', value: 'not-for-inside' } }),
        clock: { now: () => new Date() },
      });
      return {
        close: () => egress.close(),
        async attempt(url) {
          const answer = await webhooks.call(
            {
              organisationId: 'o',
              secrets: { connection: 'c' },
              method: 'POST',
              url,
              headers: {},
              body: '{}',
              idempotencyKey: 'k',
              callId: 'c',
              timeoutMs: 2000,
            },
            unaborted,
          );
          return answer.kind === 'answered'
            ? { outcome: `answered ${answer.status}`, reason: null, mayHaveArrived: true }
            : { outcome: answer.code, reason: null, mayHaveArrived: answer.mayHaveArrived };
        },
      };
    },
  });
});
