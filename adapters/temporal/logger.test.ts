import { strict as assert } from 'node:assert';
import { ApplicationFailure } from '@temporalio/common';
import { temporalLogger } from './logger.ts';

describe('the SDK’s log in ours', () => {
  const fieldsOf = (error: Error): Record<string, unknown> => {
    const written: object[] = [];
    const write = (fields: object) => void written.push(fields);
    const logger = temporalLogger({ trace: write, debug: write, info: write, warn: write, error: write });
    logger.warn('Activity failed', {
      error,
      workflowId: 'conversation/1',
      runId: 'a-run',
      activityType: 'composeReply',
      attempt: 2,
    });
    return { ...written[0] };
  };

  it('OBS-4 names the code, the conversation and the attempt of a failed activity', () => {
    const failure = ApplicationFailure.create({ type: 'MODEL_UNAVAILABLE', message: 'secret' });
    assert.deepEqual(fieldsOf(failure), {
      workflow: 'conversation/1',
      run: 'a-run',
      activity: 'composeReply',
      attempt: 2,
      type: 'MODEL_UNAVAILABLE',
      err: failure,
    });
  });

  it('OBS-4 names no type of other errors, nor one that holds words', () => {
    const wordy = ApplicationFailure.create({ type: 'my card number is 4111', message: 'secret' });
    for (const error of [new Error('secret'), wordy]) assert.ok(!('type' in fieldsOf(error)));
  });
});
