import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { depthOf, parseJson } from './read-body.ts';

describe('reading a body', () => {
  it('CONV-2 counts nesting as the parser does, whatever stands in strings', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        assert.equal(depthOf(Buffer.from(JSON.stringify(value))), depth(value));
      }),
    );
    assert.equal(depthOf(Buffer.from('["[{\\"[[", "\\\\"]')), 1);
  });

  it('CONV-2 walks a body of a million brackets without a stack', () => {
    assert.equal(depthOf(Buffer.alloc(1_000_000, '[')), 1_000_000);
    assert.throws(() => parseJson(Buffer.alloc(1_000_000, '[')), { status: 400 });
  });

  it('CONV-2 keeps a byte order mark and half characters out', () => {
    assert.deepEqual(parseJson(Buffer.from('\ufeff{"a":1}')), { a: 1 });
    assert.throws(() => parseJson(Buffer.from([0x22, 0xc3, 0x22])), { status: 400 });
  });
});
