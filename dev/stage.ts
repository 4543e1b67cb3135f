import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { migrate } from '../adapters/postgres/migrate.ts';
import { describeStage } from './describe-stage.ts';
import { beforeDeath } from './last-resort.ts';
import { checkOutsideParts } from './outside-parts.ts';
import type { Ports } from './ports.ts';
import { quietProgress, type Progress } from './progress.ts';
import { answerOrders } from './seed-actions.ts';
import { seed, type Seeded } from './seed.ts';
import { sweepDeadStages, takeStageLock } from './stage-lock.ts';
import { openMemory, type DevFile, type StageMemory } from './stage-memory.ts';
import { planParts, type Parts } from './stage-parts.ts';
import { answersWell, type DatabaseUrls } from './stage-programs.ts';
import { Supervisor } from './supervisor.ts';
import { deleteTemporalDatabase } from './temporal-server.ts';
import { until } from './until.ts';

export interface StageOptions {
  /** All state lives here and is kept. Left out: a fresh folder that `stop` removes. */
  dataDir?: string;
  /** Free ports everywhere instead of the documented ones; on unless `dataDir` is given. */
  anywhere?: boolean;
  /** Settings of the product (PORT, DATABASE_URL, TEMPORAL_ADDRESS, OPENAI_… and so on); none unless given. */
  env?: NodeJS.ProcessEnv;
  /** Further environment for single processes; `worker` stands for all workers. */
  processEnv?: Record<string, Record<string, string>>;
  /** Default 1; they are called worker, worker-2, worker-3 … */
  workers?: number;
  /** Names that are not started at first: `start` does it later. */
  without?: readonly string[];
  /** No offline model and no stand-ins. */
  bare?: boolean;
  /** Starts again what ends unasked; off unless given. */
  restarts?: boolean;
  /** Postgres settings such as `fsync=off`. */
  postgresSettings?: readonly string[];
  progress?: Progress;
  /** Ends what was started so far; `openStage` then rejects. */
  signal?: AbortSignal;
}

/** A running installation; every process is one of `names`. */
export interface Stage {
  dataDir: string;
  /** What dev.json says, with today's pids. */
  dev(): DevFile;
  database: DatabaseUrls;
  ports: Ports;
  offlineModel: boolean;
  /** Base address of the stand-ins, null with --bare. */
  standIns: string | null;
  /** Where the seeded generic channel's replies arrive, null with --bare. */
  sink: string | null;
  names: readonly string[];
  pids(): Record<string, number>;
  logFile(name: string): string;
  /** Starts what is down and waits until it is ready; `env` replaces the process's further environment. */
  start(name: string, env?: Record<string, string>): Promise<void>;
  /** Ends one process in order. */
  end(name: string): Promise<void>;
  restart(name: string, env?: Record<string, string>): Promise<void>;
  /** Signals one process, SIGKILL unless told; resolves when it is gone. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when the process ends by itself, with its signal or exit code. */
  ended(name: string): Promise<string>;
  /** Ends Temporal, deletes all it knows, and starts it again. */
  loseTemporal(): Promise<void>;
  /** Ends everything in reverse order. */
  stop(): Promise<void>;
}

const TEMPORARY = 'parley-stage-';

/**
 * Starts an installation: the code of `npm start`, and of every test that needs the real parts.
 * @throws Error that says which part did not start, with the last lines of its log; whatever had started is ended.
 */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { progress = quietProgress } = options;
  await checkOutsideParts(options.env ?? {});
  if (options.dataDir === undefined) await sweepDeadStages(tmpdir(), TEMPORARY);
  const dataDir = resolve(options.dataDir ?? makeTemporaryFolder());
  const memory = openMemory(dataDir);
  const lock = await takeStageLock(dataDir, progress.say);
  memory.removeDevFile();

  let dev: Omit<DevFile, 'pids'> | undefined;
  const pids = () => ({ stage: process.pid, ...supervisor.pids() });
  const tell = () => dev !== undefined && memory.writeDevFile({ ...dev, pids: pids() });
  const supervisor = new Supervisor({
    logDir: join(dataDir, 'logs'),
    say: progress.say,
    restarts: options.restarts ?? false,
    changed(running) {
      lock.record(running);
      tell();
    },
  });
  const giveUp = new AbortController();
  const safe = beforeDeath(() => supervisor.killAll());
  const stop = async () => {
    dev = undefined;
    giveUp.abort();
    await supervisor.stopAll();
    safe();
    memory.removeDevFile();
    lock.release();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  const abort = () => {
    giveUp.abort();
    void supervisor.stopAll();
  };
  options.signal?.addEventListener('abort', abort, { once: true });
  const extra = new Map(Object.entries(options.processEnv ?? {}));
  try {
    options.signal?.throwIfAborted();
    const parts = await planParts({
      ...options,
      anywhere: options.anywhere ?? options.dataDir === undefined,
      dataDir,
      memory,
      progress,
      signal: giveUp.signal,
      extraEnv: (name) => extra.get(name) ?? {},
    });
    for (const plan of parts.plans) supervisor.add(plan);
    const seeded = await startParts(parts, { ...options, progress }, supervisor, memory);
    const described = await describeStage(parts, seeded);
    dev = described;
    tell();
    return {
      dataDir,
      dev: () => ({ ...described, pids: pids() }),
      database: parts.around.database,
      ports: parts.around.ports,
      offlineModel: parts.offlineModel,
      standIns: parts.standIns,
      sink: parts.sink,
      ...controls(supervisor, extra, parts.temporalDir),
      stop,
    };
  } catch (error) {
    await stop();
    throw options.signal?.aborted === true ? new Error('stopped before it was ready') : error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
}

/** Its cache is shared, so that a worker of the tests does not bundle the same workflow code again and again. */
function makeTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), TEMPORARY));
  const cache = join(import.meta.dirname, '../node_modules/.cache/parley');
  mkdirSync(cache, { recursive: true });
  symlinkSync(cache, join(folder, 'cache'));
  return folder;
}

