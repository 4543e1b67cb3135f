import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { openChannels } from '../adapters/channels/index.ts';
import { openEgress } from '../adapters/egress/egress.ts';
import { describeConfig } from '../adapters/log/describe-config.ts';
import { openLog } from '../adapters/log/log.ts';
import type { Log } from '../adapters/log/log.ts';
import { openModel } from '../adapters/model/open-model.ts';
import { openTranscriber } from '../adapters/model/open-transcriber.ts';
import { openRelayStore, openTurnStores } from '../adapters/postgres/index.ts';
import { openCrm } from '../adapters/qontak/open-crm.ts';
import { openSecrets } from '../adapters/secrets/secrets.ts';
import { connectionSettings } from '../adapters/temporal/connection.ts';
import { entranceOptions } from '../adapters/temporal/entrance.ts';
import { temporalLogger } from '../adapters/temporal/logger.ts';
import { namespaceId } from '../adapters/temporal/namespace-id.ts';
import { ensureSearchAttributes } from '../adapters/temporal/search-attributes.ts';
import { openWebhooks } from '../adapters/webhooks/open-webhooks.ts';
import { ConfigError, loadConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { openFailpoint } from './failpoint.ts';
import { runRelay } from './relay.ts';
import { createWorkers } from './worker.ts';
import { forgoWorkflowStackTraces } from './workflow-stack-traces.ts';
import { workflowBundle } from './workflow-bundle.ts';

const clock = { now: () => new Date() };

try {
  await main(loadConfig(process.env, 'worker'));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs until SIGTERM or SIGINT: then tasks under way are finished, for up to half a minute. */
async function main(config: Config<'worker'>): Promise<void> {
  const log = openLog({ name: 'worker', level: config.logLevel });
  log.info(describeConfig(config), 'worker starts');
  const sdkLog = temporalLogger(log);
  Runtime.install({ logger: sdkLog, shutdownSignals: [] });
  const stopping = stopSignal();

  const secrets = openSecrets(config.secretsKey);
  const stores = await openTurnStores({
    url: config.postgres.url,
    poolSize: config.postgres.poolSize,
    clock,
    secrets,
  });
  const egress = openEgress({ allow: config.egressAllow });
  const channels = openChannels({
    integrations: stores.integrations,
    egress,
    whatsapp: config.whatsapp,
    slack: config.slack,
    placeholders: stores.placeholders,
    workspaceOf: stores.integrations.workspaceOf,
    clock,
  });
  const crm = openCrm({
    baseUrl: config.qontak.baseUrl,
    apiKey: config.qontak.crmApiKey,
    tokens: stores.companyTokens,
    clock,
  });
  const endpoint = {
    apiKey: config.model.apiKey ?? 'none',
    ...(config.model.baseUrl === null ? {} : { baseUrl: config.model.baseUrl }),
  };

  const connection = await connectPatiently(config.temporal, log, stopping);
  if (connection === null) return;
  const prepareServer = async () => {
    const error = await ensureSearchAttributes(connection, config.temporal.namespace);
    if (error !== null) log.warn({ err: error }, 'search attributes are not registered (docs/operations.md)');
  };
  await prepareServer();
  if (!config.worker.workflowStackTraces) forgoWorkflowStackTraces();
  const workers = await createWorkers({
    connection,
    namespace: config.temporal.namespace,
    ports: {
      ...stores,
      clock,
      channels,
      placeholderPosts: channels.placeholderPosts,
      humans: channels.humans,
      conversationUrl: (id) => `${config.http.publicUrl}/v1/conversations/${id}`,
      crm,
      webhooks: openWebhooks({ egress, secretsOf: stores.callSecrets, clock }),
      model: openModel({ ...endpoint, name: config.model.name }),
      transcriber: openTranscriber({ ...endpoint, name: config.model.transcription }),
      mediaSource: channels.mediaSource,
      failpoint: openFailpoint(config.worker.failpoint),
      failures: {
        record: ({ error, ...failure }) => log.warn({ ...failure, err: error }, 'an activity failed'),
      },
    },
    maxCachedWorkflows: config.worker.maxCachedWorkflows,
    poolSize: config.postgres.poolSize,
    modelQueue: config.model.taskQueue,
    workflowBundle: await workflowBundle(join(config.dataDir, 'cache'), sdkLog),
  });
  const relayStore = openRelayStore({ url: config.postgres.jobsUrl });
  const relay = config.worker.relay
    ? runRelay(
        {
          store: relayStore,
          client: new Client({ connection, namespace: config.temporal.namespace }),
          entrance: entranceOptions(config),
          prepareServer,
          namespace: async () => {
            const { namespace } = config.temporal;
            return { name: namespace, id: await namespaceId(connection, namespace) };
          },
          clock,
          log,
        },
        stopping,
      )
    : Promise.resolve();

  const health = serveHealth(config.http, () => workers.every((worker) => worker.getState() === 'RUNNING'));
  stopping.addEventListener('abort', () => workers.forEach((worker) => worker.shutdown()), { once: true });
  const running = Promise.all(workers.map((worker) => worker.run()));
  log.info('worker ready');
  await running;
  await relay;
  health?.close();
  await connection.close();
  await Promise.all([channels.close(), crm.close(), egress.close(), stores.close(), relayStore.close()]);
  log.info('worker stopped');
}

/** Temporal may come up after us, or be away for a while: a worker waits for it. Null: stopped meanwhile. */
async function connectPatiently(
  temporal: Config['temporal'],
  log: Log,
  stopping: AbortSignal,
): Promise<NativeConnection | null> {
  while (!stopping.aborted) {
    try {
      return await NativeConnection.connect(connectionSettings(temporal));
    } catch (error) {
      log.warn({ err: error, address: temporal.address }, 'Temporal is not there yet; trying again');
      await pause(1_000, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
  return null;
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

/** GET /healthz on the port for figures, where one is set: 200 while every worker polls. */
function serveHealth(http: Config['http'], polling: () => boolean) {
  if (http.metricsPort === null) return null;
  return createServer((_request, response) => {
    response.statusCode = polling() ? 200 : 503;
    response.end(polling() ? 'ok\n' : 'not polling\n');
  }).listen(http.metricsPort, http.host);
}
