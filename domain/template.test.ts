import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { Json } from './external-action.ts';
import { fillHeader, fillJson, fillText, fillUrl, placeholdersOf } from './template.ts';
import type { Values } from './template.ts';

const values: Values = {
  name: 'Ayu "A" {{phone}}\r\nX: 1',
  phone: '+62 811',
  quantity: 5,
  gift: true,
  note: null,
  response: { order_id: 'A-1', items: [{ id: 7 }] },
};

/** Words a template may be attacked with, among any others. */
const hostile = fc.oneof(
  fc.constantFrom(
    '{{name}}',
    '}}{{',
    '"}, "admin": true, {"',
    '\r\nx-evil: 1',
    '$&$1',
    '__proto__',
    '\0',
    '\\',
    '\ud800',
    '../..',
    '..',
    '%2e%2e',
    '?a=b#c',
    '@evil.example/',
  ),
  fc.string({ unit: 'binary' }),
);
const someValues = fc.record({ a: hostile, b: hostile, c: fc.jsonValue() as fc.Arbitrary<Json> });

describe('template', () => {
  it('EXT-2 names the placeholders of strings at any depth, once, and none of the keys', () => {
    const template = {
      '{{key}}': ['{{ name }} of {{response.order_id}}', { deep: '{{name}}' }],
      n: 1,
      no: null,
    };
    assert.deepEqual(placeholdersOf(template), ['name', 'response.order_id']);
    assert.deepEqual(placeholdersOf('{{{name}}} { {a} } {{two words}} {{}}'), ['name', 'two words', '']);
  });

  it('EXT-2 keeps the type of a string that is one placeholder, and only of that', () => {
    const template = {
      q: '{{quantity}}',
      g: '{{ gift }}',
      all: '{{response.items}}',
      text: 'x{{quantity}}',
      n: '{{note}}',
    };
    assert.deepEqual(fillJson(template, values), {
      value: { q: 5, g: true, all: [{ id: 7 }], text: 'x5', n: null },
      missing: [],
    });
    assert.equal(
      fillText('{{response.items.0.id}} {{response}}', values).value,
      '7 {"order_id":"A-1","items":[{"id":7}]}',
    );
  });

  it('EXT-2 reports what is missing and leaves neither braces nor a hole behind', () => {
    assert.deepEqual(fillText('a {{gone}} b {{two words}} {{gone}}', values), {
      value: 'a  b  ',
      missing: ['gone', 'two words'],
    });
    assert.deepEqual(fillJson(['{{gone}}', 'x {{response.gone}}'], values).missing, [
      'gone',
      'response.gone',
    ]);
  });

  it('EXT-2 looks up nothing that a value does not own', () => {
    const own = JSON.parse(
      '{"__proto__": {"x": 1}, "a": {"constructor": 2}, "list": [1], "word": "w"}',
    ) as Values;
    for (const name of [
      '__proto__',
      '__proto__.x',
      'constructor',
      'a.constructor',
      'a.constructor.name',
      'a.prototype',
      'toString',
      'a.hasOwnProperty',
      'list.length',
      'list.map',
      'list.1',
      'list.-1',
      'word.length',
      'word.0',
      'a.',
      '.a',
      '',
    ])
      assert.deepEqual(fillText(`{{${name}}}`, own), { value: '', missing: [name] }, name);
  });

  it('EXT-2 keeps a template key named __proto__ a key', () => {
    const template = JSON.parse('{"__proto__": "{{phone}}"}') as Json;
    const { value } = fillJson(template, values);
    assert.equal(JSON.stringify(value), '{"__proto__":"+62 811"}');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('EXT-2 (EA Templates) gives any values a payload that parses and has the shape of its template', () => {
    const template = {
      only: '{{a}}',
      mixed: 'x {{a}} y {{b}} z',
      list: ['{{b}}', 1, null, { 'inner {{a}}': 'w{{c}}' }],
      any: '{{c}}',
    };
    fc.assert(
      fc.property(someValues, (given) => {
        const filled = fillJson(template, given);
        assert.deepEqual(filled.missing, []);
        const parsed = JSON.parse(JSON.stringify(filled.value)) as typeof template;
        assert.deepEqual(parsed, JSON.parse(JSON.stringify(filled.value)));
        assert.deepEqual(Object.keys(parsed), Object.keys(template));
        assert.equal(parsed.only, given.a);
        assert.equal(parsed.mixed, `x ${given.a} y ${given.b} z`);
        assert.deepEqual(Object.keys(parsed.list[3] as object), ['inner {{a}}']);
        assert.deepEqual(parsed.list.slice(0, 3), [given.b, 1, null]);
        assert.deepEqual(parsed.any, JSON.parse(JSON.stringify(given.c)));
      }),
      { numRuns: 500 },
    );
  });

  it('EXT-3 never reads a value as a template', () => {
    fc.assert(
      fc.property(hostile, (secret) => {
        const given = { a: '{{b}}{{ b }}', b: secret };
        assert.equal(fillText('{{a}}', given).value, '{{b}}{{ b }}');
        assert.deepEqual(fillJson(['{{a}}', 'x{{a}}'], given).value, ['{{b}}{{ b }}', 'x{{b}}{{ b }}']);
        assert.equal(fillHeader('{{a}}', given).value, '{{b}}{{ b }}');
        assert.equal(
          new URL(fillUrl('https://h.example/{{a}}', given).value).pathname,
          '/%7B%7Bb%7D%7D%7B%7B%20b%20%7D%7D',
        );
      }),
    );
    // Halves that only together are a placeholder.
    assert.equal(fillText('{{a}}{{b}}', { a: '{{', b: 'c}}', c: 'x' }).value, '{{c}}');
  });

  it('EXT-2 fills a megabyte of braces and quotes without a second thought', () => {
    const big = '{{a}}"\\\r\n'.repeat(120_000);
    const { value } = fillJson({ text: 'x{{a}}' }, { a: big });
    assert.deepEqual(JSON.parse(JSON.stringify(value)), { text: `x${big}` });
    assert.equal(fillText(big, { a: 'b' }).missing.length, 0);
    assert.equal(placeholdersOf('{{'.repeat(500_000)).length, 0);
  });

  describe('in a URL', () => {
    const url = 'https://shop.example:8443/orders/{{a}}/of-{{b}}?q={{a}}&{{b}}=1';

    it('EXT-6 keeps origin, number of segments and query names whatever the values are', () => {
      fc.assert(
        fc.property(hostile, hostile, (a, b) => {
          const filled = fillUrl(url, { a, b });
          if (['', '.', '..'].includes(a)) return assert.deepEqual(filled.unusable, ['a']);
          assert.deepEqual([filled.unusable, filled.missing], [[], []]);
          const parsed = new URL(filled.value);
          assert.equal(parsed.origin, 'https://shop.example:8443');
          assert.deepEqual(parsed.pathname.split('/').map(decodeURIComponent), [
            '',
            'orders',
            a.toWellFormed(),
            `of-${b.toWellFormed()}`,
          ]);
          assert.deepEqual(
            [...parsed.searchParams],
            [
              ['q', a.toWellFormed()],
              [b.toWellFormed(), '1'],
            ],
          );
          assert.equal(parsed.hash, '');
        }),
        { numRuns: 500 },
      );
    });

    it('EXT-6 refuses a placeholder before the path or after it', () => {
      for (const bad of [
        '{{a}}',
        'https://{{a}}/',
        'https://{{a}}.example/',
        'https://shop.example{{a}}/x',
        'https://shop.example:{{a}}/',
        'https://u:{{a}}@shop.example/',
        'https:/{{a}}/x',
        'https:{{a}}',
        'https:///{{a}}',
        'https:\\\\{{a}}/',
        '{{a}}://shop.example/',
        'https://shop.example\\{{a}}',
        'ht\ntps://shop.example/{{a}}',
        'https://shop.example/#{{a}}',
      ])
        assert.deepEqual(fillUrl(bad, { a: 'x' }).unusable, ['a'], bad);
    });

    it('EXT-6 refuses a segment that comes out empty or climbs', () => {
      const unusable = (template: string, a: Json, b: Json = 'x') => fillUrl(template, { a, b }).unusable;
      assert.deepEqual(unusable('https://h.example/x/{{a}}/y', '..'), ['a']);
      assert.deepEqual(unusable('https://h.example/x/{{a}}{{b}}', '.', '.'), ['a', 'b']);
      assert.deepEqual(unusable('https://h.example/x/.{{a}}', '.'), ['a']);
      assert.deepEqual(unusable('https://h.example/x/%2{{a}}.', 'e'), ['a']);
      assert.deepEqual(unusable('https://h.example/x/\t{{a}}', '..'), ['a']);
      assert.deepEqual(unusable('https://h.example/x\\{{a}}\\y', '..'), ['a']);
      assert.deepEqual(unusable('https://h.example/x/{{a}}', null), ['a']);
      assert.deepEqual(unusable('https://h.example/x/{{a}}/foo}}', '..'), ['a']);
      assert.deepEqual(unusable('https://h.example/x/...{{a}}?y={{b}}', '', '..'), []);
      assert.deepEqual(fillUrl('https://h.example/{{gone}}', {}), {
        value: 'https://h.example/',
        missing: ['gone'],
        unusable: [],
      });
    });

    it('EXT-6 leaves a URL without placeholders as it is', () => {
      for (const plain of ['https://h.example', 'https://h.example/a/../b?c=%7B#d', 'nonsense'])
        assert.deepEqual(fillUrl(plain, {}), { value: plain, missing: [], unusable: [] });
    });
  });

  describe('in a header', () => {
    it('EXT-2 injects no header whatever the values are', () => {
      fc.assert(
        fc.property(hostile, (a) => {
          const { value, unusable } = fillHeader('id={{a}}', { a });
          assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/);
          assert.equal(unusable.length === 0, value === `id=${a}`);
        }),
        { numRuns: 500 },
      );
      for (const bad of ['a\r\nb', 'a\nb', 'a\rb', 'a\0b', '\x1b', '\x7f', '\u2028', 'ā'])
        assert.deepEqual(fillHeader('x{{a}}', { a: bad }), { value: 'x', missing: [], unusable: ['a'] });
      assert.deepEqual(fillHeader('x{{gone}}', {}).missing, ['gone']);
    });
  });
});
