import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/**
 * Where each part listens, counted from PORT (8080 unless set): API 8080, its figures 9081, and so on to the
 * Temporal UI on 9087. A stage keeps the ports it once had, so that addresses survive a restart. All listen on
 * 127.0.0.1 only. Far from PORT itself, so that 8080 and 8081 can be two stages.
 */
export const PORT_OFFSETS = {
  api: 0,
  api_metrics: 1001,
  worker_metrics: 1002,
  'stand-ins': 1003,
  model: 1004,
  postgres: 1005,
  temporal: 1006,
  temporal_ui: 1007,
} as const;

export type PortName = keyof typeof PORT_OFFSETS;
export type Ports = Record<PortName, number>;

const DEFAULT_PORT = 8080;

interface PortOptions {
  /** Where the ports are remembered. */
  file: string;
  /** What PORT says; undefined takes the remembered one or 8080. */
  port: number | undefined;
  /** Parts that this stage really starts; others' ports are not looked at. */
  used: readonly PortName[];
  /** Takes free ports everywhere instead of the documented ones: stages of tests, side by side. */
  anywhere: boolean;
  /** Told in one sentence when a part had to move aside. */
  say: (line: string) => void;
}

/**
 * Chooses and remembers a port for each part.
 * @throws PortTaken when the API's own port is another program's: people hold that address, so it never
 *   moves by itself. The other parts move aside and say so.
 */
export async function choosePorts(options: PortOptions): Promise<Ports> {
  const remembered = readPorts(options.file);
  // Another PORT moves the whole stage, otherwise a copied data folder would fight its original for ports.
  const kept = options.port === undefined || remembered?.api === options.port ? remembered : undefined;
  const base = options.port ?? kept?.api ?? (options.anywhere ? await freePort() : DEFAULT_PORT);
  const ports: Partial<Ports> = {};
  for (const name of Object.keys(PORT_OFFSETS) as PortName[]) {
    const usual =
      kept?.[name] ?? (options.anywhere && name !== 'api' ? await freePort() : base + PORT_OFFSETS[name]);
    ports[name] = usual;
    if (!options.used.includes(name) || (await isFree(usual))) continue;
    if (name === 'api') throw new PortTaken(usual);
    ports[name] = await freePort();
    options.say(`port ${usual} (${name}) is taken by another program; this stage uses ${ports[name]} for it`);
  }
  writeFileSync(options.file, `${JSON.stringify(ports, null, 2)}\n`);
  return ports as Ports;
}

/** Nothing was started; the message is one line for the person at the terminal. */
export class PortTaken extends Error {
  constructor(port: number) {
    super(`port ${port} is taken by another program; set PORT=… to another one`);
    this.name = 'PortTaken';
  }
}

function readPorts(file: string): Ports | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Ports;
  } catch {
    // First start, or a half-written file of a killed one: the documented ports do as well.
    return undefined;
  }
}

/** True when nothing answers on the port and it can be bound; the one check without the other errs on macOS. */
export async function isFree(port: number): Promise<boolean> {
  if (port < 1 || port > 65_535) return false;
  return !(await answers(port)) && (await bindable(port));
}

/** True when something accepts a connection on 127.0.0.1. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(true));
    socket.once('error', () => end(false));
  });
}

function bindable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** A port nobody listens on, below the range from which outgoing connections are numbered. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port was found between 20000 and 32000 on 127.0.0.1');
}
