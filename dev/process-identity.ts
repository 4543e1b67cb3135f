import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Tells one run of a process from a later one that got the same number; undefined when it is gone (a zombie
 * counts as gone: containers often have nobody to reap it). Processes rewrite their command line, never their start.
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readOrNothing(`/proc/${pid}/stat`);
    // The name stands in brackets and may itself hold blanks and brackets; the fields follow the last one.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${fields[19]} ${bootId}`;
  }
  try {
    const listed = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    }).trim();
    return listed === '' || listed.startsWith('Z') ? undefined : listed.slice(listed.indexOf(' ')).trim();
  } catch {
    // ps answers 1 when there is no such process.
    return undefined;
  }
}

/** The command line of a process, words parted by blanks; empty when it is gone. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'linux')
    return (readOrNothing(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

export interface KnownProcess {
  pid: number;
  identity: string;
}

export function isRunning(known: KnownProcess): boolean {
  return identityOf(known.pid) === known.identity;
}

/** Sends a signal; false when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const bootId =
  process.platform === 'linux' ? (readOrNothing('/proc/sys/kernel/random/boot_id') ?? '').trim() : '';

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
