import type { Response } from 'express';
import { Problem } from './problem.ts';

/** The files that are on their way in: each lies in this process's memory, whole, until it is stored. */
export interface Uploads {
  /**
   * Counts one until its response is closed.
   * @throws Problem 429 when too many are under way, or too many from this address
   */
  enter(res: Response, address: string): void;
}

export function createUploads(limits: { uploads: number; uploadsPerAddress: number }): Uploads {
  const from = new Map<string, number>();
  let all = 0;
  return {
    enter(res, address) {
      // Its `close` has been: nothing would ever take it off again.
      if (res.closed || res.destroyed) return;
      const others = from.get(address) ?? 0;
      if (all >= limits.uploads || others >= limits.uploadsPerAddress)
        throw new Problem(429, 'Too many files are on their way.', { retryAfterSeconds: 2 });
      all += 1;
      from.set(address, others + 1);
      res.once('close', () => {
        all -= 1;
        const left = (from.get(address) ?? 1) - 1;
        if (left > 0) from.set(address, left);
        else from.delete(address);
      });
    },
  };
}
