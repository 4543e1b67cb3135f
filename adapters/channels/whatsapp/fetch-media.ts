import { LARGEST_FILE } from '../../../domain/media.ts';
import type { EgressAnswer } from '../../egress/exchange.ts';
import { ask, download, refused } from '../../egress/download.ts';
import type { DownloadParts } from '../../egress/download.ts';
import { retryAfterMs } from '../../egress/retry-after.ts';
import type { Fetcher } from '../fetcher.ts';
import { outcomeOfRefusal } from './graph-error.ts';
import { GRAPH_VERSION } from './graph-version.ts';
import { asNumber, asObject, asText, parseJson } from './loose-json.ts';

const MAX_ANSWER_BYTES = 65_536;

/** Meta's code for an object that is not there, or that the token may not see; its HTTP status is 400. */
const NO_SUCH_OBJECT = 100;

/** Meta's own places for files. */
const META = /(^|\.)(fbsbx\.com|fbcdn\.net|facebook\.com|whatsapp\.net)$/;

/**
 * The media id gives an address that lives for five minutes; both take the integration's token. So each try asks for a new
 * address.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
 */
export function whatsappFetcher(parts: DownloadParts & { graphUrl: string }): Fetcher {
  const { egress, graphUrl, clock, timeoutMs } = parts;
  return async ({ mediaId }, { secrets }, signal) => {
    const token = secrets['access_token'];
    if (mediaId === undefined) return refused('gone');
    if (!token) return refused('forbidden');
    const authorization = `Bearer ${token}`;
    const described = await ask(
      () =>
        egress.request({
          method: 'GET',
          url: `${graphUrl}/${GRAPH_VERSION}/${encodeURIComponent(mediaId)}`,
          headers: { authorization, 'user-agent': 'Parley/1' },
          timeoutMs,
          maxResponseBytes: MAX_ANSWER_BYTES,
          signal,
        }),
      clock.now(),
      (answer) => judged(answer, clock.now()),
    );
    if (!('body' in described)) return described;
    const media = asObject(parseJson(described.body)) ?? {};
    if ((asNumber(media['file_size']) ?? 0) > LARGEST_FILE) return refused('too_large');
    const url = asText(media['url']);
    if (url === null) return { kind: 'try_again', afterMs: null, code: 'answer_unreadable' };
    // The token is for Meta alone, whatever an answer names.
    if (!isMetas(url, graphUrl)) return refused('forbidden');
    const fetched = await download(parts, url, { authorization }, signal);
    return fetched.kind === 'fetched'
      ? { ...fetched, claimedType: asText(media['mime_type']) ?? fetched.claimedType }
      : fetched;
  };
}

function isMetas(url: string, graphUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname } = new URL(url);
  return origin === new URL(graphUrl).origin || (protocol === 'https:' && META.test(hostname));
}

/** Meta's codes say more than its statuses: a limit may come as a 400. */
function judged({ status, headers, body }: EgressAnswer, now: Date) {
  const code = asNumber(asObject(asObject(parseJson(body))?.['error'])?.['code']);
  if (code === NO_SUCH_OBJECT) return refused('gone');
  const afterMs = retryAfterMs(headers['retry-after'], now);
  const outcome = outcomeOfRefusal({ status, body, afterMs, attempt: 1 });
  return outcome.kind === 'try_again' ? { kind: outcome.kind, afterMs, code: outcome.code } : null;
}
