import { strict as assert } from 'node:assert';
import { safeError } from './log.ts';

describe('log', () => {
  it('OBS-4 writes no word of an error message, also not one that looks like a stack', () => {
    const error = new SyntaxError('Unexpected token: my card number is 4111\n    at the bank I said so');
    const written = JSON.stringify(safeError(error));
    assert.ok(!written.includes('4111'));
    assert.ok(!written.includes('the bank'));
    assert.ok(written.includes('SyntaxError'));
  });

  it('OBS-4 keeps codes and causes, and none of an error’s other properties', () => {
    const cause = Object.assign(new Error('secret'), { code: '23505', detail: 'Key (text)=(hello)' });
    const written = safeError(new Error('outer', { cause }));
    assert.equal(written.cause?.code, '23505');
    assert.ok(!JSON.stringify(written).includes('hello'));
  });

  it('OBS-4 keeps a name and a request id that are single words, and drops them otherwise', () => {
    const named = (name: string, requestId: string) => {
      const written = safeError(Object.assign(new Error('secret'), { name, requestId }));
      return [written.name, written.requestId];
    };
    assert.deepEqual(named('APIConnectionError', 'req-7.1'), ['APIConnectionError', 'req-7.1']);
    assert.deepEqual(named('my card number', 'is 4111'), [undefined, undefined]);
  });
});
