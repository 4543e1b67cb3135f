import type { Response } from 'express';
import type { Limits } from './gateway.ts';
import { Problem } from './problem.ts';

/** The open server-sent event streams of this process: how many, and how they end. */
export interface Streams {
  /**
   * Counts a stream until its response is closed; one that is closed already counts nothing.
   * @throws Problem 429 when the integration or the visitor has too many.
   */
  enter(res: Response, integrationId: string, visitor: string): void;
}

export function createStreams(limits: Limits, closing?: AbortSignal): Streams {
  const open = new Map<string, number>();
  const responses = new Set<Response>();
  closing?.addEventListener('abort', () => {
    for (const res of responses) res.end();
  });
  return {
    enter(res, integrationId, visitor) {
      // Its `close` has been: nothing would ever take it off again.
      if (res.closed || res.destroyed) return;
      const counted: [string, number][] = [
        [`i:${integrationId}`, limits.streamsPerIntegration],
        [`v:${integrationId}:${visitor}`, limits.streamsPerVisitor],
      ];
      if (closing?.aborted || counted.some(([key, most]) => (open.get(key) ?? 0) >= most))
        throw new Problem(429, 'Too many open streams.', { retryAfterSeconds: 10 });
      for (const [key] of counted) open.set(key, (open.get(key) ?? 0) + 1);
      responses.add(res);
      res.once('close', () => {
        responses.delete(res);
        for (const [key] of counted) {
          const left = (open.get(key) ?? 1) - 1;
          if (left > 0) open.set(key, left);
          else open.delete(key);
        }
      });
    },
  };
}
