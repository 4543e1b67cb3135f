import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A program of the benches in a process of its own. */
export interface ChildProgram<Answer> {
  pid: number;
  /** What it said first: it is ready. */
  ready: Answer;
  /** Hands it an order and waits for its answer; one order at a time. */
  ask(order: object): Promise<Answer>;
  end(): Promise<void>;
}

/** Starts `dev/bench/<program>` and waits for its first message. @throws Error when it ends instead of answering. */
export async function startProgram<Answer>(
  program: string,
  env: Record<string, string> = {},
): Promise<ChildProgram<Answer>> {
  const child = fork(join(import.meta.dirname, '..', program), {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // As the stage does: Ctrl-C reaches the bench alone, which then ends all in order.
    detached: true,
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const answer = () =>
    new Promise<Answer>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Answer));
      void ended.then((how) => reject(new Error(`${program} ended (${how})`)));
    });
  const ready = await answer();
  return {
    pid: child.pid ?? 0,
    ready,
    ask(order) {
      const answered = answer();
      child.send(order);
      return answered;
    },
    async end() {
      if (child.connected) child.disconnect();
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    },
  };
}
