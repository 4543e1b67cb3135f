import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config.ts';
import { embeddedPostgresUrl, postgresPlan } from './embedded-postgres.ts';
import { choosePorts, freePort, PORT_OFFSETS, type PortName } from './ports.ts';
import type { Progress } from './progress.ts';
import type { StageMemory } from './stage-memory.ts';
import {
  apiEnv,
  machineEnv,
  nodePlan,
  workerEnv,
  type DatabaseUrls,
  type Surroundings,
} from './stage-programs.ts';
import type { StageOptions } from './stage.ts';
import type { ProcessPlan } from './process-plan.ts';
import { findTemporalCli, type TemporalCli } from './temporal-cli/find-temporal-cli.ts';
import { temporalPlan } from './temporal-server.ts';

/** What a stage consists of, decided before anything is started. */
export interface Parts {
  around: Surroundings;
  plans: ProcessPlan[];
  api: string;
  /** Base address of the stand-ins, null with --bare. */
  standIns: string | null;
  /** Receives the replies of the generic channel; null with --bare. */
  sink: string | null;
  offlineModel: boolean;
  temporalDir: string;
}

interface PlanOptions extends StageOptions {
  dataDir: string;
  memory: StageMemory;
  progress: Progress;
  signal: AbortSignal;
  /** Further environment of one process, asked at each of its starts. */
  extraEnv: (name: string) => Record<string, string>;
}

/** @throws ConfigError, PortTaken. Nothing is started. */
export async function planParts(options: PlanOptions): Promise<Parts> {
  const { dataDir, memory, extraEnv, bare = false } = options;
  const given = options.env ?? {};
  const model = chooseModel(given, bare);
  const ports = await choosePorts({
    file: join(dataDir, 'ports.json'),
    port: portOf(given['PORT']),
    used: usedPorts(given, bare, model.offline),
    anywhere: options.anywhere ?? false,
    say: options.progress.say,
  });
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const api = at(ports.api);
  const standIns = bare ? null : at(ports['stand-ins']);
  const database = databaseUrls(given['DATABASE_URL'], memory, ports.postgres);
  const around: Surroundings = {
    given,
    dataDir,
    ports,
    database,
    temporal: {
      address: given['TEMPORAL_ADDRESS'] || `127.0.0.1:${ports.temporal}`,
      namespace: given['TEMPORAL_NAMESPACE'] || 'default',
      uiUrl: given['TEMPORAL_UI_URL'] || (given['TEMPORAL_ADDRESS'] ? null : at(ports.temporal_ui)),
    },
    secretsKey: given['SECRETS_KEY'] || memory.secretsKey(),
    publicUrl: given['PUBLIC_URL'] || api,
    whatsappGraphUrl: given['WHATSAPP_GRAPH_URL'] || (standIns && `${standIns}/whatsapp`),
    slackApiUrl: given['SLACK_API_URL'] || (standIns && `${standIns}/slack/api`),
    qontakBaseUrl: given['QONTAK_BASE_URL'] || (standIns && `${standIns}/crm`),
    model: model.offline ? { baseUrl: `${at(ports.model)}/v1`, apiKey: 'offline' } : model,
    egressAllow: standIns === null ? [] : [new URL(standIns).host],
  };
  checkSettings(around);

  const plans: ProcessPlan[] = [];
  const temporalDir = join(dataDir, 'temporal');
  if (!given['DATABASE_URL']) {
    const clusterDir = join(dataDir, 'postgres');
    const { postgres: password } = memory.passwords();
    const settings = options.postgresSettings ?? [];
    plans.push(postgresPlan({ clusterDir, port: ports.postgres, password, env: machineEnv(), settings }));
  }
  if (!given['TEMPORAL_ADDRESS']) {
    const { namespace } = around.temporal;
    const [port, uiPort] = [ports.temporal, ports.temporal_ui];
    plans.push(
      temporalPlan({ cli: cliOnce(options), dir: temporalDir, port, uiPort, namespace, env: machineEnv() }),
    );
  }
  if (!bare) plans.push(standInsPlan(ports['stand-ins'], api, memory, given, extraEnv));
  if (model.offline) plans.push(offlineModelPlan(ports.model, extraEnv));
  plans.push(apiPlan(around, extraEnv), ...(await workerPlans(around, options.workers ?? 1, extraEnv)));
  const sink = standIns && `${standIns}/sink/replies`;
  return { around, plans, api, standIns, sink, offlineModel: model.offline, temporalDir };
}

/** All that is wrong with the settings is said now, and not by the first process that stumbles over it. */
function checkSettings(around: Surroundings): void {
  const problems = new Set<string>();
  const check = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  };
  check(() => loadConfig(apiEnv(around), 'api'));
  check(() => loadConfig(workerEnv(around, around.ports.worker_metrics), 'worker'));
  if (problems.size > 0) throw new ConfigError([...problems]);
}

