import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { Variable, VariableType } from './external-action.ts';
import { readVariable, resolveVariables, templateValues } from './variables.ts';

function variable(type: VariableType, more: Partial<Variable> = {}): Variable {
  return { name: 'v', prompt: '', type, required: true, defaultValue: null, options: [], ...more };
}
const reads = (type: VariableType, raw: unknown, options: string[] = []) =>
  readVariable(variable(type, { options }), raw);

describe('variables', () => {
  it('EXT-2 reads a text trimmed, and none that is empty', () => {
    assert.equal(reads('text', '  {{phone}} "x"\n'), '{{phone}} "x"');
    assert.equal(reads('text', 12), '12');
    for (const raw of ['', ' \n', null, undefined, {}, ['a'], 'x'.repeat(20_001)])
      assert.equal(reads('text', raw), undefined);
  });

  it('EXT-2 reads a number in the spellings people use', () => {
    const spellings: [unknown, number][] = [
      [1.5, 1.5],
      [0, 0],
      ['1500', 1500],
      ['-3', -3],
      ['+3', 3],
      ['12.5', 12.5],
      ['12,5', 12.5],
      ['0.125', 0.125],
      ['0,125', 0.125],
      ['1 500', 1500],
      ['1\u00a0500\u202f'.trim(), 1500],
      ["1'500", 1500],
      ['1,500.25', 1500.25],
      ['1.500,25', 1500.25],
      ['1.500.000', 1_500_000],
      ['1,500,000', 1_500_000],
    ];
    for (const [raw, number] of spellings) assert.equal(reads('number', raw), number, String(raw));
  });

  it('EXT-2 reads no number into what is none, or could be two', () => {
    for (const raw of [
      '1.500',
      '1,500',
      '5 6',
      '1.50.00',
      '1.500.25',
      '12abc',
      'Infinity',
      NaN,
      Infinity,
      '0x10',
    ])
      assert.equal(reads('number', raw), undefined, String(raw));
    for (const raw of [true, [], {}, 'five', '9'.repeat(400)])
      assert.equal(reads('number', raw), undefined, String(raw));
  });

  it('EXT-2 reads a whole number, where a point can only group', () => {
    for (const raw of [1500, '1500', '1.500', '1,500', '1 500', '1500.0'])
      assert.equal(reads('whole_number', raw), 1500, String(raw));
    for (const raw of [1.5, '1.5', '9007199254740993', 2 ** 60, 'two'])
      assert.equal(reads('whole_number', raw), undefined, String(raw));
  });

  it('EXT-2 reads yes and no', () => {
    for (const raw of [true, 'yes', 'Yes ', 'TRUE']) assert.equal(reads('yes_no', raw), true);
    for (const raw of [false, 'no', 'False']) assert.equal(reads('yes_no', raw), false);
    for (const raw of ['maybe', 1, 0, '1', {}]) assert.equal(reads('yes_no', raw), undefined);
  });

  it('EXT-2 reads only days that exist', () => {
    for (const raw of ['2026-03-05', '2028-02-29']) assert.equal(reads('date', raw), raw);
    for (const raw of [
      '2026-02-29',
      '2026-02-30',
      '2026-13-01',
      '2026-00-10',
      '05-03-2026',
      'tomorrow',
      '2026-3-5',
      1,
    ])
      assert.equal(reads('date', raw), undefined, String(raw));
  });

  it('EXT-2 reads a choice as the builder spelled it, and nothing else', () => {
    const options = ['Jakarta', 'Bandung', 'BANDUNG', '3'];
    assert.equal(reads('choice', ' jakarta', options), 'Jakarta');
    assert.equal(reads('choice', 'BANDUNG', options), 'BANDUNG');
    assert.equal(reads('choice', 3, options), '3');
    for (const raw of ['Surabaya', 'constructor', null, true])
      assert.equal(reads('choice', raw, options), undefined, String(raw));
  });

  it('EXT-2 fills in defaults and names what is missing', () => {
    const variables = [
      variable('text', { name: 'product' }),
      variable('whole_number', { name: 'quantity', defaultValue: 1 }),
      variable('yes_no', { name: 'gift', required: false, defaultValue: false }),
      variable('text', { name: 'note', required: false }),
      variable('date', { name: 'day' }),
    ];
    assert.deepEqual(
      resolveVariables(variables, { quantity: ' ', gift: null, day: 'soon', is_admin: true }),
      {
        values: { quantity: 1, gift: false },
        missing: ['product', 'day'],
      },
    );
    const whole = resolveVariables(variables, {
      product: 'lamp',
      quantity: '2',
      gift: 'yes',
      day: '2026-01-02',
    });
    assert.deepEqual(whole, {
      values: { product: 'lamp', quantity: 2, gift: true, day: '2026-01-02' },
      missing: [],
    });
    const seen = templateValues(variables, whole.values);
    assert.deepEqual(
      [seen.note, seen.gift, seen.customer_name, 'is_admin' in seen],
      [null, true, null, false],
    );
  });

  it('EXT-2 asks again rather than put a default in the place of what was said', () => {
    const variables = [
      variable('whole_number', { name: 'quantity', defaultValue: 1 }),
      variable('choice', { name: 'city', required: false, defaultValue: 'Jakarta', options: ['Jakarta'] }),
    ];
    assert.deepEqual(resolveVariables(variables, { quantity: 'a dozen', city: 'Surabaya' }), {
      values: {},
      missing: ['quantity', 'city'],
    });
  });

  it('EXT-2 takes no value from what an object inherits', () => {
    const inherited = ['constructor', 'toString', '__proto__'].map((name) => variable('text', { name }));
    assert.deepEqual(resolveVariables(inherited, {}).missing, ['constructor', 'toString', '__proto__']);
  });

  it('EXT-2 gives every variable a value of its type or none, whatever the model says', () => {
    const types: VariableType[] = ['text', 'number', 'whole_number', 'yes_no', 'date', 'choice'];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.anything(), (type, raw) => {
        const value = reads(type, raw, ['a', 'b']);
        if (value === undefined) return;
        if (type === 'number' || type === 'whole_number') assert.ok(Number.isFinite(value));
        else if (type === 'yes_no') assert.equal(typeof value, 'boolean');
        else assert.ok(typeof value === 'string' && value !== '');
      }),
    );
  });
});
