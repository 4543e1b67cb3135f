import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// npm run bench -- NAME [arguments]: runs dev/bench/NAME.ts.

const folder = join(import.meta.dirname, 'bench');
const known = existsSync(folder)
  ? readdirSync(folder).flatMap((file) => /^([a-z-]+)\.ts$/.exec(file)?.[1] ?? [])
  : [];
const [name, ...rest] = process.argv.slice(2);

if (name === undefined || !known.includes(name)) {
  console.error(`usage: npm run bench -- NAME; there are: ${known.join(', ') || 'none yet'}`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