function chooseModel(given: NodeJS.ProcessEnv, bare: boolean) {
  const [baseUrl, apiKey] = [given['OPENAI_BASE_URL'] || null, given['OPENAI_API_KEY'] || null];
  const offline = baseUrl === null && apiKey === null;
  if (offline && bare) {
    throw new ConfigError([
      '--bare brings no model: set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of yours',
    ]);
  }
  return { baseUrl, apiKey, offline };
}

function portOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new ConfigError(['PORT is not a port number (1 to 65535)']);
  return port;
}

function usedPorts(given: NodeJS.ProcessEnv, bare: boolean, offlineModel: boolean): PortName[] {
  const unused = new Set<PortName>();
  if (given['DATABASE_URL']) unused.add('postgres');
  if (given['TEMPORAL_ADDRESS']) unused.add('temporal').add('temporal_ui');
  if (bare) unused.add('stand-ins');
  if (!offlineModel) unused.add('model');
  return (Object.keys(PORT_OFFSETS) as PortName[]).filter((name) => !unused.has(name));
}

/** The admin connection, and on the same database three logins that migrations make or update. */
function databaseUrls(named: string | undefined, memory: StageMemory, port: number): DatabaseUrls {
  const passwords = memory.passwords();
  const ownerUrl = named || embeddedPostgresUrl(port, passwords.postgres);
  const loginUrl = (login: string, password: string) => {
    const url = new URL(ownerUrl);
    url.username = login;
    url.password = password;
    return url.href;
  };
  return {
    ownerUrl,
    appUrl: loginUrl('parley_app_login', passwords.app),
    lookupUrl: loginUrl('parley_lookup_login', passwords.lookup),
    jobsUrl: loginUrl('parley_jobs_login', passwords.jobs),
  };
}

/** The search may take minutes, so its result is kept; a failed one is made again. */
function cliOnce({ progress, signal }: PlanOptions): () => Promise<TemporalCli> {
  let found: Promise<TemporalCli> | undefined;
  return async () => {
    found ??= findTemporalCli(process.env, progress, signal);
    found.catch(() => (found = undefined));
    return found;
  };
}

type ExtraEnv = PlanOptions['extraEnv'];

function standInsPlan(
  port: number,
  api: string,
  memory: StageMemory,
  given: NodeJS.ProcessEnv,
  extraEnv: ExtraEnv,
): ProcessPlan {
  // A key for the vendor is none of the stand-in's business.
  const crmKey = given['QONTAK_BASE_URL'] ? '' : given['QONTAK_CRM_API_KEY'];
  const webhooks = (): Record<string, string> => {
    const seeded = memory.seeded();
    if (seeded === undefined) return {};
    return {
      WHATSAPP_WEBHOOK_URL: `${api}/webhooks/whatsapp/${seeded.channels.whatsapp}`,
      WHATSAPP_APP_SECRET: seeded.secrets.whatsapp_app_secret,
      SLACK_WEBHOOK_URL: `${api}/webhooks/slack/${seeded.channels.slack}`,
      SLACK_SIGNING_SECRET: seeded.secrets.slack_signing_secret,
    };
  };
  return nodePlan({
    name: 'stand-ins',
    program: 'dev/stand-ins/main.ts',
    env: () => ({
      ...machineEnv(),
      PORT: String(port),
      ...(crmKey ? { CRM_API_KEY: crmKey } : {}),
      ...webhooks(),
      ...extraEnv('stand-ins'),
    }),
    healthUrl: `http://127.0.0.1:${port}/healthz`,
    tier: 2,
    graceMs: 3_000,
  });
}

function offlineModelPlan(port: number, extraEnv: ExtraEnv): ProcessPlan {
  return nodePlan({
    name: 'model',
    program: 'dev/offline-model/main.ts',
    env: () => ({ ...machineEnv(), PORT: String(port), ...extraEnv('model') }),
    healthUrl: `http://127.0.0.1:${port}/healthz`,
    tier: 2,
    graceMs: 3_000,
  });
}

function apiPlan(around: Surroundings, extraEnv: ExtraEnv): ProcessPlan {
  return nodePlan({
    name: 'api',
    program: 'api/main.ts',
    env: () => ({ ...apiEnv(around), ...extraEnv('api') }),
    // Alive, not ready: it takes messages while Temporal is away.
    healthUrl: `http://127.0.0.1:${around.ports.api}/healthz`,
    tier: 3,
    graceMs: 10_000,
  });
}

async function workerPlans(around: Surroundings, count: number, extraEnv: ExtraEnv): Promise<ProcessPlan[]> {
  const plans: ProcessPlan[] = [];
  for (let index = 1; index <= count; index += 1) {
    const name = index === 1 ? 'worker' : `worker-${index}`;
    const metricsPort = index === 1 ? around.ports.worker_metrics : await freePort();
    plans.push(
      nodePlan({
        name,
        program: 'workers/main.ts',
        ahead: 'workers/unwatched-workflow-thread.ts',
        env: () => ({ ...workerEnv(around, metricsPort), ...extraEnv('worker'), ...extraEnv(name) }),
        healthUrl: `http://127.0.0.1:${metricsPort}/healthz`,
        tier: 3,
        graceMs: 15_000,
      }),
    );
  }
  return plans;
}
