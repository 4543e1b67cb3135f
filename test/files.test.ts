import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const LONGEST = 250;
const LONGEST_TEST = 500;
const LONGEST_README = 120;
/** Both commands stand within the first lines of the README. */
const README_HEAD = 30;

// Spelled so that this file does not find itself.
const LEFT_OPEN = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  overrides?: Record<string, string>;
}

describe('files', () => {
  const all = filesIn('');
  const sources = all.filter((file) => file.endsWith('.ts'));
  const pages = all.filter(
    (file) => file.endsWith('.md') && (file.startsWith('docs/') || !file.includes('/')),
  );

  it('RUN-1 finds the files it is to judge', () => {
    assert.ok(sources.includes('workflows/turn.ts') && sources.includes('test/files.test.ts'));
    assert.ok(pages.includes('README.md') && pages.includes('docs/map.md'));
  });

  it('RUN-1 keeps files short enough for one idea', () => {
    none(
      sources.flatMap((file) => {
        const lines = linesOf(read(file)).length;
        const most = file.endsWith('.test.ts') ? LONGEST_TEST : LONGEST;
        return lines > most ? [`${file} has ${lines} lines, at most ${most}`] : [];
      }),
    );
  });

  it('RUN-1 spells file names in kebab case, migrations with their number', () => {
    const kebab = /^([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/;
    none(sources.filter((file) => !kebab.test(file) && !/^migrations\/\d{4}_[a-z_]+\.ts$/.test(file)));
  });

  it('RUN-1 has no value whose type is any', () => {
    none(sources.flatMap((file) => anyTypes(read(file)).map((line) => `${file}:${line} says any`)));
  });

  it('RUN-1 leaves nothing open in a comment', () => {
    none(
      [...sources, ...pages].flatMap((file) =>
        linesMatching(read(file), LEFT_OPEN).map((line) => `${file}:${line} leaves something open`),
      ),
    );
  });

  it('RUN-1 runs all tests, not the one somebody was at', () => {
    none(
      sources
        .filter((file) => file.endsWith('.test.ts'))
        .flatMap((file) => exclusiveTests(read(file)).map((line) => `${file}:${line} runs alone`)),
    );
  });

  it('RUN-1 begins the title of every test with the id of what it shows', () => {
    none(
      sources
        .filter((file) => file.endsWith('.test.ts'))
        .flatMap((file) => titlesWithoutId(read(file)).map((title) => `${file}: ${title}`)),
    );
  });

  it('RUN-1 gives the reason for every package, at the version it is pinned to', () => {
    const { dependencies, devDependencies, overrides } = JSON.parse(read('package.json')) as Manifest;
    const pinned = Object.entries({ ...dependencies, ...devDependencies, ...overrides });
    const told = reasons(read('docs/dependencies.md'));
    assert.deepEqual(
      told.map(({ name, version }) => `${name} ${version}`).sort(),
      pinned.map(([name, version]) => `${name} ${version}`).sort(),
    );
    none(pinned.filter(([, version]) => !/^\d/.test(version)).map(([name]) => `${name} is not pinned`));
    none(told.filter(({ reason }) => reason.length < 20).map(({ name }) => `${name} has no reason`));
  });

  it('RUN-1 links only to pages and headings that exist', () => {
    none(
      pages.flatMap((page) =>
        linksOf(read(page)).flatMap((link) => (resolves(page, link) ? [] : [`${page} links to ${link}`])),
      ),
    );
  });

  it('RUN-1 keeps the README short and its two commands on top', () => {
    const lines = linesOf(read('README.md'));
    assert.ok(lines.length <= LONGEST_README, `${lines.length} lines`);
    const head = lines.slice(0, README_HEAD);
    for (const command of ['npm start', 'npm test']) assert.ok(head.includes(command), command);
  });

  it('RUN-1 names every setting of config.ts in the operations page, and no other', () => {
    const settings = [...read('config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(
      (match) => match[1] ?? '',
    );
    const table = [...read('docs/operations.md').matchAll(/^\| `([A-Z][A-Z_]+)`/gm)].map((match) => match[1]);
    assert.ok(settings.length > 20);
    assert.deepEqual([...table].sort(), [...settings].sort());
  });
});

describe('the judges of files', () => {
  it('RUN-1 finds any as a type, not as a word', () => {
    assert.deepEqual(anyTypes('// any\nconst any = 1;\nlet x: any;\nf<any[]>(any);'), [3, 4]);
  });

  it('RUN-1 finds what was left open, not a word that contains it', () => {
    const mark = 'TO' + 'DO';
    assert.deepEqual(linesMatching(`fine\n// ${mark}: later\n${mark}S`, LEFT_OPEN), [2]);
  });

  it('RUN-1 finds a test that runs alone', () => {
    assert.deepEqual(exclusiveTests(`it('a', f);\nit.only('b', f);\ndescribe.only('c', f);`), [2, 3]);
  });

  it('RUN-1 finds a title without an id', () => {
    assert.deepEqual(titlesWithoutId("it('CONV-1 takes it', f);\nit('takes it', f);\nit(`RUN-2 ${x}`, f);"), [
      'takes it',
    ]);
  });

  it('RUN-1 finds a link that leads nowhere', () => {
    assert.ok(!resolves('README.md', 'docs/no-such-page.md'));
    assert.ok(!resolves('README.md', 'docs/map.md#no-such-heading'));
    assert.ok(!resolves('docs/map.md', '../../outside.md'));
    assert.ok(resolves('docs/map.md', '../README.md'));
    assert.deepEqual(linksOf('[a](b.md) `[c](d.md)` [e](https://f.example) ![g](h.png)'), ['b.md', 'h.png']);
  });
});

function none(found: readonly string[]): void {
  assert.deepEqual(found, [], found.join('\n'));
}

function anyTypes(text: string): number[] {
  return nodesOf(text, (node) => node.kind === ts.SyntaxKind.AnyKeyword);
}

function exclusiveTests(text: string): number[] {
  return nodesOf(
    text,
    (node) =>
      ts.isPropertyAccessExpression(node) &&
      node.name.text === 'only' &&
      /^(it|describe|context|specify|suite|test)$/.test(node.expression.getText()),
  );
}

/** Titles given to `it` as a literal that begin with no id such as CONV-1. */
function titlesWithoutId(text: string): string[] {
  const titles: string[] = [];
  nodesOf(text, (node) => {
    if (!ts.isCallExpression(node) || node.expression.getText() !== 'it') return false;
    const [title] = node.arguments;
    if (title === undefined) return false;
    const words = ts.isTemplateExpression(title)
      ? title.head.text
      : ts.isStringLiteralLike(title)
        ? title.text
        : null;
    if (words !== null && !/^[A-Z]+-\d+[ ,]/.test(words)) titles.push(words);
    return false;
  });
  return titles;
}

/** The lines of the nodes that fit, each line once. */
function nodesOf(text: string, fits: (node: ts.Node) => boolean): number[] {
  const source = ts.createSourceFile('read.ts', text, ts.ScriptTarget.Latest, true);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (fits(node)) lines.add(source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...lines];
}

function linesMatching(text: string, pattern: RegExp): number[] {
  return linesOf(text).flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

/** The rows `| name | version | reason |` of the page's tables. */
function reasons(page: string): { name: string; version: string; reason: string }[] {
  return [...page.matchAll(/^\| `([^`]+)` *\| ([^|]+?) *\| ([^|]+?) *\|$/gm)].map(
    ([, name = '', version = '', reason = '']) => ({ name, version, reason }),
  );
}

/** Links to files; what stands in code, and addresses elsewhere, are left out. */
function linksOf(page: string): string[] {
  const prose = page.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));
}

function resolves(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (relative(ROOT, target).startsWith('..') || !existsSync(target)) return false;
  if (heading === undefined) return true;
  return statSync(target).isFile() && headingsOf(readFileSync(target, 'utf8')).includes(heading);
}

/** As the usual renderers spell a heading's anchor. */
function headingsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : filesIn(`${path}/`);
  });
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
