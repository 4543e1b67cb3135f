import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { sectionsOf, summaryOf } from './blocks.ts';
import { toMarkup } from './markup.ts';

const textsOf = (markup: string) =>
  sectionsOf(markup, 'id').map((block) => (block as { text: { text: string } }).text.text);

describe("Slack's blocks", () => {
  it('CHAN-3 shows a text of usual length as one section that is all of it', () => {
    const longest = 'ü'.repeat(3000);
    assert.deepEqual(textsOf(longest), [longest]);
    assert.equal(summaryOf(longest), longest);
    assert.deepEqual(
      sectionsOf('Halo', 'parley-message:1').map((block) => block.block_id),
      ['parley-message:1'],
    );
  });

  it('CHAN-3 spreads longer text over sections, cut between words', () => {
    const words = 'kata '.repeat(1600).trim();
    const texts = textsOf(words);
    assert.equal(texts.length, 3);
    assert.equal(texts.join(' '), words);
    assert.deepEqual(
      sectionsOf(words, 'x').map((block) => block.block_id),
      ['x', 'x#2', 'x#3'],
    );
  });

  it('CHAN-3 cuts what Slack would refuse and shows that it did', () => {
    const texts = textsOf('kata '.repeat(4000));
    assert.ok(texts.join(' ').length <= 12_000);
    assert.ok(texts.at(-1)?.endsWith('kata…'));
  });

  it('CHAN-3 never exceeds a section nor halves a character or an escape', () => {
    const unit = fc.constantFrom('a', ' ', '\n', '🙏', 'م', '&', '<');
    fc.assert(
      fc.property(fc.array(unit, { minLength: 2000, maxLength: 14_000 }), (units) => {
        const texts = textsOf(toMarkup(`x${units.join('')}`));
        for (const text of texts) {
          assert.ok(text.length <= 3000 && text !== '');
          assert.ok(!/\p{Surrogate}/u.test(text));
          assert.ok(!/&(?!(amp|lt|gt);)/.test(text), text);
        }
      }),
      { numRuns: 40 },
    );
  });
});
