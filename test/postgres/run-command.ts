import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export interface Ended {
  /** Null: killed. */
  code: number | null;
  output: string;
  errors: string;
}

/** A program of the project with nothing in its environment but the machine's and `env`. */
export function startCommand(
  file: string,
  args: string[],
  env: Record<string, string>,
): { child: ChildProcess; ended: Promise<Ended> } {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [file, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { output: '', errors: '' };
  child.stdout.on('data', (piece: Buffer) => (said.output += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (said.errors += piece.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  return { child, ended };
}

export function runCommand(file: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return startCommand(file, args, env).ended;
}
