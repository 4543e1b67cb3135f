import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journey } from '../journey/open-journey.ts';
import { eventually } from './eventually.ts';

/** Something that waits, or will, until the test lets go. */
export interface Held {
  /** Resolves once something waits there. */
  reached(): Promise<unknown>;
  letGo(): Promise<void>;
}

/** Points of the workers at which whatever comes is held (workers/failpoint.ts). */
export interface WorkerHolds {
  /** What the worker's environment needs for it. */
  env: { FAILPOINT: string };
  /** @param conversation '' where it does not exist yet: whoever comes first is held */
  hold(point: string, conversation: string): Held;
  close(): void;
}

const REACHED_MS = 30_000;

export function openWorkerHolds(): WorkerHolds {
  const folder = mkdtempSync(join(tmpdir(), 'parley-holds-'));
  return {
    env: { FAILPOINT: `hold:${folder}` },
    hold(point, conversation) {
      const file = join(folder, point);
      const reached = `${file}.reached`;
      rmSync(reached, { force: true });
      writeFileSync(file, conversation);
      return {
        reached: () => eventually(`${point} is reached`, () => existsSync(reached), REACHED_MS, 5),
        letGo() {
          rmSync(file, { force: true });
          return Promise.resolve();
        },
      };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The next request to a stand-in that fits, before it is done or behind that. */
export async function holdRequest(
  journey: Journey,
  where: 'model' | 'crm' | 'slack' | 'whatsapp' | `sink/${string}`,
  { match, when = 'before' }: { match?: string; when?: 'before' | 'after' },
): Promise<Held> {
  const control = (method: 'GET' | 'POST', body?: object) =>
    where === 'model'
      ? journey.model(method, '/control', body)
      : journey.standIn(method, `/${where}/control`, body);
  await control('POST', { fail: [{ hold: true, when, ...(match === undefined ? {} : { match }) }] });
  return {
    reached: () =>
      eventually(
        `${where} holds a request`,
        async () => ((await control('GET'))['held'] as number) > 0,
        REACHED_MS,
        10,
      ),
    letGo: async () => void (await control('POST', { fail: [] })),
  };
}
