import { z } from 'zod';

/** A program of ours that reads the environment; all require DATABASE_URL, each some more (see `REQUIRED`). */
export type Program = 'api' | 'worker' | 'migrate' | 'first-key' | 'reseal';

/** Present where the program requires it, otherwise perhaps absent. */
type For<P extends Program, Requiring extends Program> = [P] extends [Requiring] ? string : string | null;

/**
 * The settings of one process; nowhere else is the environment read. No `*Url` ends in a slash.
 */
export interface Config<P extends Program = Program> {
  readonly http: {
    /** Address the servers bind to; loopback unless the process lives in a container of its own. */
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string;
    /** A worker answers /healthz here; null: nowhere. The API does not use it yet. */
    readonly metricsPort: number | null;
    /** Proxies in front of the API, exactly: with a wrong number anybody may choose the address we log. */
    readonly trustedProxies: number;
  };
  readonly postgres: {
    /** Login that row-level security binds. */
    readonly url: string;
    /** Login that may only ask which organisation a key or a channel belongs to. */
    readonly lookupUrl: For<P, 'api' | 'migrate' | 'first-key' | 'reseal'>;
    /** Login of the relay and other work across organisations. */
    readonly jobsUrl: For<P, 'worker' | 'migrate'>;
    /** Login that owns the schema; only migrations know it. */
    readonly ownerUrl: For<P, 'migrate'>;
    readonly poolSize: number;
  };
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly apiKey: string | null;
    /** Path of a PEM file; always together with `tlsKey`. */
    readonly tlsCert: string | null;
    readonly tlsKey: string | null;
    readonly uiUrl: string | null;
    readonly workflowTaskTimeoutSeconds: number;
  };
  readonly model: {
    /** A worker has this or `baseUrl`: endpoints of one's own often want no key. */
    readonly apiKey: string | null;
    readonly baseUrl: string | null;
    readonly name: string;
    /** The model that writes down what recordings say. */
    readonly transcription: string;
    /** Queue of model calls; null leaves them on the conversations' own queue, where they start without a hop. */
    readonly taskQueue: string | null;
  };
  /** `id:base64,…`, 32 bytes each: the first encrypts, all decrypt. */
  readonly secretsKey: For<P, 'api' | 'worker' | 'reseal'>;
  /** `host:port` that calls to the outside may reach although the address is private. */
  readonly egressAllow: readonly string[];
  readonly whatsapp: { readonly graphUrl: string };
  readonly slack: { readonly apiUrl: string };
  readonly qontak: { readonly baseUrl: string | null; readonly crmApiKey: string | null };
  readonly worker: {
    readonly relay: boolean;
    readonly maxCachedWorkflows: number;
    /** Whether workflow code keeps stack traces, for who looks for a bug in it; each turn pays for them. */
    readonly workflowStackTraces: boolean;
    /** Named point at which the worker kills itself with SIGKILL; set by tests only. */
    readonly failpoint: string | null;
  };
  /** What a conversation's workflow is started with; running ones keep theirs. */
  readonly conversation: {
    /** Turns after which a run continues as new; null leaves it to the workflow. */
    readonly turnsPerRun: number | null;
    /** How long a send of unknown outcome waits for the channel's report before it is uncertain. */
    readonly deliveryReportSeconds: number;
  };
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly otelEndpoint: string | null;
  readonly dataDir: string;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const REQUIRED: Record<Program, readonly (keyof z.infer<typeof settings>)[]> = {
  api: ['DATABASE_LOOKUP_URL', 'SECRETS_KEY'],
  worker: ['DATABASE_JOBS_URL', 'SECRETS_KEY'],
  migrate: ['DATABASE_OWNER_URL', 'DATABASE_LOOKUP_URL', 'DATABASE_JOBS_URL'],
  'first-key': ['DATABASE_LOOKUP_URL'],
  reseal: ['DATABASE_LOOKUP_URL', 'SECRETS_KEY'],
};

function count(minimum: number, maximum: number) {
  const range = `is not a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, range)
    .transform(Number)
    .refine((number) => number >= minimum && number <= maximum, range);
}

function url(...protocols: string[]) {
  const wanted = `is not a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  return z
    .string('is not set')
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), wanted)
    .transform((text) => text.replace(/\/+$/, ''));
}

const port = count(1, 65_535);
const httpUrl = url('http:', 'https:');
const postgresUrl = url('postgres:', 'postgresql:');
const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/i;
const listed = (text: string) => text.split(',').map((entry) => entry.trim());
const idAndKey = /^([a-z0-9_-]{1,32}):[a-z0-9+/]{43}=$/i;
const keyId = (entry: string) => idAndKey.exec(entry)?.[1];

const secretsKey = z
  .string()
  .refine((text) => listed(text).every(keyId), 'is not a list of id:key with a key of 32 bytes in base64')
  .refine((text) => new Set(listed(text).map(keyId)).size === listed(text).length, 'names a key id twice');
