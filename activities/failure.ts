import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { ParleyFailure } from '../contract/failures.ts';
import type { FailureLog } from './ports.ts';

/** Which run of which activity an error ended. */
type Attempt = Pick<Parameters<FailureLog['record']>[0], 'activity' | 'workflow' | 'attempt'>;

/**
 * The one way a failure leaves an activity: a code and a reference, no message, cause or stack, because parsers
 * and Postgres quote the customer's words and histories must hold none. The reference finds the error in the log.
 */
export function guarded(failures: FailureLog, attemptUnderWay: () => Attempt) {
  return <A extends unknown[], R>(effect: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await effect(...args);
      } catch (error) {
        throw leave(error, failures, attemptUnderWay());
      }
    };
}

function leave(error: unknown, failures: FailureLog, attempt: Attempt): ApplicationFailure {
  const known = error instanceof ParleyFailure ? error : new ParleyFailure('UNEXPECTED', { cause: error });
  const reference = randomUUID().slice(0, 8);
  failures.record({ reference, code: known.code, ...attempt, error: known.cause ?? known });
  const failure = ApplicationFailure.create({
    type: known.code,
    message: `${known.code} (see ${reference} in the worker's log)`,
    nonRetryable: !known.retryable,
    nextRetryDelay: known.retryAfterMs,
  });
  failure.stack = '';
  return failure;
}
