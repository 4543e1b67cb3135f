import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Ports } from './ports.ts';
import type { ProcessPlan } from './process-plan.ts';

/** All that the product's programs are told about where they live. */
export interface Surroundings {
  /** The settings a person gave; only those the product knows are handed on. */
  given: NodeJS.ProcessEnv;
  dataDir: string;
  ports: Ports;
  database: DatabaseUrls;
  temporal: { address: string; namespace: string; uiUrl: string | null };
  secretsKey: string;
  publicUrl: string;
  whatsappGraphUrl: string | null;
  slackApiUrl: string | null;
  qontakBaseUrl: string | null;
  /** `baseUrl` null is the vendor's own endpoint. */
  model: { baseUrl: string | null; apiKey: string | null };
  /** `host:port` of the stand-ins, which are private addresses that may be called. */
  egressAllow: string[];
}

/** The admin connection and the three logins made by it. */
export interface DatabaseUrls {
  ownerUrl: string;
  appUrl: string;
  lookupUrl: string;
  jobsUrl: string;
}

/** What any program on this machine needs: to find programs and files, and the way out through a proxy. */
const MACHINE = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];
const PROXY = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_USE_ENV_PROXY',
];
const BOTH = [
  'DATABASE_POOL_SIZE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CERT',
  'TEMPORAL_TLS_KEY',
  'WORKFLOW_TASK_TIMEOUT_SECONDS',
  'TURNS_PER_RUN',
  'DELIVERY_REPORT_SECONDS',
  'MODEL_TASK_QUEUE',
  'QONTAK_CRM_API_KEY',
  'LOG_LEVEL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
];

/** Environment of programs that are not ours and of our stand-ins. */
export function machineEnv(): Record<string, string> {
  return pick(process.env, [...MACHINE, ...PROXY]);
}

export function apiEnv(around: Surroundings): Record<string, string> {
  return {
    ...productEnv(around),
    PORT: String(around.ports.api),
    ...pick(around.given, ['TRUSTED_PROXIES']),
    METRICS_PORT: String(around.ports.api_metrics),
    DATABASE_LOOKUP_URL: around.database.lookupUrl,
  };
}

/** `metricsPort` differs from worker to worker on one machine. */
export function workerEnv(around: Surroundings, metricsPort: number): Record<string, string> {
  return {
    ...productEnv(around),
    ...pick(around.given, [
      'OPENAI_MODEL',
      'OPENAI_TRANSCRIPTION_MODEL',
      'MAX_CACHED_WORKFLOWS',
      'RELAY',
      'WORKFLOW_STACK_TRACES',
      'FAILPOINT',
    ]),
    METRICS_PORT: String(metricsPort),
    DATABASE_JOBS_URL: around.database.jobsUrl,
    ...present({ OPENAI_API_KEY: around.model.apiKey, OPENAI_BASE_URL: around.model.baseUrl }),
  };
}

function productEnv(around: Surroundings): Record<string, string> {
  const allowed = [around.given['EGRESS_ALLOW'] ?? '', ...around.egressAllow].filter((entry) => entry !== '');
  return {
    ...machineEnv(),
    ...pick(around.given, BOTH),
    DATABASE_URL: around.database.appUrl,
    TEMPORAL_ADDRESS: around.temporal.address,
    TEMPORAL_NAMESPACE: around.temporal.namespace,
    SECRETS_KEY: around.secretsKey,
    PUBLIC_URL: around.publicUrl,
    EGRESS_ALLOW: allowed.join(','),
    DATA_DIR: around.dataDir,
    ...present({
      TEMPORAL_UI_URL: around.temporal.uiUrl,
      WHATSAPP_GRAPH_URL: around.whatsappGraphUrl,
      SLACK_API_URL: around.slackApiUrl,
      QONTAK_BASE_URL: around.qontakBaseUrl,
    }),
  };
}

interface NodeProgram {
  name: string;
  /** Path from the top of the repository. */
  program: string;
  /** Loaded before the program, into each of its threads. */
  ahead?: string;
  env: () => Record<string, string>;
  /** Answers 200 once the program does its work. */
  healthUrl: string;
  tier: number;
  graceMs: number;
}

/** A TypeScript program of this repository, on the very Node that runs us. */
export function nodePlan({ name, program, ahead, env, healthUrl, tier, graceMs }: NodeProgram): ProcessPlan {
  const root = join(import.meta.dirname, '..');
  const before = ahead === undefined ? [] : ['--import', pathToFileURL(join(root, ahead)).href];
  return {
    name,
    command: () => ({
      file: process.execPath,
      args: [...before, join(root, program)],
      env: env(),
      cwd: root,
    }),
    ready: () => answersWell(healthUrl),
    readyWithinMs: 60_000,
    stopSignal: 'SIGTERM',
    graceMs,
    tier,
  };
}

/** True when a GET answers 2xx within two seconds. */
export async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return present(Object.fromEntries(names.map((name) => [name, env[name] || null])));
}

function present(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
