import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Log } from './gateway.ts';

/** Gives each request its id and writes one line about it when it is over: never a word of its body, query or path values. */
export function requestLog(log: Log): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    const requestId = randomUUID();
    res.locals['requestId'] = requestId;
    res.setHeader('x-request-id', requestId);
    res.once('close', () => {
      const line = {
        request_id: requestId,
        method: req.method,
        route: (res.locals['route'] as string | undefined) ?? null,
        status: res.statusCode,
        ms: Math.round((performance.now() - started) * 10) / 10,
        organisation: res.locals['organisation'] as string | undefined,
        ...(res.writableFinished ? {} : { cut_off: true }),
      };
      if (res.statusCode === 500) log.error(line, 'request');
      else log.info(line, 'request');
    });
    next();
  };
}

export function requestIdOf(res: Response): string {
  return (res.locals['requestId'] as string | undefined) ?? '';
}
