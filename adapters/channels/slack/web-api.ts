import { ErrorCode, WebClient } from '@slack/web-api';
import type { FetchFunction, Logger } from '@slack/web-api';
import type { Egress } from '../../egress/egress.ts';
import { EgressFailure } from '../../egress/egress-failure.ts';
import type { EgressAnswer } from '../../egress/exchange.ts';
import { asObject } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';
import { troubleOf } from './web-api-trouble.ts';
import type { Trouble } from './web-api-trouble.ts';

const MAX_ANSWER_BYTES = 262_144;

/** The methods we call; each needs the bot scope `chat:write`, the last `im:write`. */
export type Method = 'chat.postMessage' | 'chat.update' | 'conversations.open';

export type WebApiAnswer = { kind: 'ok'; body: JsonObject } | Trouble;

/** One call of Slack's Web API. Resolves for whatever Slack or the network does. */
export type WebApi = (
  method: Method,
  args: Record<string, unknown>,
  caller: { token: string; signal: AbortSignal },
) => Promise<WebApiAnswer>;

/**
 * Slack's own client over our way out, which knows deadlines, sizes and whether a request may have arrived. The client's
 * retries and its waiting out of rate limits are off: the workflow waits, where an engineer can see it.
 */
export function openWebApi(parts: { egress: Egress; apiUrl: string; timeoutMs: number }): WebApi {
  return async (method, args, { token, signal }) => {
    let status: number | null = null;
    const fetch: FetchFunction = async (url, init) => {
      const answer = await parts.egress.request({
        method: 'POST',
        url: String(url),
        headers: inLowerCase(init?.headers ?? {}),
        body: typeof init?.body === 'string' ? init.body : '',
        timeoutMs: parts.timeoutMs,
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal,
      });
      status = answer.status;
      return asResponse(String(url), answer);
    };
    // A client for each call, because it takes its way out only when it is made; it holds no connection of its own.
    const client = new WebClient(token, {
      slackApiUrl: `${parts.apiUrl}/`,
      fetch,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      logger: SILENT,
    });
    try {
      return { kind: 'ok', body: asObject(await client.apiCall(method, args)) ?? {} };
    } catch (error) {
      return troubleOf(seenIn(error, status));
    }
  };
}

/** What is known of a call that brought no `ok`, whichever of the client's errors says it. */
function seenIn(error: unknown, status: number | null): Parameters<typeof troubleOf>[0] {
  const { code, original, data, retryAfter } = error as {
    code?: unknown;
    original?: unknown;
    data?: unknown;
    retryAfter?: unknown;
  };
  if (original instanceof EgressFailure) return { failure: original };
  const afterMs = typeof retryAfter === 'number' ? retryAfter * 1000 : null;
  const named = code === ErrorCode.PlatformError ? asObject(data)?.['error'] : null;
  // Without a status nothing of ours or the network's was met: it is a defect, and hides nowhere.
  if (status === null) throw error;
  return { status, error: typeof named === 'string' ? named : null, afterMs };
}

function asResponse(
  url: string,
  { status, headers, body }: EgressAnswer,
): Awaited<ReturnType<FetchFunction>> {
  const single = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  const byName = new Map(single);
  const text = () => Promise.resolve(body.toString('utf8'));
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText: '',
    url,
    headers: { get: (name) => byName.get(name.toLowerCase()) ?? null, entries: () => byName.entries() },
    arrayBuffer: () => Promise.resolve(Uint8Array.from(body).buffer),
    json: async () => JSON.parse(await text()) as unknown,
    text,
  };
}

function inLowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The client would write what it sends, customers' words included, to the console. */
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  setName: () => undefined,
  getLevel: () => 'error',
} as unknown as Logger;
