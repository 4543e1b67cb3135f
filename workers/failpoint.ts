import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Activities } from '../activities/index.ts';
import type { Failpoint } from '../activities/ports.ts';

const HOLD = 'hold:';
const LOOK_MS = 10;

/**
 * Ends this process with SIGKILL at the named point, as a crash would; or, as `hold:<folder>`, holds what reaches a point
 * for which the folder has a file of that name. Off unless FAILPOINT is set, which only fault tests do.
 */
export function openFailpoint(setting: string | null): Failpoint {
  if (setting === null) return nothing;
  if (setting.startsWith(HOLD)) return holdAt(setting.slice(HOLD.length));
  return (point) => {
    if (point === setting) process.kill(process.pid, 'SIGKILL');
  };
}

function nothing(): void {
  return undefined;
}

/**
 * The file may name a conversation: others pass, where the point knows whose it is. A file `<point>.reached` tells that
 * somebody waits; the removal of the point's own lets go.
 */
function holdAt(folder: string): Failpoint {
  return async (point, conversationId) => {
    const file = join(folder, point);
    if (!existsSync(file)) return;
    const whose = readFileSync(file, 'utf8');
    if (whose !== '' && conversationId !== undefined && whose !== conversationId) return;
    writeFileSync(`${file}.reached`, '');
    while (existsSync(file)) await pause(LOOK_MS);
  };
}

/** Puts a point before and behind every activity; none in production. */
export function withFailpoints(activities: Activities, failpoint: Failpoint): Activities {
  if (failpoint === nothing) return activities;
  const around = Object.entries(activities).map(([name, activity]) => {
    const effect = activity as (...args: unknown[]) => Promise<unknown>;
    const held = async (...args: unknown[]): Promise<unknown> => {
      const { conversationId } = args[0] as { conversationId?: string };
      await failpoint(`${name}.begins`, conversationId);
      const result = await effect(...args);
      await failpoint(`${name}.ends`, conversationId);
      return result;
    };
    return [name, held];
  });
  return Object.fromEntries(around) as Activities;
}
