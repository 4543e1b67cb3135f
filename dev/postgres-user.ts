import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from './process-plan.ts';

/** Postgres refuses to run as root; this is how its programs are run instead. */
export interface RunAs {
  command(file: string, args: string[], env: Record<string, string>): Command;
  /** Hands an empty folder to the user who will fill it. */
  own(folder: string): void;
  /** Writes a file only that user can read. */
  write(file: string, content: string): void;
}

interface Ids {
  uid: number;
  gid: number;
}

/**
 * A normal user runs Postgres as himself. Root runs it as the cluster's owner, for a new cluster as `postgres` or
 * `nobody`. Where that user cannot pass the folders on the way (a checkout in root's home), he keeps the one right to
 * do so, by setpriv. @throws Error saying what to do when neither works.
 */
export function runAsNormalUser(postgres: string, clusterDir: string): RunAs {
  if (process.getuid?.() !== 0) return runAs();
  const user = ownerOf(clusterDir) ?? idsOf('postgres') ?? idsOf('nobody');
  if (user === undefined) {
    throw new Error('Postgres refuses to run as root, and no user postgres or nobody exists to run it as');
  }
  const parent = dirname(clusterDir);
  // Others may pass through the data folder, not list it; each secret in it is readable by its owner only.
  chmodSync(parent, statSync(parent).mode | 0o011);
  const works = (file: string, args: string[], ids?: Ids) =>
    spawnSync(file, args, { ...ids, cwd: '/' }).status === 0;
  const passes = ['-c', 'cd "$0" && exec "$1" --version', parent, postgres];
  if (works('/bin/sh', passes, user)) return runAs(user);
  const rights = '+dac_override,+dac_read_search';
  const { uid, gid } = user;
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  // Without the securebit access(2), by which initdb finds its programs, would not count these rights.
  const before = [
    ...ids,
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${rights}`,
    `--ambient-caps=${rights}`,
  ];
  if (works('setpriv', [...before, '/bin/sh', ...passes])) return runAs(user, before);
  throw new Error(
    `Postgres refuses to run as root, and the user it would run as cannot reach ${parent} or ${postgres}; ` +
      'run as a normal user, or put the checkout and DATA_DIR where everybody may pass',
  );
}

function runAs(user?: Ids, setpriv?: string[]): RunAs {
  return {
    command(file, args, env) {
      if (setpriv !== undefined) return { file: 'setpriv', args: [...setpriv, file, ...args], env };
      return { file, args, env, ...user };
    },
    own(folder) {
      if (user !== undefined) chownSync(folder, user.uid, user.gid);
    },
    write(file, content) {
      writeFileSync(file, content, { mode: 0o600 });
      if (user !== undefined) chownSync(file, user.uid, user.gid);
    },
  };
}

function ownerOf(clusterDir: string): Ids | undefined {
  if (!existsSync(clusterDir)) return undefined;
  const { uid, gid } = statSync(clusterDir);
  return uid === 0 ? undefined : { uid, gid };
}

function idsOf(name: string): Ids | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    // No such user on this machine.
    return undefined;
  }
}
