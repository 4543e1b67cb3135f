import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { TemporalCli } from './temporal-cli/find-temporal-cli.ts';

interface TemporalServerOptions {
  cli: () => Promise<TemporalCli>;
  /** Holds the database, one file for each server version: the server makes its tables once and never migrates. */
  dir: string;
  port: number;
  uiPort: number;
  namespace: string;
  env: Record<string, string>;
}

/**
 * The dev server's defaults look for new tasks 20 times a second and sync on every commit: that alone costs a turn
 * a tenth of a second. Eager activities start a model call without a trip through the queue.
 */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=2000',
  'system.enableActivityEagerExecution=true',
];
const PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

/** The Temporal development server with its UI and a database in a file. */
export function temporalPlan(options: TemporalServerOptions): ProcessPlan {
  const { dir, port, uiPort, namespace, env } = options;
  return {
    name: 'temporal',
    async command() {
      const cli = await options.cli();
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const attributes = Object.values(SEARCH_ATTRIBUTES).map((name) => `${name}=Keyword`);
      const args = [
        'server',
        'start-dev',
        '--ip',
        '127.0.0.1',
        '--port',
        String(port),
        '--ui-port',
        String(uiPort),
      ];
      args.push('--db-filename', join(dir, `temporal-${cli.serverVersion}.db`), '--namespace', namespace);
      args.push('--log-level', 'warn', '--log-format', 'json', '--ui-disable-news-fetch');
      args.push(...PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]));
      args.push(...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]));
      args.push(...attributes.flatMap((attribute) => ['--search-attribute', attribute]));
      return { file: cli.path, args, env };
    },
    ready: () => namespaceAnswers(`127.0.0.1:${port}`, namespace),
    readyWithinMs: 60_000,
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    tier: 1,
  };
}

/** Deletes what the server knows, as a lost Temporal would; the server must not run. */
export function deleteTemporalDatabase(dir: string): void {
  for (const file of readdirSync(dir))
    if (/^temporal-.*\.db(-wal|-shm)?$/.test(file)) rmSync(join(dir, file));
}

/** True when the server serves the namespace: the port opens before the namespace is there. */
async function namespaceAnswers(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2000 });
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
