import { openEgress } from '../../adapters/egress/egress.ts';
import { openWebhooks } from '../../adapters/webhooks/open-webhooks.ts';
import { apiRequest } from '../../activities/tools/api-request.ts';
import { declareSsrfMatrix } from './ssrf-matrix.ts';
import { attemptWith, fakePorts, ready } from './tool-situation.ts';

describe('SSRF matrix of the api action', () => {
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
          const fields = { name: 'call', description: 'Calls it', method: 'POST', url, connection: 'c' };
          if (apiRequest.problemsOf(fields).length > 0)
            return { outcome: 'bad_url', reason: null, mayHaveArrived: false };
          const resolved = ready('api', fields);
          const executed = await apiRequest.execute(
            { ...fakePorts().ports, webhooks },
            attemptWith(resolved, { reliability: 'none' }),
          );
          if (executed.kind !== 'ended') throw new Error('what may not be repeated ends at once');
          const { outcome, attempt } = executed;
          const status = attempt?.statusCode ?? null;
          return {
            outcome: status === null ? (outcome.reason ?? '') : `answered ${status}`,
            reason: null,
            mayHaveArrived: outcome.state !== 'failed',
          };
        },
      };
    },
  });
});
