import { pino } from 'pino';
import type { Logger } from 'pino';

export type Log = Logger;

/**
 * Structured logs on standard output. Errors are reduced to their kind: vendor messages, query parameters and
 * parser errors quote customers and carry tokens, so neither message details nor own properties are written,
 * except the codes named here (TEN-3, OBS-4).
 */
export function openLog(options: { name: string; level: string }): Log {
  return pino({
    name: options.name,
    level: options.level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: safeError, error: safeError },
    redact: {
      paths: ['*.authorization', '*.secret', '*.secrets', '*.apiKey', '*.token', '*.text'],
      censor: '[redacted]',
    },
  });
}

interface SafeError {
  kind: string;
  name?: string;
  code?: string | number;
  status?: number;
  requestId?: string;
  at?: string[];
  cause?: SafeError;
}

/**
 * What of an error may be logged: class, name, code, HTTP status, the other side's request id, and the frames of our
 * own and our libraries' code. A name or an id is written only where it is a single word.
 */
export function safeError(error: unknown): SafeError {
  if (!(error instanceof Error)) return { kind: typeof error };
  const kind = error.constructor.name;
  const { name, code, status, requestId, cause } = error as unknown as Record<string, unknown>;
  return {
    kind,
    ...(typeof name === 'string' && name !== kind && /^\w{1,64}$/.test(name) ? { name } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof requestId === 'string' && /^[\w.-]{1,64}$/.test(requestId) ? { requestId } : {}),
    at: frames(error.stack),
    ...(cause instanceof Error ? { cause: safeError(cause) } : {}),
  };
}

/** The message may span lines of the stack and holds words; only lines that are frames are kept. */
function frames(stack: string | undefined): string[] {
  return (stack ?? '')
    .split('\n')
    .filter((line) => /^ {4}at .+:\d+:\d+\)?$/.test(line))
    .slice(0, 6)
    .map((line) => line.trim());
}
