import { strict as assert } from 'node:assert';
import { openJournal, readJournal } from './journal.ts';

describe('the journal of a stand-in', () => {
  it('CHAN-5 holds the newest entries under their numbers and says how many it forgot', () => {
    const journal = openJournal<{ word: string }>(3);
    for (const word of ['a', 'b', 'c', 'd', 'e']) journal.add({ word });
    assert.deepEqual(
      journal.after(0, 10).map((entry) => `${entry.n}${entry.word}`),
      ['3c', '4d', '5e'],
    );
    assert.equal(journal.forgotten(), 2);
    assert.deepEqual(readJournal(journal, 'after=3&limit=1'), {
      entries: [{ n: 4, word: 'd' }],
      last: 5,
      forgotten: 2,
    });
  });

  it('CHAN-5 goes on counting after it was cleared', () => {
    const journal = openJournal<{ word: string }>(2);
    for (const word of ['a', 'b', 'c']) journal.add({ word });
    journal.clear();
    assert.deepEqual(journal.after(0, 10), []);
    journal.add({ word: 'd' });
    assert.deepEqual(journal.after(0, 10), [{ n: 4, word: 'd' }]);
    assert.equal(journal.forgotten(), 0);
  });
});
