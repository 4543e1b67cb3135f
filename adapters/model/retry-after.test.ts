import { strict as assert } from 'node:assert';
import { retryAfterMs } from './retry-after.ts';

const asked = (headers: Record<string, string>): number | undefined => retryAfterMs(new Headers(headers));

describe('how long a model asks to be left alone', () => {
  it('CONV-5 reads milliseconds before seconds', () => {
    assert.equal(asked({ 'retry-after': '2' }), 2000);
    assert.equal(asked({ 'retry-after': '0.5' }), 500);
    assert.equal(asked({ 'retry-after-ms': '1234.5', 'retry-after': '9' }), 1234.5);
  });

  it('CONV-5 reads a date by the clock of the server that sent it', () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    assert.equal(asked({ 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date }), 30_000);
    assert.equal(asked({ 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date }), 0);
  });

  it('CONV-5 takes a date without a server clock as not before now', () => {
    assert.equal(asked({ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }), 0);
  });

  it('CONV-5 makes nothing of what it cannot read', () => {
    for (const value of ['', 'soon', '-5', 'NaN', 'Infinity'])
      assert.equal(asked({ 'retry-after': value }), undefined);
    assert.equal(retryAfterMs(undefined), undefined);
  });
});