/** Everything in the order of who needs whom; Temporal's start and Postgres's with the seed go side by side. */
async function startParts(
  parts: Parts,
  { without = [], progress, bare = false }: StageOptions & { progress: Progress },
  supervisor: Supervisor,
  memory: StageMemory,
): Promise<Seeded> {
  const names = supervisor.names().filter((name) => !without.includes(name));
  const start = async (name: string) => {
    if (names.includes(name)) await progress.step(TITLES[name] ?? name, () => supervisor.start(name));
  };
  const database = async () => {
    await start('postgres');
    await progress.step('migrations', () => migrate(parts.around.database));
    const { ownerUrl, appUrl } = parts.around.database;
    const seeded = await progress.step('example organisation', () =>
      seed({
        ownerUrl,
        appUrl,
        secretsKey: parts.around.secretsKey,
        publicUrl: parts.around.publicUrl,
        whatsappGraphUrl: parts.around.whatsappGraphUrl ?? WHATSAPP,
        webhookSinkUrl: parts.sink,
        bare,
        previous: memory.seeded(),
      }),
    );
    memory.rememberSeeded(seeded);
    return seeded;
  };
  const [seeded] = await Promise.all([database(), start('temporal')]);
  await Promise.all([start('stand-ins'), start('model')]);
  if (parts.standIns !== null && names.includes('stand-ins')) await answerOrders(parts.standIns);
  const workers = names.filter((name) => name.startsWith('worker'));
  await Promise.all([start('api'), ...workers.map(start)]);
  if (names.includes('api') && !without.includes('temporal')) await apiReady(parts.api);
  return seeded;
}

const TITLES: Record<string, string> = {
  postgres: 'Postgres',
  temporal: 'Temporal with its UI',
  'stand-ins': 'stand-ins for the outside world',
  model: 'offline model',
  api: 'API',
  worker: 'worker',
};
const WHATSAPP = 'https://graph.facebook.com';

async function apiReady(api: string): Promise<void> {
  if (await until(() => answersWell(`${api}/readyz`), 30_000, 100)) return;
  const answer = await fetch(`${api}/readyz`).then((response) => response.text());
  throw new Error(`the API is up but was not ready within 30 s: ${answer}`);
}

type Controls =
  'names' | 'pids' | 'logFile' | 'start' | 'end' | 'restart' | 'kill' | 'ended' | 'loseTemporal';

function controls(
  supervisor: Supervisor,
  extra: Map<string, Record<string, string>>,
  temporalDir: string,
): Pick<Stage, Controls> {
  const start = async (name: string, env?: Record<string, string>) => {
    if (env !== undefined) extra.set(name, env);
    await supervisor.start(name);
  };
  return {
    names: supervisor.names(),
    pids: () => supervisor.pids(),
    logFile: (name) => supervisor.logFile(name),
    start,
    end: (name) => supervisor.stop(name),
    async restart(name, env) {
      await supervisor.stop(name);
      await start(name, env);
    },
    kill: (name, signal = 'SIGKILL') => supervisor.kill(name, signal),
    ended: (name) => supervisor.ended(name),
    async loseTemporal() {
      await supervisor.stop('temporal');
      deleteTemporalDatabase(temporalDir);
      await supervisor.start('temporal');
    },
  };
}
