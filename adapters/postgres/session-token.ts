import { createHmac, randomBytes } from 'node:crypto';
import { hashSecret } from './api-key.ts';

/** `<token id>_<secret>`, like a key: the id is looked up, the secret is 256 random bits and only hashed. */
const FORMAT = /^([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export function newSessionToken(): { token: string; tokenId: string; secret: string; secretHash: Buffer } {
  const tokenId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { token: `${tokenId}_${secret}`, tokenId, secret, secretHash: hashSecret(secret) };
}

/** Null: not a token of ours, whatever it is. */
export function parseSessionToken(token: string): { tokenId: string; secret: string } | null {
  const [, tokenId, secret] = FORMAT.exec(token) ?? [];
  return tokenId === undefined || secret === undefined ? null : { tokenId, secret };
}

/** Told to the page that signed in. It follows from the cookie, which no page can read, and not the other way round. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}
