import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { toMarkup, toPlainText } from './markup.ts';

describe("Slack's markup", () => {
  it('CHAN-1 reads what a customer wrote as they read it', () => {
    const cases: [markup: string, plain: string][] = [
      ['<@U0BOT> is A &lt; B &amp;&amp; C?', 'is A < B && C?'],
      ['<@U0BOT|parley>: halo', 'halo'],
      ['ask <@U0DEWI|dewi> or <@U0ADI>', 'ask @dewi or @U0ADI'],
      ['in <#C0SHOP|shop> <!here>', 'in #shop @here'],
      ['<https://shop.example/?a=1&amp;b=2>', 'https://shop.example/?a=1&b=2'],
      ['<https://shop.example|the shop>', 'the shop (https://shop.example)'],
      ['<http://shop.example|shop.example>', 'http://shop.example'],
      ['<mailto:a@b.example|a@b.example> <tel:+62812|+62812>', 'a@b.example +62812'],
      ['&amp;lt;', '&lt;'],
      ['a < b > c', 'a < b > c'],
    ];
    for (const [markup, plain] of cases) assert.equal(toPlainText(markup, 'U0BOT'), plain);
  });

  it('CHAN-3 calls nobody and links nothing with the words of a model', () => {
    assert.equal(
      toMarkup('<!channel> <@U1> A & B <https://x|y>'),
      '&lt;!channel&gt; &lt;@U1&gt; A &amp; B &lt;https://x|y&gt;',
    );
  });

  it('CHAN-3 shows every text as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => assert.equal(toPlainText(toMarkup(text), null), text.trim())),
    );
  });
});
