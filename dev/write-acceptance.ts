import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTests } from './acceptance/find-tests.ts';
import { acceptancePage, uncovered } from './acceptance/page.ts';

const ROOT = join(import.meta.dirname, '..');
const tests = findTests(ROOT);
writeFileSync(join(ROOT, 'docs/acceptance.md'), acceptancePage(tests));
const open = uncovered(tests);
console.log(open.length === 0 ? 'docs/acceptance.md is written' : `no test names: ${open.join(', ')}`);
process.exitCode = open.length === 0 ? 0 : 1;
