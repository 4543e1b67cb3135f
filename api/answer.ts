import type { Response } from 'express';
import type { Problem } from './problem.ts';

/** Writes a JSON answer. Past Express's own writer on purpose: no etag, no negotiation, one write (the hot path). */
export function sendJson(res: Response, status: number, body: unknown, type = 'application/json'): void {
  const text = JSON.stringify(body);
  res.statusCode = status;
  res.setHeader('content-type', `${type}; charset=utf-8`);
  res.setHeader('content-length', Buffer.byteLength(text));
  // A key's answer must not stay in anybody's cache.
  res.setHeader('cache-control', 'no-store');
  res.end(text);
}

export function sendProblem(res: Response, problem: Problem, requestId: string): void {
  if (problem.retryAfterSeconds !== null) res.setHeader('retry-after', problem.retryAfterSeconds);
  if (problem.status === 401) res.setHeader('www-authenticate', 'Bearer');
  sendJson(res, problem.status, problem.toBody(requestId), 'application/problem+json');
}
