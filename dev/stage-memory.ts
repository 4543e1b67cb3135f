import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Seeded } from './seed.ts';

/** Passwords that the stage made up once for the Postgres logins of this data folder. */
export interface Passwords {
  postgres: string;
  app: string;
  lookup: string;
  jobs: string;
}

/** What `dev.json` tells other programs about a running stage. */
export interface DevFile {
  api: string;
  console: string | null;
  chat: string;
  temporal_ui: string | null;
  temporal_address: string;
  /** The admin connection, which sees every organisation. */
  database_url: string;
  organisation: string;
  agent: string;
  channels: Seeded['channels'];
  keys: Seeded['keys'];
  secrets: Seeded['secrets'];
  /** Where the stand-ins for the outside world answer; null with --bare. */
  stand_ins: string | null;
  /** The model endpoint in use; null is the vendor's own. */
  model: string | null;
  /** Prometheus figures; null where a process serves none. */
  metrics: { api: string | null; worker: string | null };
  pids: Record<string, number>;
}

/** The files by which a data folder stays itself over restarts; all hold secrets and are readable by the owner only. */
export function openMemory(dataDir: string) {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const fileOf = (name: string) => join(dataDir, name);
  return {
    passwords: () => {
      const word = () => randomBytes(24).toString('base64url');
      const make = (): Passwords => ({ postgres: word(), app: word(), lookup: word(), jobs: word() });
      return readOrMake(fileOf('passwords.json'), make);
    },
    /** The key of what is encrypted at rest: losing it loses those secrets. */
    secretsKey: () =>
      readOrMake(fileOf('secrets-key.json'), () => `k1:${randomBytes(32).toString('base64')}`),
    seeded: () => read<Seeded>(fileOf('seeded.json')),
    rememberSeeded: (seeded: Seeded) => write(fileOf('seeded.json'), seeded),
    writeDevFile: (content: DevFile) => write(fileOf('dev.json'), content),
    removeDevFile: () => rmSync(fileOf('dev.json'), { force: true }),
  };
}

export type StageMemory = ReturnType<typeof openMemory>;

function readOrMake<T>(file: string, make: () => T): T {
  const known = read<T>(file);
  if (known !== undefined) return known;
  const made = make();
  write(file, made);
  return made;
}

function read<T>(file: string): T | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** Whole or not at all, also for a reader at that very moment. */
function write(file: string, content: unknown): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, file);
}
