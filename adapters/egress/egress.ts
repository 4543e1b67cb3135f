import dns from 'node:dns';
import { Agent, buildConnector, Pool } from 'undici';
import { readAllowList } from './allow-list.ts';
import { judgeDestination } from './destination.ts';
import { EgressFailure } from './egress-failure.ts';
import { exchange } from './exchange.ts';
import type { EgressAnswer } from './exchange.ts';
import { guardLookup } from './guarded-lookup.ts';
import type { Lookup } from './guarded-lookup.ts';

export interface EgressRequest {
  method: string;
  url: string;
  /** Names in lower case. Those that frame the message or name its receiver are ours to set and refused. */
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** For the whole exchange, name look-up and body included. */
  timeoutMs: number;
  maxResponseBytes: number;
  signal?: AbortSignal;
}

/** The one way out over HTTP to addresses that tenants choose (EXT-6). */
export interface Egress {
  /**
   * Resolves for every answer, whatever its status; redirects are not followed.
   * @throws EgressFailure, which says whether the request may have reached the other side.
   */
  request(request: EgressRequest): Promise<EgressAnswer>;
  /** Waits for calls that are under way, then closes the idle connections. */
  close(): Promise<void>;
}

/** Connections per origin; more calls wait in line under their own deadlines. */
const CONNECTIONS = 64;
const CONNECT_TIMEOUT_MS = 5000;

/** The framing and the routing of the message: set by us, or a tenant could smuggle a second request or host. */
const OUR_HEADERS =
  /^(host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*)$/i;

/**
 * Opens the way out. `allow` names what may be called besides https on 443 to public addresses (`readAllowList`).
 * Connections are kept per origin for a few seconds and were checked when they were made.
 */
export function openEgress(options: { allow: readonly string[]; lookup?: Lookup }): Egress {
  const allowed = readAllowList(options.allow);
  const lookup: Lookup = options.lookup ?? dns.lookup;
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    // One deadline covers all (`exchange`); the client's own timers would only compete with it.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: (origin, poolOptions) => {
      const { mayConnect } = judgeDestination(String(origin), allowed);
      const guarded = guardLookup(lookup, mayConnect);
      const connect = buildConnector({
        lookup: guarded,
        timeout: CONNECT_TIMEOUT_MS,
        allowH2: false,
      } as object);
      return new Pool(origin, { ...poolOptions, connect });
    },
  });
  return {
    async request(request) {
      const { origin, path } = judgeDestination(request.url, allowed);
      const headers: Record<string, string> = { 'accept-encoding': 'identity' };
      for (const [name, value] of Object.entries(request.headers ?? {})) {
        if (OUR_HEADERS.test(name)) throw new EgressFailure('bad_request', 'header');
        headers[name] = value;
      }
      return exchange(agent, {
        origin,
        path,
        method: request.method,
        headers,
        body: request.body ?? null,
        timeoutMs: request.timeoutMs,
        maxResponseBytes: request.maxResponseBytes,
        signal: request.signal,
      });
    },
    close: () => agent.close(),
  };
}
