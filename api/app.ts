import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import helmet from 'helmet';
import { sendProblem } from './answer.ts';
import { DEFAULT_LIMITS } from './gateway.ts';
import type { AppOptions, Gateway } from './gateway.ts';
import { serveOpen, serveOperation, serveStream } from './serve.ts';
import type { ApiPorts } from './ports.ts';
import { Problem, problemOf } from './problem.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRefusals } from './refusals.ts';
import { rememberLookup } from './remembered-lookup.ts';
import { requestIdOf, requestLog } from './request-log.ts';
import { expressPath } from './route.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { createStreams } from './streams.ts';
import { createUploads } from './uploads.ts';

/** The gateway as an Express app that does not listen. Everything outside comes through the ports. */
export function createApp(ports: ApiPorts, options: AppOptions): Express {
  const gateway = createGateway(ports, options);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.trustedProxies ?? 0);

  app.use(requestLog(options.log));
  // Customers' messages first: they pass as little as possible.
  for (const route of routes) if (route.who === 'gateway') mount(app, route, gateway);
  app.use(securityHeaders);
  for (const route of routes) if (route.who !== 'gateway') mount(app, route, gateway);
  for (const path of new Set(routes.map((route) => route.path)))
    app.all(expressPath(path), otherMethod(path));
  app.use((_req, _res, next) => next(new Problem(404, 'There is no such route.')));
  app.use(errorAnswer(gateway));
  return app;
}

function createGateway(ports: ApiPorts, options: AppOptions): Gateway {
  const { clock } = ports;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return {
    ...ports,
    lookup: rememberLookup(ports.lookup, clock),
    refusals: createRefusals(ports.audit, clock, options.log),
    streams: createStreams(options.closing),
    visitorMessages: createRateLimit(clock, {
      burst: limits.visitorBurst,
      perSecond: limits.visitorPerSecond,
    }),
    visitorFiles: createRateLimit(clock, {
      burst: limits.visitorFileBurst,
      perSecond: limits.visitorFilesPerSecond,
    }),
    addressFiles: createRateLimit(clock, {
      burst: limits.addressFileBurst,
      perSecond: limits.addressFilesPerSecond,
    }),
    uploads: createUploads(limits),
    newVisitors: createRateLimit(clock, { burst: 120, perSecond: 5 }),
    signIns: createRateLimit(clock, { burst: limits.signInBurst, perSecond: limits.signInPerSecond }),
    limits,
    options,
  };
}

function mount(app: Express, route: Route, gateway: Gateway): void {
  app[route.method](expressPath(route.path), serve(route, gateway));
}

function serve(route: Route, gateway: Gateway): RequestHandler {
  if (route.operation) return serveOperation(route, gateway);
  return route.stream ? serveStream(route, gateway) : serveOpen(route, gateway);
}

/** The address is right and the method is not; mounted after the routes, so whatever comes here has none. */
function otherMethod(path: string): RequestHandler {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
  // Express answers HEAD wherever it answers GET.
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (_req, res) => {
    res.locals['route'] = path;
    res.setHeader('allow', allow);
    throw new Problem(405, `This address takes ${allow}.`);
  };
}

// Pages set their own policy with a nonce; everything else is data and may load nothing.
const securityHeaders: RequestHandler = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  referrerPolicy: { policy: 'no-referrer' },
});

/** The one place where a failure becomes an answer. */
function errorAnswer({ options: { log } }: Gateway): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const requestId = requestIdOf(res);
    const problem = problemOf(error);
    if (problem.status === 500)
      log.error({ request_id: requestId, method: req.method, err: error }, 'unexpected');
    // A stream or page that has begun cannot become a problem any more: cut it, the peer sees it is incomplete.
    if (res.headersSent) res.destroy();
    else if (!res.destroyed) sendProblem(res, problem, requestId);
  };
}
