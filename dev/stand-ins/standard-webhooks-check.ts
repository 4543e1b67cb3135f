import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export type SignatureVerdict = 'valid' | 'invalid' | 'stale' | 'absent' | 'unchecked';

const TOLERANCE_S = 5 * 60;

/**
 * Checks the `webhook-*` headers over the raw body as the Standard Webhooks specification says (symmetric `v1`,
 * several signatures allowed, five minutes either way). Without a secret nothing is checked.
 */
export function checkSignature(secret: string, headers: IncomingHttpHeaders, body: Buffer): SignatureVerdict {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers;
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signatures !== 'string') return 'absent';
  if (secret === '') return 'unchecked';
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  const matches = signatures.split(' ').some((signature) => {
    const [version, value = ''] = signature.split(',');
    const given = Buffer.from(value, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!matches) return 'invalid';
  const seconds = Math.abs(Date.now() / 1000 - Number(time));
  return seconds <= TOLERANCE_S ? 'valid' : 'stale';
}