const absent = <T extends z.ZodType>(setting: T) => setting.nullable().default(null);

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  PUBLIC_URL: absent(httpUrl),
  METRICS_PORT: absent(port),
  DATABASE_URL: postgresUrl,
  DATABASE_LOOKUP_URL: absent(postgresUrl),
  DATABASE_JOBS_URL: absent(postgresUrl),
  DATABASE_OWNER_URL: absent(postgresUrl),
  DATABASE_POOL_SIZE: count(1, 1000).default(20),
  TEMPORAL_ADDRESS: z.string().regex(hostAndPort, 'is not host:port').default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_API_KEY: absent(z.string()),
  TEMPORAL_TLS_CERT: absent(z.string()),
  TEMPORAL_TLS_KEY: absent(z.string()),
  TEMPORAL_UI_URL: absent(httpUrl),
  WORKFLOW_TASK_TIMEOUT_SECONDS: count(1, 120).default(10),
  OPENAI_API_KEY: absent(z.string()),
  OPENAI_BASE_URL: absent(httpUrl),
  OPENAI_MODEL: z.string().default('gpt-4.1-mini'),
  OPENAI_TRANSCRIPTION_MODEL: z.string().default('gpt-4o-mini-transcribe'),
  MODEL_TASK_QUEUE: absent(z.string()),
  SECRETS_KEY: absent(secretsKey),
  EGRESS_ALLOW: z
    .string()
    .transform(listed)
    .refine((entries) => entries.every((entry) => hostAndPort.test(entry)), 'is not a list of host:port')
    .default([]),
  WHATSAPP_GRAPH_URL: httpUrl.default('https://graph.facebook.com'),
  SLACK_API_URL: httpUrl.default('https://slack.com/api'),
  QONTAK_BASE_URL: absent(httpUrl),
  QONTAK_CRM_API_KEY: absent(z.string()),
  RELAY: z.enum(['on', 'off'], 'is neither on nor off').default('on'),
  MAX_CACHED_WORKFLOWS: count(0, 1_000_000).default(1000),
  WORKFLOW_STACK_TRACES: z.enum(['on', 'off'], 'is neither on nor off').default('off'),
  TRUSTED_PROXIES: count(0, 10).default(0),
  FAILPOINT: absent(z.string()),
  TURNS_PER_RUN: absent(count(1, 10_000)),
  DELIVERY_REPORT_SECONDS: count(1, 86_400).default(60),
  LOG_LEVEL: z.enum(LOG_LEVELS, `is not one of ${LOG_LEVELS.join(', ')}`).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: absent(httpUrl),
  DATA_DIR: z.string().default('.data'),
});

/**
 * Reads the settings of one program. Pure: touches no file and no network. An empty value counts as unset.
 * @throws ConfigError naming every problem at once; values are never part of the message.
 */
export function loadConfig<P extends Program>(env: NodeJS.ProcessEnv, program: P): Config<P> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settings.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  for (const name of REQUIRED[program]) if (given[name] === undefined) problems.push(`${name} is not set`);
  if (program === 'worker' && !given['OPENAI_API_KEY'] && !given['OPENAI_BASE_URL'])
    problems.push('OPENAI_API_KEY and OPENAI_BASE_URL are both not set: one names the model endpoint');
  if (!given['TEMPORAL_TLS_CERT'] !== !given['TEMPORAL_TLS_KEY'])
    problems.push('TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY go together: only one is set');
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  // The absent ones were refused above, program by program, which is what the type says.
  return toConfig(parsed.data) as Config<P>;
}

/** The environment does not describe a process that could run; nothing has been started. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings are not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function toConfig(env: z.infer<typeof settings>): Config {
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      publicUrl: env.PUBLIC_URL ?? `http://127.0.0.1:${env.PORT}`,
      metricsPort: env.METRICS_PORT,
      trustedProxies: env.TRUSTED_PROXIES,
    },
    postgres: {
      url: env.DATABASE_URL,
      lookupUrl: env.DATABASE_LOOKUP_URL,
      jobsUrl: env.DATABASE_JOBS_URL,
      ownerUrl: env.DATABASE_OWNER_URL,
      poolSize: env.DATABASE_POOL_SIZE,
    },
    temporal: {
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      apiKey: env.TEMPORAL_API_KEY,
      tlsCert: env.TEMPORAL_TLS_CERT,
      tlsKey: env.TEMPORAL_TLS_KEY,
      uiUrl: env.TEMPORAL_UI_URL,
      workflowTaskTimeoutSeconds: env.WORKFLOW_TASK_TIMEOUT_SECONDS,
    },
    model: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      name: env.OPENAI_MODEL,
      transcription: env.OPENAI_TRANSCRIPTION_MODEL,
      taskQueue: env.MODEL_TASK_QUEUE,
    },
    secretsKey: env.SECRETS_KEY,
    egressAllow: env.EGRESS_ALLOW,
    whatsapp: { graphUrl: env.WHATSAPP_GRAPH_URL },
    slack: { apiUrl: env.SLACK_API_URL },
    qontak: { baseUrl: env.QONTAK_BASE_URL, crmApiKey: env.QONTAK_CRM_API_KEY },
    worker: {
      relay: env.RELAY === 'on',
      maxCachedWorkflows: env.MAX_CACHED_WORKFLOWS,
      workflowStackTraces: env.WORKFLOW_STACK_TRACES === 'on',
      failpoint: env.FAILPOINT,
    },
    conversation: { turnsPerRun: env.TURNS_PER_RUN, deliveryReportSeconds: env.DELIVERY_REPORT_SECONDS },
    logLevel: env.LOG_LEVEL,
    otelEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    dataDir: env.DATA_DIR,
  };
}
