import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface FoundTest {
  /** From the root of the project. */
  file: string;
  title: string;
}

const ROOMS = ['activities', 'adapters', 'api', 'dev', 'domain', 'test', 'workflows'];
const TITLE = /\bit\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs;

/** Every test of the project, by its title as it stands in the source. */
export function findTests(root: string): FoundTest[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `${room}/${file}`),
  )
    .sort()
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(TITLE)].map(([, , title = '']) => ({
        file,
        title: title.replace(/\\(['"`])/g, '$1'),
      })),
    );
}

/** The criteria a title names: `ACT-3 (QACT-S01 AC-4; QACT-S02 AC-3) looks …`. */
export function criteriaIn(title: string): string[] {
  const [, named = ''] = /^[A-Z]+-\d+ \(([^)]+)\) /.exec(title) ?? [];
  return named
    .split(';')
    .map((id) => id.trim())
    .filter(Boolean);
}
