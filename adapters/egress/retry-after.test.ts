import { strict as assert } from 'node:assert';
import { retryAfterMs } from './retry-after.ts';

const NOW = new Date('2026-02-16T10:00:00Z');

describe('Retry-After', () => {
  it('CHAN-4 reads seconds and HTTP dates', () => {
    assert.equal(retryAfterMs('7', NOW), 7000);
    assert.equal(retryAfterMs(' 0 ', NOW), 0);
    assert.equal(retryAfterMs(['2', '9'], NOW), 2000);
    assert.equal(retryAfterMs('Mon, 16 Feb 2026 10:00:30 GMT', NOW), 30_000);
  });

  it('CHAN-4 caps the wait at one hour and takes a past date for now', () => {
    assert.equal(retryAfterMs('86400', NOW), 3_600_000);
    assert.equal(retryAfterMs('9'.repeat(400), NOW), 3_600_000);
    assert.equal(retryAfterMs('Tue, 17 Feb 2026 10:00:00 GMT', NOW), 3_600_000);
    assert.equal(retryAfterMs('Sun, 15 Feb 2026 10:00:00 GMT', NOW), 0);
  });

  it('CHAN-4 says null where nothing readable is there', () => {
    for (const header of [undefined, '', '-5', '1.5', 'soon', '2026-02-16', [], 'Mon, 99 Feb 2026 GMT'])
      assert.equal(retryAfterMs(header, NOW), null, String(header));
  });
});
