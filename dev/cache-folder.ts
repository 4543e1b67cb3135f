import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this user's checkouts share what takes long to get; `name` holds the version. */
export function cacheFolder(env: NodeJS.ProcessEnv, name: string): string {
  const base = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(base, 'parley', name);
}
