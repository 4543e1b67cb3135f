import { SOURCE_DOCUMENTS } from './criteria.ts';
import type { Criterion, SourceDocument } from './criteria.ts';
import { criteriaIn } from './find-tests.ts';
import type { FoundTest } from './find-tests.ts';

const HEAD = `# Acceptance

What the source documents ask for, and the test that shows it. Written by \`npm run acceptance\` from the
titles of the tests: a title names its criteria in brackets. \`npm test\` fails where this page is out of date, and where a
criterion has neither a test nor a reason.
`;

/** docs/acceptance.md as it has to be for these tests. */
export function acceptancePage(tests: readonly FoundTest[]): string {
  return [HEAD, ...SOURCE_DOCUMENTS.map((document) => section(document, tests))].join('\n');
}

/** Criteria that no test names and nothing excuses. */
export function uncovered(tests: readonly FoundTest[]): string[] {
  const named = new Set(tests.flatMap(({ title }) => criteriaIn(title)));
  return all()
    .filter(({ id, leftOut }) => leftOut === undefined && !named.has(id))
    .map(({ id }) => id);
}

/** What titles name and no document asks for: a misspelling. */
export function unheardOf(tests: readonly FoundTest[]): string[] {
  const known = new Set(all().map(({ id }) => id));
  return tests.flatMap(({ title, file }) =>
    criteriaIn(title)
      .filter((id) => /^(QACT|EA|ESC|AC|IDLE)\b/.test(id) && !known.has(id))
      .map((id) => `${file}: ${id}`),
  );
}

function all(): Criterion[] {
  return SOURCE_DOCUMENTS.flatMap(({ criteria }) => criteria);
}

function section({ title, criteria }: SourceDocument, tests: readonly FoundTest[]): string {
  const rows = criteria.map(
    (criterion) => `| ${criterion.id} | ${criterion.asks} | ${shownBy(criterion, tests)} |`,
  );
  return [`## ${title}\n`, '| criterion | asks | test |', '|---|---|---|', ...rows, ''].join('\n');
}

function shownBy({ id, leftOut }: Criterion, tests: readonly FoundTest[]): string {
  const found = tests.filter(({ title }) => criteriaIn(title).includes(id));
  if (found.length > 0) return found.map(({ file, title }) => `\`${file}\`: ${cell(title)}`).join('<br>');
  return leftOut === undefined ? '**none**' : `left out: ${leftOut}`;
}

function cell(title: string): string {
  return title.replace(/^([A-Z]+-\d+) \([^)]+\) /, '$1 ').replaceAll('|', '\\|');
}
