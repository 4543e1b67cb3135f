import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { conditionProblems, readCondition } from './condition.ts';
import { holds } from './condition-holds.ts';
import type { Json } from './external-action.ts';

const FACTS = {
  text: 'I want my REFUND now',
  attempts: 3,
  billing_dispute: true,
  calm: false,
  core_intent: null,
  empty: '',
  amount: '150.50',
  customer: { tags: ['vip', 'late'], name: 'Budi' },
};
const judged = (condition: string) => holds(condition, FACTS);
const at = (condition: string, names?: readonly string[]) =>
  conditionProblems(condition, names).map((problem) => problem.at);

describe('a condition', () => {
  it('ESC-1 judges the words of a rule as builders write them', () => {
    const table: [string, boolean][] = [
      ['billing_dispute AND attempts > 2', true],
      ['billing_dispute and attempts > 3', false],
      ['text contains "refund"', true],
      ["text contains 'invoice' or text contains 'now'", true],
      ['not calm', true],
      ['not (billing_dispute or calm)', false],
      ['attempts >= 3 and attempts <= 3 and attempts == 3 and not attempts != 3', true],
      ['attempts < 3 or attempts > 3', false],
      ['core_intent == null', true],
      ['core_intent == "billing"', false],
      ['core_intent != "billing"', true],
      ['true', true],
      ['FALSE', false],
      ['attempts', true],
      ['empty', false],
      ['-1 < 0', true],
      [String.raw`"a \"b\" \\" contains '"b" \\'`, true],
    ];
    for (const [condition, expected] of table) assert.equal(judged(condition), expected, condition);
  });

  it('ESC-1 binds not closer than and, and and closer than or', () => {
    assert.equal(judged('true or false and false'), true);
    assert.equal(judged('(true or false) and false'), false);
    assert.equal(judged('not false and false'), false);
    assert.equal(judged('not attempts == 2'), true);
  });

  it('APR-5 reads numbers that came as text, paths, and lists', () => {
    assert.equal(judged('amount > 100'), true);
    assert.equal(judged('amount == 150.5'), true);
    assert.equal(judged('customer.tags contains "vip"'), true);
    assert.equal(judged('customer.tags contains "VIP"'), false);
    assert.equal(judged('customer.tags.1 == "late"'), true);
    assert.equal(judged('customer.name >= "Ani"'), true);
  });

  it('APR-5 tells when it cannot tell', () => {
    for (const condition of [
      'missing > 100',
      'missing',
      'not missing',
      'missing == null',
      'text > 100',
      'core_intent > 1',
      'billing_dispute == "yes"',
      'customer == 1',
      'customer contains "vip"',
      'constructor',
      '__proto__.x',
      'missing and true',
      'missing or false',
      'this is none',
    ])
      assert.equal(judged(condition), null, condition);
    assert.equal(judged('missing and false'), false);
    assert.equal(judged('missing or true'), true);
  });

  it('ESC-1 says at which character it cannot be read on', () => {
    const table: [string, number][] = [
      ['', 1],
      ['   ', 4],
      ['attempts >', 11],
      ['attempts > and', 12],
      ['attempts = 2', 10],
      ['(attempts > 2', 14],
      ['attempts > 2)', 13],
      ['attempts 2', 10],
      ['text contains "refund', 15],
      ['1 < 2 < 3', 7],
      ['attempts > 1,000', 13],
      ['12abc', 1],
      ['a; b', 2],
      ['()', 2],
    ];
    for (const [condition, place] of table) assert.deepEqual(at(condition), [place], condition);
  });

  it('ESC-1 knows the names that it may speak of, and reports all others at once', () => {
    assert.deepEqual(
      at('attemps > 2 and (Text contains "x" or text.length > 3)', ['attempts', 'text']),
      [1, 18, 39],
    );
    assert.deepEqual(at('attempts > 2 and true', ['attempts']), []);
    assert.match(conditionProblems('foo', ['attempts'])[0]?.message ?? '', /^foo is not known.*attempts$/);
  });

  it('ESC-1 bounds length and depth, not the length of a chain', () => {
    assert.deepEqual(at('x'.repeat(501)), [501]);
    assert.deepEqual(at(`${'('.repeat(20)}x${')'.repeat(20)}`), []);
    assert.deepEqual(at(`${'('.repeat(21)}x${')'.repeat(21)}`), [22]);
    assert.deepEqual(at('not '.repeat(100) + 'x'), [85]);
    assert.deepEqual(at(Array<string>(100).fill('x').join(' or ')), []);
  });

  it('ESC-1 reads any text and judges any facts without failing', () => {
    const words = fc.constantFrom(
      'and',
      'or',
      'not',
      '(',
      ')',
      'a',
      'b.0',
      '"x"',
      '1',
      '==',
      '>',
      'contains',
      'null',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 12 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(texts, fc.jsonValue(), fc.jsonValue(), (text, a, b) => {
        const [problem] = conditionProblems(text);
        const answer = holds(text, { a: a as Json, b: b as Json });
        if (problem === undefined) return;
        assert.equal(answer, null);
        assert.ok(problem.at >= 1 && problem.at <= text.length + 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('ESC-1 judges as logic has it, whatever is known', () => {
    const known = fc.constantFrom<[string, boolean | null]>(
      ['true', true],
      ['false', false],
      ['missing', null],
    );
    fc.assert(
      fc.property(known, known, ([one, first], [other, second]) => {
        const [p, q] = [first, second];
        assert.equal(
          judged(`${one} and ${other}`),
          p === false || q === false ? false : p === null || q === null ? null : true,
        );
        assert.equal(judged(`not (${one} and ${other})`), judged(`not ${one} or not ${other}`));
      }),
    );
  });

  it('ESC-1 reads a condition into a tree', () => {
    assert.deepEqual(readCondition('a and not b.c > 1'), {
      kind: 'and',
      of: [
        { kind: 'name', name: 'a', at: 1 },
        {
          kind: 'not',
          of: {
            kind: 'compare',
            operator: '>',
            left: { kind: 'name', name: 'b.c', at: 11 },
            right: { kind: 'value', value: 1 },
          },
        },
      ],
    });
  });
});
