import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What the files of one place may import. Paths are prefixes from the root; a folder ends in a slash. */
interface Law {
  values: readonly string[];
  /** Besides those of `values`, by `import type` alone. */
  types?: readonly string[];
  packages?: readonly string[];
  typePackages?: readonly string[];
  /** Value imports from a package must bear names like this. */
  names?: RegExp;
  builtins?: 'all' | readonly string[];
  /** May load a file whose name only the run can tell. */
  byPath?: true;
}

/** A vendor's package is spoken to in one folder of adapters/; its errors and answers end there. */
const VENDORS: Readonly<Record<string, readonly string[]>> = {
  'adapters/channels/slack/': ['@slack/web-api'],
  'adapters/egress/': ['undici', 'ipaddr.js'],
  'adapters/log/': ['pino'],
  'adapters/model/': ['openai'],
  'adapters/postgres/': ['pg'],
  'adapters/temporal/': ['@temporalio/client', '@temporalio/worker', '@temporalio/common'],
};

/** Adapter folders that every other one may use: the guarded way out, encryption, the log. */
const FOR_ALL_ADAPTERS = ['adapters/egress/', 'adapters/secrets/', 'adapters/log/'];

function adapterLaw(folder: string): Law {
  return {
    values: [folder, ...FOR_ALL_ADAPTERS, 'contract/', 'domain/'],
    types: ['activities/ports.ts', 'api/ports.ts', 'config.ts', 'adapters/'],
    packages: VENDORS[folder] ?? [],
    builtins: 'all',
  };
}

/** The table of docs/map.md. The longest place that begins a file's path holds; what has no place may not be. */
const LAWS: Readonly<Record<string, Law>> = {
  'domain/': { values: ['domain/'] },
  'contract/': { values: ['contract/', 'domain/'] },
  'contract/signals.ts': {
    values: ['contract/', 'domain/'],
    packages: ['@temporalio/workflow'],
    names: /^define[A-Z]/,
  },
  'workflows/': {
    values: ['workflows/', 'contract/', 'domain/'],
    types: ['activities/'],
    packages: ['@temporalio/workflow'],
  },
  // The pure part of the workflow: no package, and nothing beside it that has one.
  ...Object.fromEntries(
    ['state', 'fact', 'silence', 'approvals', 'new-state', 'next-step'].map((file) => [
      `workflows/${file}.ts`,
      {
        values: [
          'contract/',
          'domain/',
          'workflows/fact.ts',
          'workflows/silence.ts',
          'workflows/new-state.ts',
          'workflows/approvals.ts',
          'workflows/deliveries.ts',
          'workflows/ownership.ts',
          'workflows/turn-numbers.ts',
          'workflows/watch.ts',
        ],
      },
    ]),
  ),
  'activities/': {
    values: ['activities/', 'contract/', 'domain/'],
    packages: ['@temporalio/activity'],
    builtins: ['node:crypto'],
  },
  'activities/prompts/': {
    values: ['activities/prompts/', 'contract/', 'domain/'],
    types: ['activities/'],
    packages: ['zod'],
  },
  'activities/tools/': {
    values: ['activities/tools/', 'contract/', 'domain/'],
    types: ['activities/'],
    packages: ['zod'],
  },
  ...Object.fromEntries(adapterFolders().map((folder) => [folder, adapterLaw(folder)])),
  'adapters/postgres/migrate.ts': {
    ...adapterLaw('adapters/postgres/'),
    packages: ['pg', 'knex'],
    byPath: true,
  },
  'api/': {
    values: ['api/', 'contract/', 'domain/', 'activities/tools/'],
    packages: ['express', 'helmet', 'zod', 'zod-openapi'],
    builtins: 'all',
  },
  'api/main.ts': {
    values: ['api/', 'contract/', 'domain/', 'activities/tools/', 'adapters/', 'config.ts'],
    packages: ['express', 'helmet', 'zod', 'zod-openapi'],
    builtins: 'all',
  },
  'workers/': {
    values: ['workers/', 'contract/', 'activities/', 'adapters/', 'config.ts'],
    packages: ['@temporalio/worker', '@temporalio/client'],
    builtins: 'all',
  },
  'migrations/': { values: ['migrations/'], typePackages: ['knex'] },
  'config.ts': { values: [], packages: ['zod'] },
};

/** Places where anything may be imported and the environment be read. */
const FREE = ['dev/', 'test/'];

