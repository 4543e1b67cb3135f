import { strict as assert } from 'node:assert';
import { bufferDue } from './buffer.ts';

const policy = { waitMs: 8_000, capMs: 30_000 };

describe('buffer', () => {
  it('CONV-3 has nothing due while nothing is buffered', () => {
    assert.equal(bufferDue([], policy), null);
  });

  it('CONV-3 restarts the wait with each new message', () => {
    assert.equal(bufferDue([{ at: 1_000 }], policy), 9_000);
    assert.equal(bufferDue([{ at: 1_000 }, { at: 6_000 }], policy), 14_000);
  });

  it('CONV-3 ends the wait at the cap counted from the first message', () => {
    const burst = Array.from({ length: 10 }, (_, n) => ({ at: n * 5_000 }));
    assert.equal(bufferDue(burst, policy), 30_000);
  });

  it('CONV-3 answers at once when the wait is 0, even with a cap of 0', () => {
    assert.equal(bufferDue([{ at: 5 }], { waitMs: 0, capMs: 0 }), 5);
  });

  it('CONV-3 never ends the wait before a single wait time has passed', () => {
    assert.equal(bufferDue([{ at: 0 }], { waitMs: 60_000, capMs: 30_000 }), 60_000);
  });
});
