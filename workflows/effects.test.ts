import { strict as assert } from 'node:assert';
import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';
import { failureCode } from './effects.ts';

const away = ApplicationFailure.create({ type: 'STORE_UNAVAILABLE', message: 'x' });
const timeout = new TimeoutFailure('x', undefined, 'START_TO_CLOSE');
const wrapped = (cause: Error) =>
  new ActivityFailure('x', 'sendReply', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'worker', cause);

describe('the code of a failure', () => {
  it('CONV-9 is that of the effect, wrapped as an activity’s or bare as a local one’s', () => {
    for (const failure of [away, wrapped(away)]) assert.equal(failureCode(failure), 'STORE_UNAVAILABLE');
    for (const failure of [timeout, wrapped(timeout)])
      assert.equal(failureCode(failure, 'MODEL_UNAVAILABLE'), 'MODEL_UNAVAILABLE');
  });

  it('CONV-9 is none of what is no effect’s: a cancelled run, a fault of the code', () => {
    for (const thrown of [new CancelledFailure('x'), new TypeError('x')])
      assert.throws(() => failureCode(thrown), thrown);
  });
});