/** Names of drawers: a file lands there because nobody asked what it is. */
const DRAWERS = /^(shared|common|utils?|helpers?|types|models|services|core|manager|handlers?|jobs?|tasks?)$/;

interface Import {
  line: number;
  /** Null where it is worked out at run time. */
  specifier: string | null;
  /** Nothing of it is left when Node runs the file. */
  typeOnly: boolean;
  names: readonly string[];
}

describe('imports', () => {
  const files = sourceFiles('');

  it('RUN-1 finds the source it is to judge', () => {
    for (const room of ['domain/', 'contract/', 'workflows/', 'activities/', 'adapters/', 'api/', 'workers/'])
      assert.ok(
        files.some((file) => file.startsWith(room)),
        `no file of ${room} was found`,
      );
  });

  it('RUN-1 keeps every room to what the import table allows it', () => {
    const broken = files.flatMap((file) =>
      importsOf(file, read(file)).flatMap((each) => {
        const rule = brokenRule(file, each);
        return rule === null ? [] : [`${file}:${each.line} ${rule}`];
      }),
    );
    assert.deepEqual(broken, [], broken.join('\n'));
  });

  it('RUN-1 reads the environment in config.ts alone', () => {
    const reads = files.flatMap((file) =>
      environmentReads(file, read(file)).map((line) => `${file}:${line} reads the environment itself`),
    );
    assert.deepEqual(reads, [], reads.join('\n'));
  });

  it('RUN-1 names no room and no file after a drawer', () => {
    const drawers = files.filter(isDrawer);
    assert.deepEqual(drawers, [], drawers.join('\n'));
  });

  it('RUN-1 takes no package that package.json does not name', () => {
    const named = Object.keys(dependencies());
    const unnamed = files.flatMap((file) =>
      importsOf(file, read(file))
        .filter(({ specifier }) => specifier !== null && isPackage(specifier))
        .filter(({ specifier }) => !named.includes(packageOf(specifier ?? '')))
        .map((each) => `${file}:${each.line} imports ${each.specifier}`),
    );
    assert.deepEqual(unnamed, [], unnamed.join('\n'));
  });
});

