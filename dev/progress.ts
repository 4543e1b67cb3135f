import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where a stage tells what it does; tests keep it quiet. */
export interface Progress {
  /** One line. */
  say(line: string): void;
  /**
   * Runs one step and says when it is done; while steps take long, the youngest says every ten seconds that it is
   * still at it. A failure is passed on as it is.
   */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

const HEARTBEAT_MS = 10_000;
const LONGEST_LINE = 400;

/** Progress on a stream of lines, each with the seconds since the start. */
export function openProgress(write: (line: string) => void): Progress {
  const started = Date.now();
  const underWay: symbol[] = [];
  const say = (line: string) => write(`${seconds(started).padStart(6)}  ${line}`);
  return {
    say,
    async step(name, work) {
      const begun = Date.now();
      const me = Symbol(name);
      underWay.push(me);
      const heartbeat = setInterval(() => {
        if (underWay.at(-1) === me) say(`${name} … (${seconds(begun)} so far)`);
      }, HEARTBEAT_MS);
      try {
        const result = await work();
        say(`${name}: done in ${seconds(begun)}`);
        return result;
      } finally {
        clearInterval(heartbeat);
        underWay.splice(underWay.indexOf(me), 1);
      }
    },
  };
}

/** Says nothing; failures still carry the last log lines in their message. */
export const quietProgress: Progress = { say() {}, step: (_name, work) => work() };

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** The last lines of a log file, read from its end: logs of a long run are large. */
export function lastLines(file: string, count: number): string[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, 64 * 1024));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8').trimEnd().split('\n').slice(-count);
    return lines.map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line));
  } finally {
    closeSync(descriptor);
  }
}
