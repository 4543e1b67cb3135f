import { strict as assert } from 'node:assert';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { openTrials } from './trials.ts';
import type { TemporalConfig } from './connection.ts';

describe('trials', () => {
  it('EXT-8 says that nothing was started while Temporal is away', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const temporal: TemporalConfig = {
      address: `127.0.0.1:${port}`,
      namespace: 'default',
      apiKey: null,
      tlsCert: null,
      tlsKey: null,
      uiUrl: null,
      workflowTaskTimeoutSeconds: 10,
    };
    const trials = openTrials(temporal);
    const input = { organisationId: 'o', callId: 'c', understand: false, live: true };
    assert.equal(await trials.run(input, 1_000), 'not_started');
    await trials.close();
  });
});
