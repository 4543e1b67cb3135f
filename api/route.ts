import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Role } from '../domain/role.ts';
import type { Gateway } from './gateway.ts';
import type { Caller } from './ports.ts';

/** Which role a caller needs who has a key or a session; `holder`: whichever it is. */
export type Needed = Role | 'holder';

/**
 * Who may use a route: a role (by API key or session), or the outside world on its own terms. `signature` and
 * `visitor` are checked by the route itself, since only it knows the channel's rule.
 */
export type Who = Needed | 'signature' | 'visitor' | 'anyone';

/** A call by a program with a key: checked, parsed and answered in JSON by the app. */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  summary: string;
  params?: Params;
  query?: Query;
  body?: Body;
  /** The status of success and its body. */
  status: 200 | 201 | 202;
  answer: Answer;
  /** 202 in place of it where the answer tells of something that is still under way. */
  isUnderWay?(answer: z.input<Answer>): boolean;
  /** Statuses beside those that follow from the schemas. */
  also?: readonly (404 | 409 | 410)[];
  /** False where the request brings an id of its own; every other POST takes an Idempotency-Key. */
  idempotencyKey?: false;
  /** The answer holds a secret: it is sealed before it is remembered for a repeated request. */
  secretAnswer?: true;
  /** Of a success. */
  headers?(gateway: Gateway): Readonly<Record<string, string>>;
  run(
    asked: Asked<z.output<Params>, z.output<Query>, z.output<Body>>,
    gateway: Gateway,
  ): Promise<z.input<Answer>>;
}

export interface Asked<Params, Query, Body> {
  caller: Caller;
  params: Params;
  query: Query;
  body: Body;
}

/** A call that is not JSON for a key's holder: webhooks, pages, streams. It writes its own answer. */
export interface OpenOperation<Params extends z.ZodType = z.ZodType> {
  summary: string;
  params?: Params;
  /** Only described: the operation reads its body itself. */
  body?: z.ZodType;
  answers: Readonly<Record<number, { type: string; schema?: z.ZodType; description: string }>>;
  /** Answers besides those, as problem+json. */
  problems?: readonly (400 | 401 | 403 | 404 | 413 | 415 | 422 | 429 | 503)[];
  serve(request: Opened<z.output<Params>>, gateway: Gateway): Promise<void>;
}

export interface Opened<Params> {
  req: Request;
  res: Response;
  params: Params;
  requestId: string;
}

/**
 * A call of a key's holder whose answer goes on. Whether the key may is asked before, and again while it is open;
 * the operation writes the answer itself.
 */
export interface StreamOperation<Params extends z.ZodType = z.ZodType> extends Omit<
  OpenOperation<Params>,
  'serve' | 'body'
> {
  serve(request: Opened<z.output<Params>> & { caller: Caller }, gateway: Gateway): Promise<void>;
}

export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

interface Place {
  method: Method;
  /** With `{name}` for a parameter. */
  path: string;
}

export type Route =
  | (Place & { who: Needed; operation: Operation; stream?: undefined; open?: undefined })
  | (Place & { who: Role; stream: StreamOperation; operation?: undefined; open?: undefined })
  | (Place & {
      who: 'signature' | 'visitor' | 'anyone';
      open: OpenOperation;
      operation?: undefined;
      stream?: undefined;
    });

/** One line of the table. There is no way to leave out who may use it. */
export function route(method: Method, path: string, who: Needed, operation: Operation): Route;
export function route(
  method: Method,
  path: string,
  who: 'signature' | 'visitor' | 'anyone',
  open: OpenOperation,
): Route;
export function route(method: Method, path: string, who: Who, does: Operation | OpenOperation): Route {
  return { method, path, who, ...('run' in does ? { operation: does } : { open: does }) } as Route;
}

/** The same for an answer that goes on. */
export function streamRoute(path: string, who: Role, stream: StreamOperation): Route {
  return { method: 'get', path, who, stream };
}

/** Ties an operation's schemas to its handler's types. */
export function operation<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(definition: Operation<Params, Query, Body, Answer>): Operation {
  return definition as unknown as Operation;
}

export function openOperation<Params extends z.ZodType>(definition: OpenOperation<Params>): OpenOperation {
  return definition as unknown as OpenOperation;
}

export function streamOperation<Params extends z.ZodType>(
  definition: StreamOperation<Params>,
): StreamOperation {
  return definition as unknown as StreamOperation;
}

/** `/v1/agents/{id}` as Express spells it. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{([a-z_]+)\}/g, ':$1');
}
