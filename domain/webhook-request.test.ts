import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { ExternalAction, Json, Variable } from './external-action.ts';
import { DEFAULT_EXTERNAL_ACTION } from './external-action.ts';
import { buildRequest } from './webhook-request.ts';

function variable(name: string, required = true): Variable {
  return { name, prompt: '', type: 'text', required, defaultValue: null, options: [] };
}
function action(more: Partial<ExternalAction> = {}): ExternalAction {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    trainingExamples: [],
    variables: [variable('product'), variable('note', false)],
    actionName: 'order',
    displayName: 'Order',
    webhookUrl: 'https://shop.example/orders',
    payloadTemplate: {
      product: '{{product}}',
      note: '{{note}}',
      text: 'Note: {{note}}',
      phone: '{{phone_number}}',
    },
    ...more,
  };
}
const code = (more: Partial<ExternalAction>, values: Record<string, Json> = { product: 'lamp' }) => {
  const built = buildRequest(action(more), values);
  return built.kind === 'unusable' ? built.code : 'ready';
};

describe('request of an external action', () => {
  it('EXT-2 (EA Templates) sends the payload as JSON, null for what is optional or not known', () => {
    const built = buildRequest(action({ headers: { 'X-Product': 'is {{product}}', 'x-product': 'last' } }), {
      product: 'lamp "L"',
    });
    assert.deepEqual(built, {
      kind: 'ready',
      method: 'POST',
      url: 'https://shop.example/orders',
      headers: { 'x-product': 'last' },
      body: '{"product":"lamp \\"L\\"","note":null,"text":"Note: ","phone":null}',
    });
  });

  it('EXT-1 sends the payload of a GET as query parameters', () => {
    const get = (webhookUrl: string, payloadTemplate: Json) => {
      const built = buildRequest(action({ httpMethod: 'GET', webhookUrl, payloadTemplate }), {
        product: 'a&b=c #1',
      });
      assert.ok(built.kind === 'ready' && built.body === null);
      return built.url;
    };
    const payload = { product: '{{product}}', n: 1, note: '{{note}}', list: [1, { a: '{{product}}' }] };
    assert.equal(
      get('https://shop.example/find', payload),
      'https://shop.example/find?product=a%26b%3Dc%20%231&n=1&list=%5B1%2C%7B%22a%22%3A%22a%26b%3Dc%20%231%22%7D%5D',
    );
    assert.equal(get('https://shop.example/?a=1#top', { n: 1 }), 'https://shop.example/?a=1&n=1');
    assert.equal(get('https://shop.example/?', { n: 1 }), 'https://shop.example/?n=1');
    assert.equal(get('https://shop.example/#top', {}), 'https://shop.example/#top');
  });

  it('EXT-2 sends nothing while a value is missing', () => {
    for (const more of [
      { payloadTemplate: ['{{product}}'] },
      { payloadTemplate: 'x {{response.id}}' },
      { payloadTemplate: {}, webhookUrl: 'https://shop.example/{{product}}' },
      { payloadTemplate: {}, headers: { 'x-a': '{{product}}' } },
    ])
      assert.equal(code(more, {}), 'missing_value');
  });

  it('EXT-2 sends nothing that would not fit where it has to go', () => {
    assert.equal(code({ webhookUrl: 'https://shop.example/{{product}}' }, { product: '..' }), 'unusable_url');
    assert.equal(code({ webhookUrl: 'https://{{product}}/' }), 'unusable_url');
    assert.equal(code({ headers: { 'x-a': '{{product}}' } }, { product: 'a\r\nb: c' }), 'unusable_header');
    assert.equal(code({ httpMethod: 'GET', payloadTemplate: ['{{product}}'] }), 'payload_not_an_object');
    const long = { product: 'x'.repeat(300_000) };
    assert.equal(code({}, long), 'payload_too_large');
    assert.equal(code({ httpMethod: 'GET' }, long), 'url_too_long');
    assert.equal(code({ headers: { 'x-a': '{{product}}' } }, long), 'headers_too_long');
    assert.equal(code({}), 'ready');
  });

  it('EXT-2 lets no value change the query of a GET beyond its own parameter', () => {
    const found = action({ httpMethod: 'GET', payloadTemplate: { a: '{{product}}', b: 'x{{note}}' } });
    const word = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(word, word, (product, note) => {
        const built = buildRequest(found, { product, note });
        assert.ok(built.kind === 'ready');
        assert.deepEqual(
          [...new URL(built.url).searchParams],
          [
            ['a', product.toWellFormed()],
            ['b', `x${note.toWellFormed()}`],
          ],
        );
      }),
    );
  });
});
