import { strict as assert } from 'node:assert';
import { readRows } from './rows.ts';
import type { EnteredRow } from './rows.ts';

const ROW: EnteredRow = { id: 'r', kind: 'message', seq: 1, epoch: 1, at: 0 };
const read = (entered: unknown) => readRows(entered as Parameters<typeof readRows>[0]);

describe('the rows of a signal', () => {
  it('CONV-1 are those that this code knows, whatever else is signalled', () => {
    const later = { ...ROW, kind: 'of newer code' };
    assert.deepEqual(read({ rows: [later, ROW, null, 'x', { ...ROW, at: Number.NaN }, { ...ROW, id: 7 }] }), [
      ROW,
    ]);
  });

  it('CONV-1 are none where somebody signals something else', () => {
    for (const entered of [undefined, null, {}, { rows: 'all' }, 'x', 7]) assert.deepEqual(read(entered), []);
  });
});
