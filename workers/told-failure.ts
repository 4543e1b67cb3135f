import { ConfigError } from '../config.ts';
import { isStoreAway, ParleyFailure } from '../contract/failures.ts';

/** Somebody typed a command wrongly; the message says how it goes. */
export class UsageError extends Error {}

/** A command's failure in words for who typed it: no stack where the message says it all, and never a value. */
export function toldFailure(error: unknown): string {
  if (error instanceof ParleyFailure) {
    const { code, cause } = error;
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    return isStoreAway(code) ? `Postgres is away${why}.` : `Postgres refuses${why}.`;
  }
  if (error instanceof UsageError || error instanceof ConfigError) return error.message;
  // Such as that of a schema which is older than the code.
  return error instanceof Error ? error.message : String(error);
}
