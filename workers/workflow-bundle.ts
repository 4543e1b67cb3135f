import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';

const root = join(import.meta.dirname, '..');
/** All that a bundle is made of (DESIGN section 2). */
const SOURCES = ['workflows', 'contract', 'domain'];

/**
 * The path of the bundled workflow code, made when these sources were not bundled before: bundling takes seconds,
 * and a worker that comes back after a crash should not. The name is a digest of the sources and the SDK's version.
 */
export async function workflowBundle(
  cacheDir: string,
  logger: Logger,
): Promise<{ codePath: string } | { code: string }> {
  const codePath = join(cacheDir, `workflows-${digestOfSources()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'workflows/index.ts'), logger });
  try {
    mkdirSync(cacheDir, { recursive: true });
    // Several workers may do this at once; each writes a file of its own and the last name wins.
    const unfinished = `${codePath}.${randomUUID()}`;
    writeFileSync(unfinished, code);
    renameSync(unfinished, codePath);
    return { codePath };
  } catch {
    logger.warn('the workflow bundle could not be kept; the next start makes it again');
    return { code };
  }
}

function digestOfSources(): string {
  const digest = createHash('sha256');
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as {
    version: string;
  };
  digest.update(version);
  for (const folder of SOURCES) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts')).sort()) {
      digest.update(`\0${folder}/${file}\0`).update(readFileSync(join(root, folder, file)));
    }
  }
  return digest.digest('hex').slice(0, 16);
}
