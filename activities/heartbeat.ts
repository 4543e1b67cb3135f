import { Context } from '@temporalio/activity';

const EVERY_MS = 2_000;

/**
 * Runs a long call with a heartbeat every two seconds, so that a killed worker is noticed in five and not after
 * the whole timeout. The signal aborts when the server cancels the activity. Short calls never heartbeat.
 */
export async function withHeartbeat<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), EVERY_MS);
  try {
    return await call(context.cancellationSignal);
  } finally {
    clearInterval(beat);
  }
}
