import { strict as assert } from 'node:assert';
import { ApplicationFailure } from '@temporalio/activity';
import { guarded } from './failure.ts';
import type { FailureLog } from './ports.ts';

describe('how a failure leaves an activity', () => {
  it('OBS-4 logs the conversation and the attempt under the reference that the failure shows', async () => {
    const recorded: Parameters<FailureLog['record']>[0][] = [];
    const log: FailureLog = { record: (failure) => void recorded.push(failure) };
    const attempt = { activity: 'composeReply', workflow: 'conversation/1', attempt: 3 };
    const cause = new Error('the customer said xylophone');
    const effect = guarded(log, () => attempt)(() => Promise.reject(cause));
    const failure = await effect().catch((error: unknown) => error);
    assert.ok(failure instanceof ApplicationFailure);
    const [{ reference, ...rest } = assert.fail('nothing was recorded')] = recorded;
    assert.deepEqual(rest, { code: 'UNEXPECTED', ...attempt, error: cause });
    assert.ok(failure.message.includes(reference));
    assert.ok(!JSON.stringify([failure.message, failure.stack, failure.cause]).includes('xylophone'));
  });
});