describe('the judge of imports', () => {
  const bad: [file: string, code: string][] = [
    ['domain/agent.ts', `import { z } from 'zod';`],
    ['domain/agent.ts', `import { randomUUID } from 'node:crypto';`],
    ['domain/agent.ts', `import { randomUUID } from 'crypto';`],
    ['domain/agent.ts', `import type { EnteredRow } from '../contract/rows.ts';`],
    ['contract/ids.ts', `import { defineSignal } from '@temporalio/workflow';`],
    ['contract/signals.ts', `import { sleep } from '@temporalio/workflow';`],
    ['contract/signals.ts', `import * as all from '@temporalio/workflow';`],
    ['workflows/turn.ts', `import { createActivities } from '../activities/index.ts';`],
    ['workflows/turn.ts', `import { type Activities } from '../activities/index.ts';`],
    ['workflows/turn.ts', `export * from '../activities/index.ts';`],
    ['workflows/turn.ts', `const late = await import('../activities/index.ts');`],
    ['workflows/turn.ts', `import type { Config } from '../config.ts';`],
    ['workflows/turn.ts', `import { Client } from '@temporalio/client';`],
    ['workflows/state.ts', `import { sleep } from '@temporalio/workflow';`],
    ['workflows/state.ts', `import { ownStore } from './effects.ts';`],
    ['activities/send-reply.ts', `import { openLedger } from '../adapters/postgres/index.ts';`],
    ['activities/send-reply.ts', `import { readFileSync } from 'node:fs';`],
    ['activities/prompts/reply.ts', `import { Context } from '@temporalio/activity';`],
    ['activities/prompts/reply.ts', `import { callModel } from '../call-model.ts';`],
    ['adapters/model/open-model.ts', `import { Pool } from 'pg';`],
    ['adapters/channels/whatsapp/send.ts', `import { request } from 'undici';`],
    ['adapters/channels/whatsapp/send.ts', `import { openStores } from '../../postgres/index.ts';`],
    ['adapters/channels/whatsapp/send.ts', `import { signWebhook } from '../generic/sign.ts';`],
    ['adapters/channels/sender.ts', `import { loadConfig } from '../../config.ts';`],
    ['adapters/postgres/pool.ts', `import { after } from '../../workflows/state.ts';`],
    ['adapters/postgres/pool.ts', `import type { Log } from '../../workers/relay.ts';`],
    ['adapters/postgres/pool.ts', `const late = import(name);`],
    ['adapters/postgres/pool.ts', `import Knex from 'knex';`],
    ['api/app.ts', `import { openLookup } from '../adapters/postgres/index.ts';`],
    ['api/app.ts', `import type { Config } from '../config.ts';`],
    ['api/app.ts', `import type { Pool } from 'pg';`],
    ['workers/worker.ts', `import { conversation } from '../workflows/index.ts';`],
    ['workers/worker.ts', `import type { conversation } from '../workflows/index.ts';`],
    ['workers/worker.ts', `import { openStage } from '../dev/stage.ts';`],
    ['migrations/0001_start.ts', `import knex from 'knex';`],
    ['migrations/0001_start.ts', `import type { Owner } from '../domain/conversation.ts';`],
    ['config.ts', `import { readFileSync } from 'node:fs';`],
    ['api/app.ts', `import { sample } from './app.test.ts';`],
    ['lobby/door.ts', `import { z } from 'zod';`],
    ['door.ts', `import { z } from 'zod';`],
  ];
  for (const [file, code] of bad)
    it(`RUN-1 refuses ${code} in ${file}`, () => {
      const [found, ...more] = importsOf(file, `\n${code}`);
      assert.ok(found !== undefined && more.length === 0);
      assert.equal(found.line, 2);
      assert.notEqual(brokenRule(file, found), null);
    });

  const good: [file: string, code: string][] = [
    ['contract/signals.ts', `import { defineQuery, defineSignal } from '@temporalio/workflow';`],
    ['workflows/turn.ts', `import type { Activities } from '../activities/index.ts';`],
    ['workflows/turn.ts', `type A = import('../activities/index.ts').Activities;`],
    [
      'adapters/model/open-model.ts',
      `import type { ChatCompletion } from 'openai/resources/chat/completions';`,
    ],
    ['adapters/channels/whatsapp/send.ts', `import { openEgress } from '../../egress/egress.ts';`],
    ['adapters/postgres/pool.ts', `import type { Model } from '../../activities/ports.ts';`],
    ['adapters/postgres/migrate.ts', `const { up } = await import(url.href);`],
    ['api/main.ts', `import { loadConfig } from '../config.ts';`],
    ['migrations/0001_start.ts', `import type { Knex } from 'knex';`],
    ['adapters/model/open-model.test.ts', `import { openStage } from '../../dev/stage.ts';`],
    ['dev/stage.ts', `import { Pool } from 'pg';`],
  ];
  for (const [file, code] of good)
    it(`RUN-1 allows ${code} in ${file}`, () => {
      const [found] = importsOf(file, code);
      assert.ok(found !== undefined);
      assert.equal(brokenRule(file, found), null);
    });

  it('RUN-1 finds the environment however it is read, but lets a main hand it to loadConfig', () => {
    for (const code of [
      'process.env.PORT',
      `process['env']`,
      'const { env } = process;',
      'globalThis.process.env',
      'open(process.env)',
      `import { env } from 'node:process';`,
    ])
      assert.deepEqual(environmentReads('api/app.ts', code), [1], code);
    assert.deepEqual(environmentReads('api/main.ts', `loadConfig(process.env, 'api')`), []);
    assert.deepEqual(environmentReads('dev/stage.ts', 'process.env.PORT'), []);
  });

  it('RUN-1 knows a drawer by its name, wherever it stands', () => {
    for (const file of ['shared/text.ts', 'api/helpers/text.ts', 'domain/types.ts', 'api/utils.test.ts'])
      assert.ok(isDrawer(file), file);
    assert.ok(!isDrawer('adapters/model/open-model.ts'));
  });
});

