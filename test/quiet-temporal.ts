import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

// The SDK's runtime is one for the whole mocha process and takes its settings once: whoever needs them imports this.
// It leaves signals to mocha.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  shutdownSignals: [],
});
