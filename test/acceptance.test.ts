import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTests } from '../dev/acceptance/find-tests.ts';
import { acceptancePage, uncovered, unheardOf } from '../dev/acceptance/page.ts';

const ROOT = join(import.meta.dirname, '..');

describe('acceptance', () => {
  const tests = findTests(ROOT);

  it('RUN-1 has a test, or a reason, for every criterion of the source documents', () => {
    assert.deepEqual(uncovered(tests), []);
  });

  it('RUN-1 names no criterion that no document has', () => {
    assert.deepEqual(unheardOf(tests), []);
  });

  it('RUN-1 keeps docs/acceptance.md as the tests are', () => {
    assert.equal(readFileSync(join(ROOT, 'docs/acceptance.md'), 'utf8'), acceptancePage(tests));
  });
});
