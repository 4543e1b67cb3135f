import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { storable, storableJson } from './storable.ts';

describe('storable', () => {
  it('CONV-2 drops NUL and halves of surrogate pairs, and leaves every other text as it is', () => {
    assert.equal(storable('a\0b\ud800c\udc00 😀 سعر'), 'ab\ufffdc\ufffd 😀 سعر');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(storable(text), text.replaceAll('\0', ''));
      }),
    );
  });

  it('CONV-2 cleans keys and values however deep, and no text that only looks like an escape', () => {
    const document = { 'k\0': ['\ud83d', { deep: 'x\0y' }], looks: '\\u0000 \\ud800', 'emoji 😀': '😀' };
    assert.deepEqual(JSON.parse(storableJson(document)), {
      k: ['\ufffd', { deep: 'xy' }],
      looks: '\\u0000 \\ud800',
      'emoji 😀': '😀',
    });
  });

  it('CONV-2 changes no clean document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = storableJson(value);
        if (!JSON.stringify(value).includes('\\u')) assert.equal(json, JSON.stringify(value));
        assert.doesNotThrow(() => JSON.parse(json) as unknown);
      }),
    );
    assert.equal(storableJson(undefined), 'null');
    assert.equal(storableJson(null), 'null');
  });
});
