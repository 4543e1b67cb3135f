import type { FetchedMedia } from '../../activities/ports.ts';
import { LARGEST_FILE } from '../../domain/media.ts';
import type { MediaRefusal } from '../../domain/media.ts';
import { EgressFailure } from './egress-failure.ts';
import type { Egress } from './egress.ts';
import type { EgressAnswer } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';

export interface DownloadParts {
  egress: Egress;
  clock: { now(): Date };
  /** For one file, from name look-up to its last byte. */
  timeoutMs: number;
}

/** The bytes under an address, as they come: nothing is unpacked, no redirect followed, no more read than is kept. */
export async function download(
  { egress, clock, timeoutMs }: DownloadParts,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<FetchedMedia> {
  const answer = await ask(
    () =>
      egress.request({
        method: 'GET',
        url,
        headers: { 'user-agent': 'Parley/1', ...headers },
        timeoutMs,
        maxResponseBytes: LARGEST_FILE,
        signal,
      }),
    clock.now(),
  );
  if (!('body' in answer)) return answer;
  if (answer.truncated) return refused('too_large');
  const encoding = one(answer.headers['content-encoding']) ?? 'identity';
  // We asked for it as it is. What is packed all the same may be of any size.
  if (encoding !== 'identity') return refused('wrong_type');
  return { kind: 'fetched', bytes: answer.body, claimedType: one(answer.headers['content-type']) };
}

type NotFetched = Exclude<FetchedMedia, { kind: 'fetched' }>;

/**
 * A 2xx answer, or what anything else means for the file.
 * @param judge what the provider says in its own way of an answer that is none; null: what its status says
 */
export async function ask(
  request: () => Promise<EgressAnswer>,
  now: Date,
  judge: (answer: EgressAnswer) => NotFetched | null = () => null,
): Promise<EgressAnswer | NotFetched> {
  let answer: EgressAnswer;
  try {
    answer = await request();
  } catch (error) {
    if (error instanceof EgressFailure) return meaningOfFailure(error);
    throw error;
  }
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return answer;
  const judged = judge(answer);
  if (judged !== null) return judged;
  if (status === 404 || status === 410) return refused('gone');
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const afterMs = retryAfterMs(headers['retry-after'], now);
    return { kind: 'try_again', afterMs, code: `http_${status}` };
  }
  // A redirect leads to somebody else, as a rule to a page to log in.
  return refused(status === 401 || status === 403 || status < 400 ? 'forbidden' : 'unavailable');
}

export function refused(refusal: MediaRefusal): Extract<FetchedMedia, { kind: 'refused' }> {
  return { kind: 'refused', refusal };
}

function meaningOfFailure(failure: EgressFailure): NotFetched {
  if (failure.code === 'blocked_destination' || failure.code === 'bad_url') return refused('blocked');
  if (failure.code === 'bad_request') return refused('forbidden');
  return { kind: 'try_again', afterMs: null, code: failure.code };
}

function one(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}
