import { openAsides, receivers } from '../adapters/channels/index.ts';
import { describeConfig } from '../adapters/log/describe-config.ts';
import { openLog } from '../adapters/log/log.ts';
import { sealAnswers } from '../adapters/postgres/idempotency-keys.ts';
import { openGatewayStores } from '../adapters/postgres/index.ts';
import { openSecrets } from '../adapters/secrets/secrets.ts';
import { openConversations } from '../adapters/temporal/conversations.ts';
import { entranceOptions } from '../adapters/temporal/entrance.ts';
import { openTrials } from '../adapters/temporal/trials.ts';
import { ConfigError, loadConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { conversationWorkflowId } from '../contract/ids.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';

const clock = { now: () => new Date() };

try {
  await main(loadConfig(process.env, 'api'));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** Serves until SIGTERM or SIGINT; then requests under way are finished and acknowledgements written. */
async function main(config: Config<'api'>): Promise<void> {
  const log = openLog({ name: 'api', level: config.logLevel });
  log.info(describeConfig(config), 'api starts');

  const secrets = openSecrets(config.secretsKey);
  const stores = await openGatewayStores({
    url: config.postgres.url,
    lookupUrl: config.postgres.lookupUrl,
    poolSize: config.postgres.poolSize,
    clock,
    secrets,
    crm: { hasAddress: config.qontak.baseUrl !== null, hasKey: config.qontak.crmApiKey !== null },
  });
  // Connects when it can: messages are taken while Temporal is away.
  const conversations = openConversations({
    temporal: config.temporal,
    entrance: entranceOptions(config),
    acknowledged: stores.acknowledged,
    clock,
    onNotTaken: (error) => log.warn({ err: error }, 'Temporal did not take a signal; the relay repeats it'),
  });
  const trials = openTrials(config.temporal);
  const asides = openAsides(config.slack);

  const stopping = stopSignal();
  const app = createApp(
    { ...stores, clock, conversations, trials, receivers, asides },
    {
      log,
      publicUrl: config.http.publicUrl,
      trustedProxies: config.http.trustedProxies,
      workflowUrl: workflowUrl(config.temporal),
      sealAnswer: sealAnswers(secrets),
      closing: stopping,
    },
  );
  const listening = await listen(app, config.http);
  log.info({ port: listening.port }, 'api ready');

  await new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  await listening.close();
  await Promise.all([conversations.close(), trials.close(), asides.close()]);
  await stores.close();
  log.info('api stopped');
}

/** Where the Temporal UI shows a conversation's workflow. */
function workflowUrl({ uiUrl, namespace }: Config['temporal']): (conversationId: string) => string | null {
  if (uiUrl === null) return () => null;
  return (conversationId) =>
    `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(conversationWorkflowId(conversationId))}`;
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
