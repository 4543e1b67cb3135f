import type { Clock, Crm, CrmAnswer, CrmRequest } from '../../activities/ports.ts';
import { EgressFailure } from '../egress/egress-failure.ts';
import { openEgress } from '../egress/egress.ts';
import type { CompanyTokens, Refreshed } from '../postgres/company-token.ts';
import { readAnswer, readFailure } from './read-answer.ts';
import { refreshToken } from './refresh-token.ts';

const MAX_ANSWER_BYTES = 262_144;
/** Others wait in Postgres for as long; the store's own patience is a little longer. */
const REFRESH_TIMEOUT_MS = 5_000;

/** What a request says about who asks: the token's version tells which one the CRM refused. */
type Access = { kind: 'token'; token: string; version: number } | { kind: 'key'; key: string };

/**
 * The Qontak CRM (ACT-2). Takes at most twice the request's `timeoutMs` and, where the token is refreshed between
 * the two, 12 s more; the signal ends it earlier, without ending a refresh that others wait for.
 * `baseUrl` null: nobody is connected. `apiKey` serves an installation of one organisation without a stored token.
 */
export function openCrm(options: {
  baseUrl: string | null;
  apiKey: string | null;
  tokens: CompanyTokens;
  clock: Clock;
  /** Shorter in tests. */
  refreshTimeoutMs?: number;
}): Crm & { close(): Promise<void> } {
  const { apiKey, tokens, clock, refreshTimeoutMs = REFRESH_TIMEOUT_MS } = options;
  const base = options.baseUrl?.replace(/\/+$/, '') ?? null;
  // A way out of its own: the CRM's address is the operator's choice and may be private, but opening it on the way
  // out that tenants use would let their external actions reach it too.
  const egress = openEgress({ allow: base === null ? [] : [hostAndPort(base)] });
  const refreshing = new Map<string, Promise<Refreshed>>();

  const keyServes = async (organisationId: string) =>
    apiKey !== null && (await tokens.isOnlyOrganisation(organisationId)) ? apiKey : null;

  async function accessOf(organisationId: string): Promise<Access | null> {
    const stored = await tokens.read(organisationId);
    if (stored !== null) return { kind: 'token', ...stored };
    const key = await keyServes(organisationId);
    return key === null ? null : { kind: 'key', key };
  }

  async function send(
    url: string,
    { method, headers, body, timeoutMs }: CrmRequest,
    access: Access,
    signal: AbortSignal,
  ): Promise<CrmAnswer> {
    try {
      const answer = await egress.request({
        method,
        url,
        headers: {
          ...lowerCase(headers ?? {}),
          accept: 'application/json',
          'user-agent': 'Parley/1',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...authorisation(access),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs,
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return readAnswer(answer, [access.kind === 'token' ? access.token : access.key], clock.now());
    } catch (error) {
      if (error instanceof EgressFailure) return readFailure(error, clock.now());
      throw error;
    }
  }

  /** However many calls meet the same refused token, one of this process waits in Postgres for the new one. */
  function refresh(crmBase: string, organisationId: string, version: number): Promise<Refreshed> {
    const name = `${organisationId} ${version}`;
    const underWay = refreshing.get(name);
    if (underWay !== undefined) return underWay;
    const begin = async () => {
      const key = await keyServes(organisationId);
      const exchange = (token: string) => {
        const old = authorisation({ kind: 'token', token, version });
        const both = key === null ? old : { ...old, ...authorisation({ kind: 'key', key }) };
        return refreshToken(egress, crmBase, both, refreshTimeoutMs);
      };
      return tokens.refresh(organisationId, version, exchange, clock.now());
    };
    const started = begin().finally(() => refreshing.delete(name));
    // Everybody who waits may have been aborted by the time it fails.
    started.catch(() => undefined);
    refreshing.set(name, started);
    return started;
  }

  return {
    async request(organisationId, request, signal) {
      if (base === null) return { kind: 'not_connected' };
      const url = addressOf(base, request);
      if (url === null) return { kind: 'nothing_sent', code: 'bad_path' };
      const access = await accessOf(organisationId);
      if (access === null) return { kind: 'not_connected' };

      const answer = await send(url, request, access, signal);
      if (!isRefusal(answer) || access.kind === 'key') return answer;
      const renewed = await unlessAborted(refresh(base, organisationId, access.version), signal);
      if (renewed === 'aborted') return { kind: 'nothing_sent', code: 'aborted' };
      if (renewed.kind !== 'fresh') return answer;
      const again = await send(url, request, { ...renewed, kind: 'token' }, signal);
      if (isRefusal(again)) await tokens.markRefused(organisationId, renewed.version, clock.now());
      return again;
    },

    async isConnected(organisationId) {
      if (base === null) return false;
      return (await tokens.isStored(organisationId)) || (await keyServes(organisationId)) !== null;
    },

    close: () => egress.close(),
  };
}

function authorisation(access: Access): Record<string, string> {
  return access.kind === 'token'
    ? { authorization: `Bearer ${access.token}` }
    : { 'x-crm-api-key': access.key };
}

/** So that a caller's header can never stand beside one of ours under another spelling. */
function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function isRefusal(answer: CrmAnswer): boolean {
  return answer.kind === 'rejected' && answer.status === 401;
}

/** Null for a path that would leave its place, as `/deals/..` does: ids come from records and messages. */
function addressOf(base: string, { path, query }: CrmRequest): string | null {
  const url = `${base}${path}`;
  if (!path.startsWith('/') || !URL.canParse(url)) return null;
  const parsed = new URL(url);
  if (`${parsed.origin}${parsed.pathname}` !== `${new URL(base).href.replace(/\/+$/, '')}${path}`)
    return null;
  const search = new URLSearchParams(query).toString();
  return search === '' ? url : `${url}?${search}`;
}

function hostAndPort(base: string): string {
  const { hostname, port, protocol } = new URL(base);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) return 'aborted';
  const { promise, resolve } = Promise.withResolvers<'aborted'>();
  const onAbort = () => resolve('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
