import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { Role } from '../domain/role.ts';
import { isToBeNoted } from '../domain/session.ts';
import { authorise } from './access.ts';
import { sendJson } from './answer.ts';
import { fieldErrors } from './field-errors.ts';
import type { Gateway } from './gateway.ts';
import { once } from './idempotency.ts';
import type { Caller } from './ports.ts';
import { Problem } from './problem.ts';
import { readJson } from './read-body.ts';
import { requestIdOf } from './request-log.ts';
import type { Asked, Needed, OpenOperation, Operation, Route, StreamOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';

/** Serves a route of a key's holder: who, may they, what do they ask; then the operation; then its answer. */
export function serveOperation(route: Route & { operation: Operation }, gateway: Gateway): RequestHandler {
  const { operation, who } = route;
  const place = `${route.method.toUpperCase()} ${route.path}`;
  const repeatable = route.method === 'post' && operation.idempotencyKey !== false;
  return async (req, res) => {
    res.locals['route'] = route.path;
    const caller = await admit(req, who, gateway);
    res.locals['organisation'] = caller.organisationId;
    const params = parseParams(operation.params, req.params);
    const query = operation.query && parse(operation.query, req.query);
    const json = operation.body === undefined ? undefined : await readJson(req, res);
    const asked: Asked<unknown, unknown, unknown> = {
      caller,
      params,
      query,
      body: operation.body && parse(operation.body, json?.value),
    };
    const run = async () => {
      const body = await operation.run(asked, gateway);
      return { status: operation.isUnderWay?.(body) === true ? 202 : operation.status, body };
    };
    const key = req.headers['idempotency-key'];
    const answer =
      repeatable && typeof key === 'string'
        ? await once(
            { key, caller, place, params, bytes: json?.bytes, secret: operation.secretAnswer },
            run,
            gateway,
          )
        : await run();
    const headers = operation.headers?.(gateway) ?? {};
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    sendJson(res, answer.status, answer.body);
  };
}

/** Whoever is turned away from a channel integration is written down there (CHAN-2). */
async function admit(req: Request, who: Needed, gateway: Gateway): Promise<Caller> {
  try {
    const caller = await authorise(req, who, gateway.lookup);
    const now = gateway.clock.now();
    if (caller.session !== undefined && isToBeNoted(caller.session, now))
      await gateway.sessions.seen(caller, now);
    return caller;
  } catch (error) {
    const channel = byChannelIntegration.safeParse(req.params);
    if (error instanceof Problem && channel.success) {
      const integration = await gateway.lookup.channelIntegration(channel.data.channel_integration);
      const reason = error.status === 401 ? 'key' : 'role';
      if (integration !== null)
        await gateway.refusals.record(integration, { attempt: 'message', reason, from: req.ip ?? null });
    }
    throw error;
  }
}

/** Serves a route that checks its peer itself. */
export function serveOpen(route: Route & { open: OpenOperation }, gateway: Gateway): RequestHandler {
  return async (req, res) => {
    res.locals['route'] = route.path;
    const params = parseParams(route.open.params, req.params);
    await route.open.serve({ req, res, params, requestId: requestIdOf(res) }, gateway);
  };
}

/** Serves an answer that goes on to a key's holder, for as long as the key may. */
export function serveStream(
  route: Route & { who: Role; stream: StreamOperation },
  gateway: Gateway,
): RequestHandler {
  return async (req, res) => {
    res.locals['route'] = route.path;
    const caller = await admit(req, route.who, gateway);
    res.locals['organisation'] = caller.organisationId;
    const params = parseParams(route.stream.params, req.params);
    const stopAsking = endWhenRefused(res, () => authorise(req, route.who, gateway.lookup), gateway);
    try {
      await route.stream.serve({ req, res, params, caller, requestId: requestIdOf(res) }, gateway);
    } finally {
      stopAsking();
    }
  };
}

/** Whether it could not be asked or was refused: the holder may come back and ask anew. */
function endWhenRefused(res: Response, ask: () => Promise<unknown>, { limits }: Gateway): () => void {
  const asking = setInterval(() => void ask().catch(() => res.end()), limits.recheckMs);
  return () => clearInterval(asking);
}

/** An id that cannot be one is an id of nothing. */
function parseParams(schema: z.ZodType | undefined, params: unknown): unknown {
  const parsed = schema?.safeParse(params);
  if (parsed?.success === false) throw new Problem(404, 'There is nothing under this address.');
  return parsed?.data;
}

/** @throws Problem 422 naming each wrong field. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem(422, 'Some fields are not valid.', { errors: fieldErrors(parsed.error, value) });
}