/** The rule that an import breaks, in a sentence; null when it may be. */
function brokenRule(file: string, { specifier, typeOnly, names }: Import): string | null {
  if (FREE.some((place) => file.startsWith(place)) || file.endsWith('.test.ts')) return null;
  const place = Object.keys(LAWS)
    .filter((each) => (each.endsWith('/') ? file.startsWith(each) : file === each))
    .sort((a, b) => b.length - a.length)[0];
  const law = place === undefined ? undefined : LAWS[place];
  if (place === undefined || law === undefined) return 'stands in no room of the import table';
  if (specifier === null)
    return law.byPath ? null : 'imports what only the run can tell: the import table needs a literal';
  const verb = typeOnly ? 'imports types of' : 'imports values of';
  if (isBuiltin(specifier)) {
    const allowed = law.builtins ?? [];
    if (allowed === 'all' || allowed.includes(specifier)) return null;
    return `${verb} ${specifier}: of Node's own modules ${place} takes ${listed(allowed)}`;
  }
  if (isPackage(specifier)) {
    const name = packageOf(specifier);
    const allowed = [...(law.packages ?? []), ...(typeOnly ? (law.typePackages ?? []) : [])];
    if (!allowed.includes(name)) return `${verb} ${name}: ${place} takes of packages ${listed(allowed)}`;
    if (typeOnly || law.names === undefined || names.every((each) => law.names?.test(each))) return null;
    return `${verb} ${name} (${names.join(', ')}): ${place} takes only names like ${String(law.names)}`;
  }
  const target = posix.join(posix.dirname(file), specifier);
  if (target.endsWith('.test.ts')) return `${verb} ${target}: nothing imports a test`;
  const allowed = [...law.values, ...(typeOnly ? (law.types ?? []) : [])];
  if (allowed.some((each) => (each.endsWith('/') ? target.startsWith(each) : target === each))) return null;
  return `${verb} ${target}: ${place} takes ${typeOnly ? 'types' : 'values'} from ${listed(allowed)}`;
}

function listed(allowed: readonly string[]): string {
  return allowed.length === 0 ? 'none' : `${allowed.join(', ')} only`;
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('.') && !isBuiltin(specifier);
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Every import, re-export, import() and import type of a file. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const add = (
    node: ts.Node,
    from: ts.Node | undefined,
    typeOnly: boolean,
    names: readonly string[] = ['*'],
  ) =>
    found.push({
      line: lineOf(source, node),
      specifier: from !== undefined && ts.isStringLiteralLike(from) ? from.text : null,
      typeOnly,
      names,
    });
  visit(source, (node) => {
    if (ts.isImportDeclaration(node)) {
      // `import { type A }` leaves an import at run time; only `import type` leaves none.
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(node, node.moduleSpecifier, typeOnly, importedNames(node.importClause));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isCallExpression(node) && isImportCall(node.expression)) {
      add(node, node.arguments[0], false);
    }
  });
  return found;
}

function isImportCall(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

function importedNames(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  if (clause?.name !== undefined || bindings === undefined || ts.isNamespaceImport(bindings)) return ['*'];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

/** Lines that read the environment; a main may hand it over whole, to `loadConfig` alone. */
function environmentReads(file: string, text: string): number[] {
  if (FREE.some((place) => file.startsWith(place)) || file.endsWith('.test.ts') || file === 'config.ts')
    return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines: number[] = [];
  visit(source, (node) => {
    const imported =
      ts.isImportDeclaration(node) && /^'(node:)?process'$/.test(node.moduleSpecifier.getText());
    const named = ts.isIdentifier(node) && node.text === 'process' && readsEnvironment(node);
    if (imported || named) lines.push(lineOf(source, node));
  });
  return lines;
}

function readsEnvironment(name: ts.Identifier): boolean {
  const { parent } = name;
  // `globalThis.process` is the same thing by its full name.
  const whole = ts.isPropertyAccessExpression(parent) && parent.name === name ? parent : name;
  const use = whole.parent;
  if (ts.isVariableDeclaration(use) && use.initializer === whole) return true;
  if (ts.isElementAccessExpression(use)) return use.expression === whole;
  if (!ts.isPropertyAccessExpression(use) || use.expression !== whole || use.name.text !== 'env')
    return false;
  const call = use.parent;
  return !(ts.isCallExpression(call) && call.expression.getText() === 'loadConfig');
}

function isDrawer(file: string): boolean {
  return file.split('/').some((part) => DRAWERS.test(part.split('.')[0] ?? ''));
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory())
      return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : sourceFiles(`${path}/`);
    return /\.[mc]?tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** The folders of adapters/, and those of adapters/channels/: one channel knows nothing of another. */
function adapterFolders(): string[] {
  return ['adapters/', 'adapters/channels/'].flatMap((parent) =>
    readdirSync(join(ROOT, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}${entry.name}/`),
  );
}

function dependencies(): Record<string, string> {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  return { ...manifest['dependencies'], ...manifest['devDependencies'] };
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
