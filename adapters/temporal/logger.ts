import { ApplicationFailure } from '@temporalio/common';
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';

interface Sink {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const LEVELS: Record<LogLevel, keyof Sink> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** The SDK's messages in our log. Of its metadata only ids and errors are kept: the rest may hold payloads. */
export function temporalLogger(sink: Sink): Logger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata) =>
    sink[LEVELS[level]](
      {
        ...(meta?.['workflowId'] ? { workflow: meta['workflowId'], run: meta['runId'] } : {}),
        ...(meta?.['activityType'] ? { activity: meta['activityType'], attempt: meta['attempt'] } : {}),
        ...(meta?.['code'] ? { code: meta['code'], turn: meta['turn'] } : {}),
        ...typeOf(meta?.error),
        ...(meta?.error ? { err: meta.error } : {}),
      },
      message,
    );
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

/** Our code, such as MODEL_UNAVAILABLE, of a failure that an activity ended with; its class says nothing. */
function typeOf(error: unknown): { type?: string } {
  if (!(error instanceof ApplicationFailure) || !/^\w{1,64}$/.test(error.type ?? '')) return {};
  return { type: error.type ?? '' };
}
