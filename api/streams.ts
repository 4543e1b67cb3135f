import type { Response } from 'express';
import { Problem } from './problem.ts';

/** The open server-sent event streams of this process: how many, and how they end. */
export interface Streams {
  /**
   * Counts a stream until its response is closed; one that is closed already counts nothing.
   * @throws Problem 429 when one of those it counts for has too many.
   */
  enter(res: Response, counted: readonly { of: string; most: number }[]): void;
}

export function createStreams(closing?: AbortSignal): Streams {
  const open = new Map<string, number>();
  const responses = new Set<Response>();
  closing?.addEventListener('abort', () => {
    for (const res of responses) res.end();
  });
  return {
    enter(res, counted) {
      // Its `close` has been: nothing would ever take it off again.
      if (res.closed || res.destroyed) return;
      if (closing?.aborted || counted.some(({ of, most }) => (open.get(of) ?? 0) >= most))
        throw new Problem(429, 'Too many open streams.', { retryAfterSeconds: 10 });
      for (const { of } of counted) open.set(of, (open.get(of) ?? 0) + 1);
      responses.add(res);
      res.once('close', () => {
        responses.delete(res);
        for (const { of } of counted) {
          const left = (open.get(of) ?? 1) - 1;
          if (left > 0) open.set(of, left);
          else open.delete(of);
        }
      });
    },
  };
}
