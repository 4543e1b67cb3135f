import type { DevFile } from '../../dev/stage-memory.ts';
import { pause } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import type { Posted, PostOutcome } from './gateway-client.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface Load {
  /** So far. */
  posted: Posted[];
  /** Posts nothing new, and resolves when everything is taken. */
  end(): Promise<PostOutcome[]>;
}

/** Customers who write into so many rooms, in turn by chance, at a steady rate; what is not taken is posted again. */
export function startLoad(dev: DevFile, { rooms, conversations, perSecond, random }: LoadShape): Load {
  const posted: Posted[] = [];
  const posting: Promise<PostOutcome>[] = [];
  let ended = false;
  const running = (async () => {
    for (let due = performance.now(); !ended; due += 1000 / perSecond) {
      await pause(Math.max(due - performance.now(), 0));
      const room = `${rooms}${Math.floor(random.between(0, conversations))}`;
      const message = messageIn(room, `Line ${posted.length}`);
      posted.push(message);
      const taken = post(dev, message);
      // Told by `end`, not by whichever comes first.
      taken.catch(() => undefined);
      posting.push(taken);
    }
  })();
  return {
    posted,
    async end() {
      ended = true;
      await running;
      return Promise.all(posting);
    },
  };
}

interface LoadShape {
  /** What the rooms' names begin with. */
  rooms: string;
  conversations: number;
  perSecond: number;
  random: SeededRandom;
}
