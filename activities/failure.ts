import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { ParleyFailure } from '../contract/failures.ts';
import type { FailureLog } from './ports.ts';

/**
 * The one way a failure leaves an activity: a code and a reference, no message, cause or stack, because parsers
 * and Postgres quote the customer's words and histories must hold none. The reference finds the error in the log.
 */
export function guarded(failures: FailureLog, activityName: () => string) {
  return <A extends unknown[], R>(effect: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await effect(...args);
      } catch (error) {
        throw leave(error, failures, activityName());
      }
    };
}

function leave(error: unknown, failures: FailureLog, activity: string): ApplicationFailure {
  const known = error instanceof ParleyFailure ? error : new ParleyFailure('UNEXPECTED', { cause: error });
  const reference = randomUUID().slice(0, 8);
  failures.record({ reference, code: known.code, activity, error: known.cause ?? known });
  const failure = ApplicationFailure.create({
    type: known.code,
    message: `${known.code} (see ${reference} in the worker's log)`,
    nonRetryable: !known.retryable,
    nextRetryDelay: known.retryAfterMs,
  });
  failure.stack = '';
  return failure;
}
