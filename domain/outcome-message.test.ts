import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { CallState } from './call.ts';
import type { ExternalAction, Json } from './external-action.ts';
import { DEFAULT_EXTERNAL_ACTION, UNCERTAIN_MESSAGE } from './external-action.ts';
import { confirmationText, outcomeMessage, readResponse } from './outcome-message.ts';

function action(more: Partial<ExternalAction>): ExternalAction {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    trainingExamples: [],
    variables: [
      { name: 'product', prompt: '', type: 'text', required: true, defaultValue: null, options: [] },
      { name: 'note', prompt: '', type: 'text', required: false, defaultValue: null, options: [] },
    ],
    actionName: 'order',
    displayName: 'Order',
    webhookUrl: 'https://shop.example/orders',
    ...more,
  };
}
const values = { product: 'lamp', customer_name: 'Ayu' };
const said = (successMessage: string, response: Json | null) =>
  outcomeMessage(action({ successMessage }), 'succeeded', values, response);

describe('message of an outcome', () => {
  it('EXT-3 fills variables, built-in ones and fields of the answer', () => {
    const message = '{{customer_name}}: {{product}} is {{response.order.id}}, {{order_id}}.{{note}}';
    assert.deepEqual(said(message, { order_id: 7, order: { id: 'A-1' } }), {
      text: 'Ayu: lamp is A-1, 7.',
      problem: null,
    });
    assert.equal(said('{{response}}', { a: [1, null] }).text, '{"a":[1,null]}');
    assert.equal(said('{{response.0.id}}', [{ id: 3 }]).text, '3');
  });

  it('EXT-3 prefers a variable to a field of the same name', () => {
    const response = {
      product: 'forged',
      note: 'forged',
      customer_name: 'forged',
      response: { product: 'inner' },
    };
    assert.equal(said('{{product}}{{note}}{{customer_name}}', response).text, 'lampAyu');
    assert.equal(said('{{response.product}}', response).text, 'forged');
  });

  it('EXT-3 sends the default message where the answer lacks a field, and says which', () => {
    const standard = DEFAULT_EXTERNAL_ACTION.successMessage;
    const lacking: [string, Json | null, string][] = [
      ['{{response.order_id}}', {}, 'response.order_id'],
      ['{{ order_id }} ok', null, 'order_id'],
      ['{{order_id}}', { order_id: null }, 'order_id'],
      ['{{order_id}}', { order_id: ' ' }, 'order_id'],
      ['{{response}}', null, 'response'],
      ['{{response.a}} {{response.b}}', { a: 1 }, 'response.b'],
      ['{{constructor}}', {}, 'constructor'],
      ['{{response.__proto__}}', JSON.parse('{"__proto__": "x"}') as Json, 'response.__proto__'],
      ['{{two words}}', { two: 1 }, 'two words'],
    ];
    for (const [template, response, name] of lacking)
      assert.deepEqual(said(template, response), { text: standard, problem: `missing_field:${name}` });
    assert.deepEqual(said('{{note}}', null), { text: standard, problem: 'empty_message' });
    const failed = outcomeMessage(action({ failureMessage: 'No: {{why}}' }), 'failed', values, null);
    assert.deepEqual(failed, { text: DEFAULT_EXTERNAL_ACTION.failureMessage, problem: 'missing_field:why' });
  });

  it('EXT-3 never says of what may have happened that it did not, unless the builder does', () => {
    const told = (failureMessage: string, ended: CallState) =>
      outcomeMessage(action({ failureMessage }), ended, values, null).text;
    const standard = DEFAULT_EXTERNAL_ACTION.failureMessage;
    for (const ended of ['unknown', 'timed_out'] as const) {
      assert.equal(told(standard, ended), UNCERTAIN_MESSAGE);
      assert.equal(told('{{why}}', ended), UNCERTAIN_MESSAGE);
      assert.equal(told('We could not confirm {{product}}.', ended), 'We could not confirm lamp.');
    }
    assert.equal(told(standard, 'failed'), standard);
    assert.equal(told(standard, 'refused'), standard);
  });

  it('EXT-3 never expands what the answer says, and shows neither braces nor holes of the template', () => {
    fc.assert(
      fc.property(fc.option(fc.string()), (given) => {
        const { text, problem } = said('[{{x}}]', { x: given, y: 'Y' });
        if (given === null || given.trim() === '') assert.equal(problem, 'missing_field:x');
        else assert.equal(text, `[${given.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '')}]`);
      }),
    );
    assert.equal(said('{{x}}', { x: '{{y}} {{product}} $&', y: 'Y' }).text, '{{y}} {{product}} $&');
  });

  it('EXT-3 cuts a message that is too long, between characters', () => {
    const { text } = said('{{x}}', { x: `a${'🙏'.repeat(10_000)}` });
    assert.ok(text.length <= 4_000 && text.endsWith('🙏…'), text.slice(-3));
  });

  it('EXT-4 asks with the confirmation message, or the default one', () => {
    assert.deepEqual(confirmationText(action({ confirmationMessage: 'Order {{product}}?' }), values), {
      text: 'Order lamp?',
      problem: null,
    });
    assert.deepEqual(confirmationText(action({ confirmationMessage: '{{gone}}?' }), values), {
      text: DEFAULT_EXTERNAL_ACTION.confirmationMessage,
      problem: 'missing_field:gone',
    });
  });

  it('EXT-5 reads an answer as JSON, or as nothing', () => {
    assert.deepEqual(readResponse(' {"a": [1]} '), { a: [1] });
    for (const body of ['', 'OK', '<html>', '{"a":', '['.repeat(30_000) + ']'.repeat(30_000)])
      assert.equal(readResponse(body), null);
    assert.equal(readResponse('['.repeat(65) + ']'.repeat(65)), null);
    assert.notEqual(readResponse('['.repeat(60) + ']'.repeat(60)), null);
  });
});
