/** Of one hop or of the body's framing; another value would let a template speak for the connection (EXT-6). */
const OF_THE_CONNECTION = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'content-encoding',
  'accept-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
  'expect',
  'http2-settings',
]);

/** Ours: who calls, and by what receivers tell repeats and forgeries. */
const OURS = /^(authorization|idempotency-key|webhook-.*|proxy-.*)$/;

export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

/** Whether a builder may set it. */
export function mayBeSent(name: string): boolean {
  const lower = name.toLowerCase();
  return !OF_THE_CONNECTION.has(lower) && !OURS.test(lower);
}
