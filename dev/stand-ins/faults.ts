import type { ServerResponse } from 'node:http';
import type { LocalCall } from './local-http-server.ts';

/** What a stand-in answers; a list of pieces is written one by one, as a stream. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: string | Buffer | string[];
}

/**
 * One switched-on fault. It waits for a request that fits, does its harm `times` times and is gone.
 * Without `when: 'after'` the stand-in has done nothing and recorded nothing when the fault shows; with it
 * the thing was done and recorded, and only the answer suffers. `delay_ms` alone just makes the answer late.
 */
export interface Fault {
  /** Default 1; -1 lasts until the switches are set anew. */
  times?: number;
  /** Only requests that hold this text in their path or body. */
  match?: string;
  when?: 'before' | 'after';
  delay_ms?: number;
  /** Answers this instead, with `headers` and `body` (a string goes out as it is, anything else as JSON). */
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Closes the socket without an answer. */
  drop?: boolean;
  /** Never answers; `body` sends the head of the answer and then nothing. */
  hang?: boolean | 'body';
  /** Goes on, with nothing wrong, once the switches are set anew. */
  hold?: boolean;
  /** Sends half of the answer and closes the socket. */
  cut?: boolean;
  /** Sends half of the answer as if it were all of it. */
  malformed?: boolean;
}

export interface FaultSettings<F extends Fault = Fault> {
  latency_ms?: number;
  fail?: F[];
}

export interface Faults<F extends Fault = Fault> {
  /** Replaces what is given and keeps the rest. Throws an Error that names the first thing wrong. */
  set(settings: FaultSettings<F>): void;
  reset(): void;
  /** `held`: how many requests wait for the switches. */
  left(): { latency_ms: number; fail: F[]; held: number };
  /** Answers through the faults: `done` does the thing and returns the honest answer. */
  answer(
    call: LocalCall,
    response: ServerResponse,
    done: (fault?: F) => Answer,
    refused?: (fault: F) => Answer,
  ): void;
}

const KINDS = [
  'times',
  'match',
  'when',
  'delay_ms',
  'status',
  'headers',
  'body',
  'drop',
  'hang',
  'hold',
  'cut',
  'malformed',
];

/** The fault switches of one stand-in; `more` names the kinds of fault only that stand-in knows. */
export function openFaults<F extends Fault = Fault>(more: string[] = []): Faults<F> {
  const known = new Set([...KINDS, ...more]);
  let latency = 0;
  let pending: { fault: F; left: number }[] = [];
  let held: (() => void)[] = [];

  const letGo = (): void => {
    const waiting = held;
    held = [];
    for (const goOn of waiting) goOn();
  };

  const next = (call: LocalCall): F | undefined => {
    if (pending.length === 0) return undefined;
    const text = `${call.path}\n${call.body.toString('utf8')}`;
    const found = pending.find(({ fault }) => fault.match === undefined || text.includes(fault.match));
    if (found === undefined) return undefined;
    if (found.left > 0 && --found.left === 0) pending = pending.filter((entry) => entry !== found);
    return found.fault;
  };

  return {
    set(settings) {
      const problem = whatIsWrong(settings, known);
      if (problem !== undefined) throw new Error(problem);
      if (settings.latency_ms !== undefined) latency = settings.latency_ms;
      if (settings.fail !== undefined) {
        pending = settings.fail.map((fault) => ({ fault, left: fault.times ?? 1 }));
        letGo();
      }
    },
    reset() {
      latency = 0;
      pending = [];
      letGo();
    },
    left: () => ({
      latency_ms: latency,
      fail: pending.map(({ fault, left }) => ({ ...fault, times: left })),
      held: held.length,
    }),
    answer(call, response, done, refused) {
      const fault = next(call);
      if (fault?.hold === true) {
        const answer = fault.when === 'after' ? done(fault) : null;
        held.push(() => send(response, answer ?? done(fault)));
        return;
      }
      const go = (): void => answerNow(response, fault, done, refused);
      const wait = latency + (fault?.delay_ms ?? 0);
      if (wait > 0) setTimeout(go, wait);
      else go();
    },
  };
}

function whatIsWrong(settings: FaultSettings, known: Set<string>): string | undefined {
  const { latency_ms: latency, fail } = settings;
  if (latency !== undefined && !(Number.isFinite(latency) && latency >= 0)) return 'latency_ms is not a time';
  if (fail === undefined) return undefined;
  if (!Array.isArray(fail)) return 'fail is not a list';
  for (const fault of fail) {
    const unknown = Object.keys(fault).find((kind) => !known.has(kind));
    if (unknown !== undefined) return `no fault is called ${unknown}; there are ${[...known].join(', ')}`;
    const { times = 1 } = fault;
    if (!Number.isInteger(times) || times === 0 || times < -1) return 'times is a count, or -1 for ever';
  }
  return undefined;
}

function answerNow<F extends Fault>(
  response: ServerResponse,
  fault: F | undefined,
  done: (fault?: F) => Answer,
  refused: ((fault: F) => Answer) | undefined,
): void {
  if (fault === undefined) {
    send(response, done());
    return;
  }
  const harmful = fault.drop === true || fault.hang !== undefined || fault.status !== undefined;
  const before = harmful && fault.when !== 'after';
  if (before || fault.status !== undefined) {
    if (!before) done(fault);
    sendHarmed(response, fault, refusal(fault, refused));
    return;
  }
  sendHarmed(response, fault, done(fault));
}

function refusal<F extends Fault>(fault: F, refused: ((fault: F) => Answer) | undefined): Answer {
  const own = refused?.(fault) ?? { status: fault.status ?? 500, body: '' };
  if (fault.body === undefined) return { ...own, headers: { ...own.headers, ...fault.headers } };
  const text = typeof fault.body === 'string';
  return {
    status: own.status,
    headers: { 'content-type': text ? 'text/plain' : 'application/json', ...fault.headers },
    body: text ? (fault.body as string) : JSON.stringify(fault.body),
  };
}

function sendHarmed(response: ServerResponse, fault: Fault, answer: Answer): void {
  if (fault.drop) {
    response.destroy();
  } else if (fault.hang === 'body') {
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.flushHeaders();
  } else if (fault.hang) {
    // Left open: the server closes it when it closes itself.
  } else if (fault.cut) {
    response.writeHead(answer.status, answer.headers);
    response.write(half(answer.body), () => response.destroy());
  } else if (fault.malformed) {
    send(response, { ...answer, body: half(answer.body) });
  } else {
    send(response, answer);
  }
}

function half(body: Answer['body']): string {
  if (Array.isArray(body)) return body.slice(0, Math.ceil(body.length / 2)).join('');
  const text = body.toString();
  return text.slice(0, Math.floor(text.length / 2));
}

/** Sends an answer as it is. */
export function send(response: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer;
  if (Array.isArray(body)) {
    response.writeHead(status, headers);
    for (const piece of body) response.write(piece);
    response.end();
  } else {
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  }
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers?: Record<string, string>): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
