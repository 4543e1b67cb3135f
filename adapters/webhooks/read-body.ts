import type { EgressAnswer } from '../egress/exchange.ts';

/** What is kept of an answer (EXT-5). */
export const MOST_RESPONSE_BYTES = 65_536;

/** Shorter ones would be found in any text. */
const SHORTEST_SECRET = 6;

/**
 * An answer's text as far as the cap. Compressed bytes are not unpacked, since a few of them can be gigabytes: such a
 * body counts as cut off at its start. What the receiver repeats of our secret is taken out.
 */
export function readBody(answer: EgressAnswer, secret: string | null): { body: string; truncated: boolean } {
  const encoding = String(answer.headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase();
  if (encoding !== '' && encoding !== 'identity') return { body: '', truncated: true };
  const read = answer.body.subarray(0, readLimit(secret));
  // A character that the cap has cut in two is left out.
  const text = new TextDecoder().decode(read, { stream: answer.truncated });
  const clean = secret === null || secret.length < SHORTEST_SECRET ? text : without(text, secret);
  const body = new TextDecoder().decode(Buffer.from(clean).subarray(0, MOST_RESPONSE_BYTES), {
    stream: true,
  });
  return { body, truncated: answer.truncated || body.length < clean.length };
}

/** So many more bytes are read that a secret which begins before the cap is seen whole. */
export function readLimit(secret: string | null): number {
  return MOST_RESPONSE_BYTES + (secret === null ? 0 : Buffer.byteLength(inJson(secret)));
}

function without(text: string, secret: string): string {
  return text.replaceAll(secret, '[redacted]').replaceAll(inJson(secret), '[redacted]');
}

function inJson(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}
