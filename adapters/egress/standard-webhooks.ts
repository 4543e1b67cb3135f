import { createHmac } from 'node:crypto';

/**
 * Keys from a `signing_secret` setting: one `whsec_` secret, or several with spaces between while they are
 * rotated. Null where there is none or one cannot be decoded; a message is then not sent rather than sent unsigned.
 */
export function readSigningKeys(setting: string | undefined): Buffer[] | null {
  const keys = (setting ?? '').split(/\s+/).filter(Boolean).map(decode);
  return keys.length > 0 && keys.every((key) => key.length > 0) ? keys : null;
}

/**
 * The headers of Standard Webhooks: `id` stays the same over repeats, the timestamp is the attempt's, and each key
 * adds a signature over `id.timestamp.body`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signWebhook(
  id: string,
  at: Date,
  body: string,
  keys: readonly Buffer[],
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

function decode(secret: string): Buffer {
  const encoded = secret.replace(/^whsec_/, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64') : Buffer.alloc(0);
}
