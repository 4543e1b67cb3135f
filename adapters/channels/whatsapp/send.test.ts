import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { addressOf } from './customer-ids.ts';
import { fitText } from './send.ts';

describe('WhatsApp send', () => {
  it('CHAN-3 addresses the wa_id where one is known, else the user id', () => {
    const userId = 'ID.13491208655302741918';
    assert.deepEqual(addressOf([userId, '6281234567890']), { to: '6281234567890' });
    assert.deepEqual(addressOf([userId]), { recipient: userId });
    assert.deepEqual(addressOf(['US.ENT.11815799212886844830']), {
      recipient: 'US.ENT.11815799212886844830',
    });
    assert.equal(addressOf(['U024BE7LH', 'visitor-7', '']), null);
    assert.equal(addressOf([]), null);
  });

  it('CHAN-3 sends text up to the limit untouched', () => {
    const longest = 'ü'.repeat(4096);
    assert.equal(fitText(longest), longest);
  });

  it('CHAN-3 cuts longer text at a space and shows that it did', () => {
    const words = 'kata '.repeat(1000);
    const cut = fitText(words);
    assert.ok(cut.length <= 4096 && cut.length > 4080);
    assert.ok(cut.endsWith('kata…'));
  });

  it('CHAN-3 never exceeds the limit nor halves a character', () => {
    const unit = fc.constantFrom('a', ' ', '\n', '🙏', 'م');
    fc.assert(
      fc.property(fc.array(unit, { minLength: 3000, maxLength: 6000 }), (units) => {
        const fitted = fitText(units.join(''));
        assert.ok(fitted.length <= 4096);
        assert.ok(!/\p{Surrogate}/u.test(fitted));
      }),
      { numRuns: 30 },
    );
  });
});
